"""scikit-learn's own checks of estimators."""

import pytest

pytest.importorskip("sklearn", minversion="1.9")

from sklearn.utils.estimator_checks import parametrize_with_checks

from wasm_ml.ensemble import RandomForestClassifier, RandomForestRegressor

# What scikit-learn lists for its own forests: weights and repeated rows draw differently.
NOT_EQUIVALENT = "sample_weight is not equivalent to removing/repeating samples."


def expected_failures(estimator):
    if estimator.bootstrap:
        return {"check_sample_weight_equivalence_on_dense_data": NOT_EQUIVALENT}
    return {}


@pytest.mark.filterwarnings("ignore::UserWarning")
@parametrize_with_checks(
    [
        RandomForestClassifier(n_estimators=5),
        RandomForestRegressor(n_estimators=5),
        RandomForestClassifier(n_estimators=5, bootstrap=False),
        RandomForestRegressor(n_estimators=5, bootstrap=False),
        RandomForestClassifier(n_estimators=5, class_weight="balanced_subsample", oob_score=True, max_samples=15),
        RandomForestRegressor(n_estimators=5, keep_targets=True, max_features="sqrt", min_samples_leaf=2),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
