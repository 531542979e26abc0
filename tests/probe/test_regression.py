"""The regression of a probe: scikit-learn's, as a layer that takes raw features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from artstyle.confidence.temperature import probabilities
from artstyle.data.loading import Labels
from artstyle.probe.regression import CANDIDATES, Features, choose_c, fit_head, fit_separate_heads


def cloud(styles: int, images: int = 90, seed: int = 0) -> tuple[Features, Labels]:
    """Return features that overlap between styles, of unequal mean and spread, and labels."""
    rng = np.random.default_rng(seed)
    labels_N = rng.permutation(np.arange(images) % styles)
    centres_CF = rng.normal(size=(styles, 12))
    features_NF = rng.normal(size=(images, 12)) + 0.7 * centres_CF[labels_N]
    return (features_NF * np.geomspace(0.01, 50, 12) + 3).astype(np.float32), labels_N


def reference(c: float, class_weight: str | None = "balanced") -> Pipeline:
    return make_pipeline(
        StandardScaler(),
        LogisticRegression(C=c, class_weight=class_weight, max_iter=2000, tol=1e-8),
    )


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("styles", [2, 5])
def test_the_layer_answers_as_scikit_learn_does_on_standardised_features(
    styles: int, balanced: bool
) -> None:
    features_NF, labels_N = cloud(styles)
    labels_N[labels_N == 0] = np.where(np.arange((labels_N == 0).sum()) % 2, 0, 1)  # unequal sizes
    head = fit_head(features_NF, labels_N, styles, 0.01, balanced=balanced)
    theirs = reference(0.01, "balanced" if balanced else None)
    theirs.fit(features_NF.astype(np.float64), labels_N)
    # Both stop where further updates gain less than a small share, ours in single precision.
    np.testing.assert_allclose(
        probabilities(head.logits(features_NF), None), theirs.predict_proba(features_NF), atol=2e-3
    )


def test_a_style_without_an_image_is_never_answered_and_a_constant_feature_does_not_count() -> None:
    features_NF, labels_N = cloud(3)
    features_NF[:, 4] = 7
    head = fit_head(features_NF, labels_N + 1, 5, 0.1, balanced=True)
    probabilities_NC = probabilities(head.logits(features_NF), None)
    assert probabilities_NC[:, [0, 4]].max() < 1e-30
    assert np.isfinite(head.weight_CF).all()
    assert not head.weight_CF[:, 4].any()


def test_equal_features_give_equal_bits() -> None:
    features_NF, labels_N = cloud(4)
    one, other = (fit_head(features_NF, labels_N, 4, 0.03, balanced=True) for _ in range(2))
    assert one.weight_CF.tobytes() == other.weight_CF.tobytes()
    assert one.bias_C.tobytes() == other.bias_C.tobytes()


def test_c_is_the_one_with_the_lowest_log_loss_on_groups_held_out() -> None:
    features_NF, labels_N = cloud(4, images=120, seed=3)
    groups_N = [f"artist {n}" for n in np.random.default_rng(1).integers(0, 30, 120)]
    chosen = choose_c(features_NF, labels_N, groups_N, balanced=True, seed=42)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=42)
    theirs = {}
    for c in CANDIDATES:
        probabilities_NC = cross_val_predict(
            reference(c), features_NF, labels_N, groups=groups_N, cv=folds, method="predict_proba"
        )
        theirs[c] = log_loss(labels_N, probabilities_NC)
    assert chosen.losses == pytest.approx(theirs, abs=2e-3)
    assert chosen.c == min(theirs, key=theirs.__getitem__)
    assert chosen.folds == 5


def test_what_cannot_be_divided_gets_the_usual_c() -> None:
    features_NF, labels_N = cloud(2, images=20)
    same = ["one artist"] * 20
    chosen = choose_c(features_NF, labels_N, same, balanced=True, seed=0)
    assert (chosen.c, chosen.folds, dict(chosen.losses)) == (0.003, 0, {})


def test_a_style_by_one_group_does_not_stop_the_choice() -> None:
    features_NF, labels_N = cloud(3, images=60)
    groups_N = ["alone" if label == 2 else f"g{n % 9}" for n, label in enumerate(labels_N)]
    chosen = choose_c(features_NF, labels_N, groups_N, balanced=True, seed=0)
    # The pictures of style 2 are held out together and cannot be answered: they do not count.
    assert chosen.folds == 5
    assert min(chosen.losses.values()) < np.log(3)


def test_separate_labels_are_fitted_one_against_the_rest() -> None:
    rng = np.random.default_rng(3)
    features_NF = rng.normal(2, 3, (80, 5)).astype(np.float32)
    truth_NC = features_NF @ rng.normal(size=(5, 4)) + rng.normal(0, 2, (80, 4)) > 3
    truth_NC[:, 2], truth_NC[:, 3] = False, True
    head = fit_separate_heads(features_NF, truth_NC, 0.5, balanced=False)
    standard_NF = StandardScaler().fit_transform(features_NF)
    reference = OneVsRestClassifier(LogisticRegression(C=0.5, max_iter=2000))
    expected_NC = reference.fit(standard_NF, truth_NC[:, :2]).decision_function(standard_NF)
    # Two solvers' last steps.
    np.testing.assert_allclose(head.logits(features_NF)[:, :2], expected_NC, atol=2e-3)
    assert (head.logits(features_NF)[:, 2:] == [-100, 100]).all()
