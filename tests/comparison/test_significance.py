"""McNemar's test and Holm's correction, against statsmodels and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from artstyle.comparison.significance import holm, mcnemar_p


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_p_value_is_that_of_statsmodels(pairs: list[tuple[bool, bool]]) -> None:
    one_N, other_N = np.array(pairs).T
    table = [[sum(p == (a, b) for p in pairs) for b in (True, False)] for a in (True, False)]
    assert mcnemar_p(one_N, other_N) == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_five_pictures_won_and_none_lost_is_two_in_thirty_two() -> None:
    none_N = np.zeros(9, dtype=np.bool_)
    five_N = np.arange(9) < 5
    assert mcnemar_p(none_N, five_N) == pytest.approx(2 / 32)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_corrected_p_values_are_those_of_statsmodels(p_values: list[float]) -> None:
    theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(theirs.tolist())
