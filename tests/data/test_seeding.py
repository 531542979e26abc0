"""Seeds keep their values: those of every dataset folder and run that exists."""

from artstyle.data.seeding import derived_rng, derived_seed


def test_derived_seeds_have_the_values_of_earlier_versions() -> None:
    assert derived_seed(42, "order", 0) == 1186917750850176449
    assert derived_seed(1, "draw", 3, 7) == 8902393291149131770


def test_derived_generators_have_the_values_of_earlier_versions() -> None:
    assert derived_rng(42, "split", "Cubism").integers(2**62) == 3932387602647492898
    assert derived_rng(0, "x\udcff").integers(2**62) == 2116722720206185988
