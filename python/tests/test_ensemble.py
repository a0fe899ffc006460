"""The estimators against scikit-learn's forests."""

import inspect
import os
import pickle
import signal
import threading
import time
import warnings

import joblib
import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import config_context, datasets, ensemble
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import wasm_ml
from wasm_ml import ensemble as ours
from wasm_ml._draws import out_of_bag
from wasm_ml._labels import labels_from_texts
from wasm_ml.ensemble import RandomForestClassifier, RandomForestRegressor

OURS = {"classifier": RandomForestClassifier, "regressor": RandomForestRegressor}
THEIRS = {"classifier": ensemble.RandomForestClassifier, "regressor": ensemble.RandomForestRegressor}
pytestmark = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB", "ignore:the matrix subclass")
BOTH = pytest.mark.parametrize("kind", ["classifier", "regressor"])
OWN_PARAMETERS = ["backend", "device", "max_gpu_memory", "timeout", "keep_targets"]


def data(kind, n_rows=200, n_classes=3):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(n_rows, 6))
    clean = 2 * X[:, 0] + X[:, 1] * X[:, 2]
    noisy = clean + rng.normal(scale=0.3, size=n_rows)
    if kind == "regressor":
        return X, noisy
    return X, np.searchsorted(np.quantile(clean, np.arange(1, n_classes) / n_classes), noisy)


def fitted(kind, **parameters):
    X, y = data(kind)
    return OURS[kind](**{"n_estimators": 10, "random_state": 0, **parameters}).fit(X, y), X, y


def outputs(estimator, X):
    return estimator.predict_proba(X) if is_classifier(estimator) else estimator.predict(X)


# -- Parameters


@BOTH
def test_parameters_are_scikit_learns(kind):
    own = list(inspect.signature(OURS[kind]).parameters.values())
    theirs = list(inspect.signature(THEIRS[kind]).parameters.values())
    assert [(p.name, p.kind, p.default) for p in own[: len(theirs)]] == [(p.name, p.kind, p.default) for p in theirs]
    assert [p.name for p in own[len(theirs) :]] == OWN_PARAMETERS[: 5 if kind == "regressor" else 4]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in own[1:])


@BOTH
@pytest.mark.parametrize(
    "parameters",
    [
        {"criterion": "poisson"},
        {"max_leaf_nodes": 5},
        {"ccp_alpha": 0.1},
        {"monotonic_cst": [1, 0, 0, 0, 0, 0]},
    ],
)
def test_what_is_not_supported_is_named(kind, parameters):
    X, y = data(kind)
    ((name, value),) = parameters.items()
    if kind == "classifier" and name == "criterion":
        value = "entropy"
    with pytest.raises(ValueError, match=name) as caught:
        OURS[kind](**{name: value}).fit(X, y)
    assert repr(value) in str(caught.value)


@BOTH
@pytest.mark.parametrize(
    "parameters",
    [
        {"n_estimators": 0},
        {"n_estimators": 1.5},
        {"max_depth": 0},
        {"min_samples_split": 1},
        {"min_samples_leaf": 1.0},
        {"max_features": 0},
        {"max_features": "auto"},
        {"max_samples": 0},
        {"max_samples": 0.5, "bootstrap": False},
        {"oob_score": True, "bootstrap": False},
        {"backend": "abacus"},
        {"device": -1},
        {"max_gpu_memory": 0},
        {"timeout": 0},
        {"n_jobs": 0},
        {"random_state": -1},
    ],
)
def test_bad_parameters(kind, parameters):
    X, y = data(kind)
    estimator = OURS[kind](**{"n_estimators": 2, **parameters})
    with pytest.raises(ValueError):
        estimator.fit(X, y)
    assert not hasattr(estimator, "n_features_in_")


@BOTH
def test_bad_data_raises_as_scikit_learn_does(kind):
    X, y = data(kind)
    with_inf, huge = X.copy(), X.copy()
    with_inf[3, 1] = np.inf
    huge[3, 1] = 1e39
    objects = X.astype(object)
    objects[0, 0] = "text"
    nan_y = y.astype(float)
    nan_y[0] = np.nan
    cases = [
        (with_inf, y),
        (huge, y),
        (objects, y),
        (X + 1j, y),
        (X[:, 0], y),
        (X[:, :0], y),
        (X[:0], y[:0]),
        (X, y[:-1]),
        (X, nan_y),
        (X, None),
        (X[np.newaxis], y),
        (X, y, np.ones(3)),
        (X, y, np.arange(len(y)) - 5.0),
        (X, y, np.zeros(len(y))),
        (np.asmatrix(X), y),
        ([[1, 2], [3]], [0, 1]),
    ]
    for case in cases:
        raised = []
        for estimator in (OURS[kind](n_estimators=2), THEIRS[kind](n_estimators=2)):
            with warnings.catch_warnings(), pytest.raises((ValueError, TypeError)) as caught:
                warnings.simplefilter("ignore")
                estimator.fit(*case)
            raised.append(caught.type)
        assert raised[0] is raised[1] or issubclass(*raised), case

    estimator = OURS[kind](n_estimators=2).fit(X, y)
    for bad in (with_inf, huge, objects, X[:, :3], X[0], X[:0], X + 1j):
        with pytest.raises(ValueError):
            estimator.predict(bad)
    with_nan = X.copy()
    with_nan[5, 2] = np.nan
    estimator.predict(with_nan)
    with_nan[7, 2] = -np.inf
    with pytest.raises(ValueError, match="infinity"):
        estimator.predict(with_nan)


@BOTH
def test_sparse_data_is_refused(kind):
    sparse = pytest.importorskip("scipy.sparse")
    X, y = data(kind)
    with pytest.raises(TypeError, match="[Ss]parse"):
        OURS[kind]().fit(sparse.csr_matrix(X), y)
    with pytest.raises(TypeError, match="[Ss]parse"):
        OURS[kind](n_estimators=2).fit(X, y).predict(sparse.csr_matrix(X))


@BOTH
def test_targets_of_two_dimensions(kind):
    X, y = data(kind)
    with pytest.warns(DataConversionWarning):
        column = OURS[kind](n_estimators=3, random_state=0).fit(X, y[:, np.newaxis])
    np.testing.assert_array_equal(column.predict(X), OURS[kind](n_estimators=3, random_state=0).fit(X, y).predict(X))
    with pytest.raises(ValueError, match="several outputs"):
        OURS[kind]().fit(X, np.column_stack([y, y]))


def test_fractions_count_rows():
    X, y = data("regressor", 100)
    nodes = RandomForestRegressor(5, min_samples_leaf=0.095, bootstrap=False).fit(X, y).forest_.nodes()
    assert nodes["weight"][nodes["feature"] < 0].min() >= 10
    nodes = RandomForestRegressor(5, min_samples_split=0.495, bootstrap=False).fit(X, y).forest_.nodes()
    assert nodes["weight"][nodes["feature"] >= 0].min() >= 50


@BOTH
@pytest.mark.parametrize("bootstrap", [True, False])
def test_leaves_have_a_share_of_the_weight(kind, bootstrap):
    X, y = data(kind, 100)
    leaves = lambda forest: (lambda nodes: nodes["weight"][nodes["feature"] < 0])(forest.forest_.nodes())
    forest = OURS[kind](5, min_weight_fraction_leaf=0.095, bootstrap=bootstrap, random_state=0).fit(X, y)
    assert 10 <= leaves(forest).min() < 20
    weights = np.where(np.arange(100) < 50, 9.0, 1.0)
    forest.fit(X, y, sample_weight=weights)
    if bootstrap:
        assert 10 <= leaves(forest).min() < 20
        return
    # Without bootstrap a row weighs what it should, in units of the model's.
    total = leaves(forest).sum() / 5
    assert leaves(forest).min() >= 0.095 * total
    theirs = THEIRS[kind](1, min_weight_fraction_leaf=0.095, bootstrap=False, max_features=None).fit(X, y, weights)
    assert forest.forest_.n_nodes / 5 == pytest.approx(theirs.estimators_[0].tree_.node_count, rel=0.5)


@BOTH
@pytest.mark.parametrize("max_features", ["sqrt", "log2", 1, 2, 0.5, 1.0, None, 100])
def test_max_features(kind, max_features):
    X, y = data(kind)
    n = {"sqrt": 2, "log2": 2, "0.5": 3, "1": 1, "2": 2}.get(str(max_features), 6)
    a = OURS[kind](3, max_features=max_features, random_state=1).fit(X, y)
    b = OURS[kind](3, max_features=n, random_state=1).fit(X, y)
    np.testing.assert_array_equal(outputs(a, X), outputs(b, X))


def test_max_samples_draws_as_many_as_scikit_learn_would():
    X, y = data("regressor")
    weights = np.full(len(y), 0.5)
    for max_samples, weighted, expected in (
        (None, True, 200),
        (30, True, 30),
        (300, False, 300),
        (0.25, False, 50),
        (0.25, True, 25),
        (1.5, False, 300),
    ):
        estimator = RandomForestRegressor(3, max_samples=max_samples, random_state=0)
        estimator.fit(X, y, weights if weighted else None)
        nodes = estimator.forest_.nodes()
        roots = estimator.forest_.tree_offsets()[:-1].astype(int)
        assert set(nodes["weight"][roots]) == {expected}
        assert [len(rows) for rows in estimator.estimators_samples_] == [expected] * 3
    with pytest.warns(UserWarning, match="low number"):
        RandomForestRegressor(2, max_samples=0.01).fit(X, y)


# -- Quality


@pytest.mark.parametrize(
    ("load", "kind", "parameters"),
    [
        (datasets.load_diabetes, "regressor", {}),
        (datasets.load_diabetes, "regressor", {"max_features": 1 / 3, "min_samples_leaf": 3}),
        (datasets.load_breast_cancer, "classifier", {}),
        (datasets.load_wine, "classifier", {"bootstrap": False}),
        (datasets.load_digits, "classifier", {"max_samples": 0.5}),
    ],
)
def test_scores_are_scikit_learns(load, kind, parameters):
    X, y = load(return_X_y=True)
    scores = []
    for seed in range(6):
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=seed)
        pair = [of[kind](50, random_state=seed, **parameters).fit(X_train, y_train) for of in (OURS, THEIRS)]
        scores.append([estimator.score(X_test, y_test) for estimator in pair])
    difference = np.subtract(*np.transpose(scores))
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    assert difference.mean() > -max(0.01, 3 * error), scores
    assert np.mean(scores) > (0.35 if kind == "regressor" else 0.9)


@pytest.mark.parametrize("load", [datasets.load_diabetes, datasets.load_breast_cancer])
def test_importances_are_scikit_learns(load):
    kind = "regressor" if load is datasets.load_diabetes else "classifier"
    X, y = load(return_X_y=True)
    own, theirs = (of[kind](100, random_state=0).fit(X, y).feature_importances_ for of in (OURS, THEIRS))
    assert own.dtype == np.float64 and own.shape == (X.shape[1],)
    assert own.sum() == pytest.approx(1)
    assert np.corrcoef(own, theirs)[0, 1] > 0.95
    stumps = OURS[kind](3, min_samples_split=10**6).fit(X, y)
    np.testing.assert_array_equal(stumps.feature_importances_, 0)


# -- Attributes and methods


def test_classifier():
    estimator, X, y = fitted("classifier")
    assert is_classifier(estimator) and not is_regressor(estimator)
    np.testing.assert_array_equal(estimator.classes_, [0, 1, 2])
    assert (estimator.n_classes_, estimator.n_outputs_, estimator.n_features_in_) == (3, 1, 6)
    probabilities = estimator.predict_proba(X)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(estimator.predict(X), np.argmax(probabilities, axis=1))
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(estimator.predict_log_proba(X), np.log(probabilities))
    assert estimator.score(X, y) == accuracy_score(y, estimator.predict(X)) > 0.95
    assert type(estimator.estimator_).__name__ == "DecisionTreeClassifier"
    assert not hasattr(estimator, "feature_names_in_") and not hasattr(estimator, "oob_score_")


def test_regressor():
    estimator, X, y = fitted("regressor")
    assert is_regressor(estimator) and not is_classifier(estimator)
    assert estimator.predict(X).dtype == np.float64 and estimator.predict(X).shape == (len(X),)
    assert estimator.score(X, y) == r2_score(y, estimator.predict(X)) > 0.8
    assert not hasattr(estimator, "classes_") and not hasattr(estimator, "predict_proba")
    assert estimator.estimator_.max_features == 1.0


@BOTH
def test_unfitted(kind):
    X, _ = data(kind)
    estimator = OURS[kind]()
    for method in ("predict", "apply", "decision_path"):
        with pytest.raises(NotFittedError):
            getattr(estimator, method)(X)
    with pytest.raises(NotFittedError):
        estimator.save("nowhere")
    for name in ("feature_importances_", "estimators_", "estimator_", "estimators_samples_", "forest_"):
        assert not hasattr(estimator, name)


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "c"],
        np.array(["b", "a", "c"], object),
        [3, -1, 2],
        np.array([200, 100, 0], np.uint8),
        np.array([2**63, 5, 2**64 - 1], np.uint64),
        [-100000, 7, 100000],
        [3.0, -1.0, 2.0],
        [True, False],
        ["one"],
        [np.int64(4)],
    ],
    ids=repr,
)
def test_labels_of_any_type(labels, tmp_path):
    labels = np.asarray(labels)
    X, codes = data("classifier", n_classes=max(2, len(labels)))
    y = labels[codes % len(labels)]
    estimator = RandomForestClassifier(5, random_state=0).fit(X, y)
    theirs = ensemble.RandomForestClassifier(5, random_state=0).fit(X, y)
    np.testing.assert_array_equal(estimator.classes_, theirs.classes_)
    assert estimator.classes_.dtype == theirs.classes_.dtype
    assert estimator.predict(X).dtype == y.dtype
    assert estimator.predict_proba(X).shape == theirs.predict_proba(X).shape
    assert estimator.score(X, y) > 0.9

    estimator.save(tmp_path / "model")
    loaded = RandomForestClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.classes_, estimator.classes_)
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))


def test_too_many_classes_are_refused():
    X = np.zeros((600, 1))
    with pytest.raises(ValueError, match="300 different classes"):
        RandomForestClassifier().fit(X, np.arange(600) % 300)
    RandomForestClassifier(2).fit(X, np.arange(600) % 256)


@BOTH
def test_trees_are_numbered_and_walked_as_nodes_say(kind):
    estimator, X, _ = fitted(kind, max_depth=5)
    X[3, 2] = np.nan
    leaves = estimator.apply(X)
    assert leaves.shape == (len(X), 10) and leaves.dtype == np.int64
    indicator, offsets = estimator.decision_path(X)
    nodes = estimator.forest_.nodes()
    assert indicator.shape == (len(X), len(nodes)) and offsets[-1] == len(nodes)
    X32 = X.astype(np.float32)
    for row in (0, 3, 50):
        for tree in (0, 9):
            node, path = 0, []
            while True:
                path.append(node)
                at = nodes[offsets[tree] + node]
                if at["feature"] < 0:
                    break
                value = X32[row, at["feature"]]
                if np.isnan(value):
                    node = at["missing_child"]
                else:
                    node = at["left"] + (0 if value <= at["threshold"] else 1)
            assert leaves[row, tree] == node
            passed = indicator[row, offsets[tree] : offsets[tree + 1]]
            np.testing.assert_array_equal(np.sort(passed.indices), path)


@BOTH
def test_trees_as_scikit_learns(kind):
    pytest.importorskip("treelite")
    estimator, X, _ = fitted(kind)
    trees = estimator.estimators_
    assert len(trees) == 10 and estimator.estimators_ is trees
    if kind == "regressor":
        predictions = np.mean([tree.predict(X) for tree in trees], axis=0)
        np.testing.assert_allclose(predictions, estimator.predict(X), rtol=1e-6, atol=1e-6)
    else:
        probabilities = np.mean([tree.predict_proba(X) for tree in trees], axis=0)
        np.testing.assert_allclose(probabilities, estimator.predict_proba(X), atol=1e-6)
    assert "_estimators" not in estimator.__getstate__()
    assert estimator.fit(*data(kind)).estimators_ is not trees


def test_trees_without_treelite(monkeypatch):
    estimator, _, _ = fitted("regressor")
    monkeypatch.setitem(__import__("sys").modules, "treelite", None)
    with pytest.raises(ImportError, match=r"pip install wasm-ml\[interchange\]"):
        estimator.estimators_  # noqa: B018


def test_display_makes_no_trees():
    estimator, _, _ = fitted("regressor")
    assert "RandomForestRegressor" in estimator._repr_html_()
    assert "_estimators" not in vars(estimator)


def test_quantiles():
    X, y = data("regressor", 1000)
    estimator = RandomForestRegressor(50, min_samples_leaf=10, keep_targets=True, random_state=0).fit(X, y)
    found = estimator.predict_quantiles(X, [0.05, 0.5, 0.95])
    assert found.shape == (1000, 3) and found.dtype == np.float64
    assert np.all(np.diff(found, axis=1) >= 0)
    assert 0.85 < np.mean((y >= found[:, 0]) & (y <= found[:, 2])) <= 1
    np.testing.assert_array_equal(estimator.predict_quantiles(X, 0.5), found[:, 1])
    for bad in (1.5, [-0.1], [[0.5]], [np.nan]):
        with pytest.raises(ValueError, match="quantiles"):
            estimator.predict_quantiles(X, bad)
    with pytest.raises(ValueError, match="keep_targets"):
        RandomForestRegressor(2).fit(X, y).predict_quantiles(X, 0.5)


# -- Out of the bag


@BOTH
@pytest.mark.parametrize("weighted", [False, True])
def test_out_of_bag(kind, weighted):
    X, y = data(kind, 300)
    weights = np.random.default_rng(1).uniform(0.2, 3, len(y)) if weighted else None
    estimator = OURS[kind](100, oob_score=True, random_state=0).fit(X, y, weights)
    theirs = THEIRS[kind](100, oob_score=True, random_state=0).fit(X, y, weights)
    assert estimator.oob_score_ == pytest.approx(theirs.oob_score_, abs=0.06)
    predictions = estimator.oob_decision_function_ if kind == "classifier" else estimator.oob_prediction_
    assert predictions.shape == ((300, 3) if kind == "classifier" else (300,))
    # The draws as docs/forest-numerics.md defines them, and what trees say that did not draw a row, give the same.
    again = out_of_bag(vars(estimator), wasm_ml.Table.of(X))
    np.testing.assert_allclose(again if kind == "classifier" else again[:, 0], predictions, atol=1e-6)
    samples = estimator.estimators_samples_
    assert len(samples) == 100 and all(len(rows) == len(y) for rows in samples)


def test_out_of_bag_by_another_score():
    X, y = data("regressor")
    estimator = RandomForestRegressor(50, oob_score=mean_absolute_error).fit(X, y)
    assert estimator.oob_score_ == mean_absolute_error(y, estimator.oob_prediction_)
    with pytest.warns(UserWarning, match="OOB scores"):
        RandomForestRegressor(1, oob_score=True).fit(X, y)


@BOTH
def test_growing_on(kind):
    X, y = data(kind)
    estimator = OURS[kind](20, warm_start=True, oob_score=True, random_state=0).fit(X, y)
    first = outputs(estimator, X)
    estimator.set_params(n_estimators=60).fit(X, y)
    assert estimator.forest_.n_trees == 60 and len(estimator.estimators_samples_) == 60
    added = OURS[kind](40, random_state=ours._seed(0, 20)).fit(X, y)
    np.testing.assert_allclose(outputs(estimator, X), (first + 2 * outputs(added, X)) / 3, atol=1e-6)
    at_once = OURS[kind](60, oob_score=True, random_state=0).fit(X, y)
    assert estimator.oob_score_ == pytest.approx(at_once.oob_score_, abs=0.06)
    assert estimator.feature_importances_.sum() == pytest.approx(1)

    score = estimator.oob_score_
    with pytest.warns(UserWarning, match="without increasing n_estimators"):
        estimator.fit(X, y)
    assert estimator.forest_.n_trees == 60 and estimator.oob_score_ == score
    estimator.set_params(oob_score=mean_absolute_error, n_estimators=61).fit(X, y)
    assert estimator.oob_score_ != score
    with pytest.raises(ValueError, match="n_estimators=5 must be larger"):
        estimator.set_params(n_estimators=5).fit(X, y)
    with pytest.raises(ValueError, match="features"):
        estimator.set_params(n_estimators=70).fit(X[:, :3], y)
    if kind == "classifier":
        with pytest.raises(ValueError, match="classes"):
            estimator.fit(X, y + 1)
    assert estimator.forest_.n_trees == 61
    estimator.set_params(warm_start=False).fit(X[:, :3], y)
    assert estimator.forest_.n_trees == 70 and estimator.n_features_in_ == 3


def test_growing_on_keeps_no_targets():
    X, y = data("regressor")
    with pytest.raises(ValueError, match="keep_targets"):
        RandomForestRegressor(2, warm_start=True, keep_targets=True).fit(X, y)


# -- Weights


@BOTH
def test_rows_without_weight_do_not_matter(kind):
    X, y = data(kind)
    weights = np.ones(len(y))
    weights[::3] = 0
    moved = X.copy()
    moved[::3] += 1000
    for bootstrap in (False, True):
        a, b = (OURS[kind](10, bootstrap=bootstrap, random_state=0).fit(given, y, weights) for given in (X, moved))
        np.testing.assert_array_equal(outputs(a, X), outputs(b, X))


def test_weights_without_bootstrap_are_repeated_rows():
    X, y = data("regressor", 60)
    weights = np.arange(60) % 4
    weighted = RandomForestRegressor(3, bootstrap=False, min_samples_leaf=1, random_state=0).fit(X, y, weights)
    repeated = RandomForestRegressor(3, bootstrap=False, random_state=0).fit(X.repeat(weights, 0), y.repeat(weights))
    assert r2_score(repeated.predict(X[weights > 0]), weighted.predict(X[weights > 0])) > 0.99


@pytest.mark.parametrize("bootstrap", [True, False])
@pytest.mark.parametrize("class_weight", [{0: 1, 1: 50}, "balanced", "balanced_subsample"])
def test_class_weights(class_weight, bootstrap):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = (X[:, 0] + rng.normal(size=1000) > 2.2).astype(int)
    test = rng.normal(size=(3000, 3))
    parameters = dict(n_estimators=50, min_samples_leaf=20, random_state=0, bootstrap=bootstrap)
    own, theirs = (
        of["classifier"](class_weight=class_weight, **parameters).fit(X, y).predict_proba(test)[:, 1].mean()
        for of in (OURS, THEIRS)
    )
    plain = RandomForestClassifier(**parameters).fit(X, y).predict_proba(test)[:, 1].mean()
    assert own == pytest.approx(theirs, abs=0.06)
    assert own > 2 * plain


def test_class_weights_are_checked():
    X, y = data("classifier")
    for bad in ({0: 1, 7: 2}, [{0: 1}], "unbalanced"):
        with pytest.raises(ValueError):
            RandomForestClassifier(2, class_weight=bad).fit(X, y)
    with pytest.warns(UserWarning, match="warm_start"):
        RandomForestClassifier(2, class_weight="balanced", warm_start=True).fit(X, y)


def test_class_weights_multiply_sample_weights():
    X, y = data("classifier", n_classes=2)
    weights = np.linspace(1, 2, len(y))
    a = RandomForestClassifier(5, class_weight={1: 3}, random_state=0).fit(X, y, weights)
    b = RandomForestClassifier(5, random_state=0).fit(X, y, np.where(y == 1, 3, 1) * weights)
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))


# -- Data of any kind


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda X: X.astype(np.float32),
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: X[:, ::-1].copy()[:, ::-1],
        lambda X: X.astype(X.dtype.newbyteorder()),
        lambda X: X.astype(object),
        lambda X: X.tolist(),
    ],
    ids=["columns", "float32", "strided", "reversed", "swapped bytes", "objects", "lists"],
)
def test_layouts(kind, change):
    X, y = data(kind)
    X = X.astype(np.float32).astype(np.float64)
    expected = OURS[kind](3, random_state=0).fit(X, y).predict(X)
    estimator = OURS[kind](3, random_state=0).fit(change(X), y)
    np.testing.assert_array_equal(estimator.predict(change(X)), expected)


@BOTH
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float16, bool])
def test_types_of_numbers(kind, dtype):
    X, y = data(kind)
    X = (10 * np.abs(X)).astype(dtype)
    expected = OURS[kind](3, random_state=0).fit(X.astype(np.float64), y).predict(X.astype(np.float64))
    np.testing.assert_array_equal(OURS[kind](3, random_state=0).fit(X, y).predict(X), expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.float32, object, bool])
def test_types_of_targets(dtype):
    X, y = data("regressor")
    y = np.abs(10 * y).astype(int).astype(dtype)
    expected = RandomForestRegressor(3, random_state=0).fit(X, y.astype(np.float64)).predict(X)
    np.testing.assert_array_equal(RandomForestRegressor(3, random_state=0).fit(X, y).predict(X), expected)


@BOTH
def test_missing_values(kind):
    X, y = data(kind, 400)
    X[np.random.default_rng(0).uniform(size=X.shape) < 0.2] = np.nan
    own, theirs = (of[kind](50, random_state=0).fit(X[:300], y[:300]) for of in (OURS, THEIRS))
    assert own.score(X[300:], y[300:]) == pytest.approx(theirs.score(X[300:], y[300:]), abs=0.1)
    assert get_tags(own).input_tags.allow_nan


@BOTH
def test_names_of_features(kind):
    pd = pytest.importorskip("pandas")
    X, y = data(kind)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    estimator = OURS[kind](3, random_state=0).fit(frame, pd.Series(y, name="target"))
    np.testing.assert_array_equal(estimator.feature_names_in_, list("abcdef"))
    assert [feature["name"] for feature in estimator.forest_.info()["features"]] == list("abcdef")
    assert estimator.forest_.info()["target"] == "target"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = estimator.predict(frame)
    with pytest.warns(UserWarning, match="valid feature names"):
        np.testing.assert_array_equal(estimator.predict(X), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(frame[list("fedcba")])
    with pytest.raises(ValueError):
        estimator.predict(frame[["a"]])
    with pytest.raises(ValueError), pytest.warns(UserWarning, match="valid feature names"):
        estimator.predict(frame["a"])
    with pytest.raises(ValueError):
        estimator.predict(frame[:0])
    estimator.fit(X, y)
    assert not hasattr(estimator, "feature_names_in_")
    nameless = pd.DataFrame(X, columns=["a", "b", "", "c", "d", "e"])
    np.testing.assert_array_equal(OURS[kind](3, random_state=0).fit(nameless, y).predict(nameless), expected)


@BOTH
def test_categories(kind, tmp_path):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    places = rng.choice(["Bern", "Oslo", "Rome", "Kyiv"], 300)
    number = rng.normal(size=300)
    number[::7] = np.nan
    frame = pd.DataFrame(
        {
            "place": pd.Categorical(places, ["Rome", "Bern", "Kyiv", "Oslo"]),
            "number": number,
            "nullable": pd.array(rng.integers(0, 5, 300), "Int16"),
            "grade": pd.Categorical(rng.integers(1, 4, 300)),
        }
    )
    frame.loc[3, "nullable"] = pd.NA
    frame.loc[4, "place"] = None
    y = np.isin(places, ["Oslo", "Rome"]).astype(int)
    estimator = OURS[kind](10, max_features=None, random_state=0).fit(frame, y)
    assert estimator.score(frame, y) > 0.95
    other_codes = frame.assign(place=pd.Categorical(frame["place"], ["Oslo", "Nice", "Bern", "Kyiv", "Rome"]))
    np.testing.assert_array_equal(estimator.predict(other_codes), estimator.predict(frame))
    as_text = frame.assign(place=frame["place"].astype(object))
    np.testing.assert_array_equal(estimator.predict(as_text), estimator.predict(frame))

    for back in (pickle.loads(pickle.dumps(estimator)), _saved(estimator, tmp_path)):
        np.testing.assert_array_equal(back.predict(other_codes), estimator.predict(frame))
    estimator.set_params(warm_start=True, n_estimators=15).fit(other_codes, y)
    assert estimator.score(frame, y) > 0.95


def test_categories_that_no_file_can_keep(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": pd.cut(np.arange(50), 5)})
    estimator = RandomForestRegressor(3).fit(frame, np.arange(50))
    assert estimator.score(frame, np.arange(50)) > 0.8
    assert pickle.loads(pickle.dumps(estimator)).score(frame, np.arange(50)) > 0.8
    with pytest.raises(ValueError, match="Interval"):
        estimator.save(tmp_path / "model")
    assert os.listdir(tmp_path) == []


@BOTH
def test_arrow_tables(kind):
    pytest.importorskip("nanoarrow")
    pa = pytest.importorskip("pyarrow")
    X, y = data(kind)
    table = pa.table({name: X[:, i] for i, name in enumerate("abcdef")})
    expected = OURS[kind](3, random_state=0).fit(X, y).predict(X)
    estimator = OURS[kind](3, random_state=0).fit(table, y)
    np.testing.assert_array_equal(estimator.predict(table), expected)
    np.testing.assert_array_equal(estimator.feature_names_in_, list("abcdef"))


# -- Keeping estimators


def _saved(estimator, folder):
    estimator.save(folder / "model.wml")
    return type(estimator).load(folder / "model.wml")


@BOTH
def test_pickle_joblib_and_files(kind, tmp_path):
    estimator, X, y = fitted(kind, oob_score=True, max_depth=4, max_samples=0.7)
    joblib.dump(estimator, tmp_path / "model.joblib")
    for back in (
        pickle.loads(pickle.dumps(estimator)),
        joblib.load(tmp_path / "model.joblib"),
        joblib.load(tmp_path / "model.joblib", mmap_mode="r"),
        _saved(estimator, tmp_path),
    ):
        np.testing.assert_array_equal(outputs(back, X), outputs(estimator, X))
        np.testing.assert_allclose(back.feature_importances_, estimator.feature_importances_, rtol=1e-12)
        assert (back.n_estimators, back.max_depth, back.random_state) == (10, 4, 0)
        np.testing.assert_array_equal(outputs(clone(back).fit(X, y), X), outputs(estimator, X))
    back = pickle.loads(pickle.dumps(estimator))
    assert back.oob_score_ == estimator.oob_score_
    assert pickle.loads(pickle.dumps(OURS[kind](7))).n_estimators == 7


@BOTH
def test_files(kind, tmp_path):
    estimator, X, _ = fitted(kind)
    estimator.save(tmp_path / "model")
    assert os.listdir(tmp_path) == ["model"]
    other = OURS["classifier" if kind == "regressor" else "regressor"]
    with pytest.raises(ValueError, match="is a model for"):
        other.load(tmp_path / "model")
    (tmp_path / "damaged").write_bytes((tmp_path / "model").read_bytes()[:-7])
    with pytest.raises(ValueError):
        OURS[kind].load(tmp_path / "damaged")
    (tmp_path / "hostile").write_bytes(pickle.dumps(estimator))
    with pytest.raises(ValueError):
        OURS[kind].load(tmp_path / "hostile")
    loaded = OURS[kind].load(tmp_path / "model", n_jobs=1)
    assert loaded.forest_.device.threads == 1 and not hasattr(loaded, "feature_names_in_")
    assert not hasattr(loaded, "estimators_samples_")
    loaded.set_params(warm_start=True, n_estimators=12).fit(*data(kind))
    assert loaded.forest_.n_trees == 12


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b"], ["", "a"], ["1", "2"], ["1", "a"], ["1.5", "2.5"], ["True", "False"], ['"x"', "y"], ['"x"', '"y"'],
        ["inf", "nan"], [1, 2], [-1, 10**17], [0.5, 1.0], [1, 0.5], [True, False], ["ü", "\n"], ["01", "2"]
    ],
    ids=repr,
)  # fmt: skip
def test_labels_as_texts(labels):
    texts = ours._texts(labels)
    assert all(isinstance(text, str) for text in texts)
    back = labels_from_texts(texts)
    assert back == labels and {type(label) for label in back} <= {type(label) for label in labels}


def test_labels_that_are_no_texts():
    for labels in ([1, "1"], [None, "a"], [(1,), (2,)], [np.datetime64("2026-01-01")]):
        with pytest.raises(ValueError, match="text or numbers"):
            ours._texts(labels)
    assert ours._texts(np.array([1.5, 2.0])) == ["1.5", "2.0"] and ours._texts([]) == []
    assert labels_from_texts(["9" * 5000]) == ["9" * 5000]


# -- scikit-learn's tools


@BOTH
def test_searches_and_pipelines(kind):
    X, y = data(kind)
    pipeline = make_pipeline(StandardScaler(), OURS[kind](5, random_state=0))
    name = pipeline.steps[-1][0]
    search = GridSearchCV(pipeline, {f"{name}__max_depth": [1, 6]}, cv=3).fit(X, y)
    assert search.best_params_ == {f"{name}__max_depth": 6}
    assert search.best_estimator_.score(X, y) > 0.7


def threads_of(estimator, X, y):
    return estimator.fit(X, y).forest_.device.threads


def test_searches_in_parallel_share_the_threads():
    X, y = data("regressor")
    estimator = RandomForestRegressor(3, random_state=0)
    everything = joblib.cpu_count()
    assert threads_of(estimator, X, y) == everything
    call = joblib.delayed(threads_of)
    assert joblib.Parallel(2)(call(estimator, X, y) for _ in range(2)) == [max(1, everything // 2)] * 2
    assert joblib.Parallel(2, prefer="threads")(call(estimator, X, y) for _ in range(2)) == [1, 1]
    assert joblib.Parallel(1)(call(estimator, X, y) for _ in range(1)) == [everything]
    with joblib.parallel_config(backend="threading", n_jobs=5):
        assert threads_of(estimator, X, y) == 5

    search = GridSearchCV(estimator, {"max_depth": [1, 6]}, cv=3, n_jobs=2).fit(X, y)
    alone = GridSearchCV(estimator, {"max_depth": [1, 6]}, cv=3).fit(X, y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert cross_val_predict(estimator, X, y, n_jobs=2).shape == y.shape
    with joblib.parallel_config(backend="loky", inner_max_num_threads=3):
        assert joblib.Parallel(2)(call(estimator, X, y) for _ in range(2)) == [3, 3]


def test_n_jobs():
    everything = joblib.cpu_count()
    X, y = data("regressor")
    results = []
    for n_jobs, expected in ((1, 1), (3, 3), (-1, everything), (-2, max(1, everything - 1)), (-100, 1)):
        estimator = RandomForestRegressor(4, n_jobs=n_jobs, random_state=0).fit(X, y)
        assert estimator.forest_.device.threads == expected
        results.append(estimator.predict(X))
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_metadata_routing():
    X, y = data("regressor")
    weights = np.linspace(0, 1, len(y))
    with config_context(enable_metadata_routing=True):
        estimator = RandomForestRegressor(3, random_state=0).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), estimator)
        routed = pipeline.fit(X, y, sample_weight=weights).predict(X)
    scaled = StandardScaler().fit_transform(X)
    alone = RandomForestRegressor(3, random_state=0).fit(scaled, y, weights)
    np.testing.assert_array_equal(routed, alone.predict(scaled))


# -- Randomness


@BOTH
def test_random_states(kind):
    X, y = data(kind)

    def grown(random_state):
        return outputs(OURS[kind](3, random_state=random_state).fit(X, y), X)

    np.testing.assert_array_equal(grown(5), grown(5))
    assert np.any(grown(5) != grown(6))
    np.testing.assert_array_equal(grown(np.random.RandomState(5)), grown(np.random.RandomState(5)))
    state = np.random.RandomState(5)
    assert np.any(grown(state) != grown(state))
    np.random.seed(3)
    first = grown(None)
    assert np.any(first != grown(None))
    np.random.seed(3)
    np.testing.assert_array_equal(grown(None), first)


# -- Limits and interruptions


def large(kind, n_rows=60000):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 20)).astype(np.float32)
    return X, X[:, 0] + rng.normal(size=n_rows) if kind == "regressor" else rng.integers(0, 3, n_rows)


@BOTH
def test_interruption_leaves_the_estimator_as_it_was(kind):
    estimator, X, _ = fitted(kind)
    before = outputs(estimator, X)
    estimator.set_params(n_estimators=5000)
    timer = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
    rows, targets = large(kind)
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(rows, targets)
    assert time.monotonic() - began < 30
    timer.join()
    assert estimator.n_features_in_ == 6
    np.testing.assert_array_equal(outputs(estimator, X), before)


@BOTH
def test_timeout(kind):
    estimator = OURS[kind](5000, timeout=0.3)
    with pytest.raises(TimeoutError):
        estimator.fit(*large(kind))
    assert not hasattr(estimator, "n_features_in_") and not hasattr(estimator, "classes_")
    X, y = data(kind)
    assert estimator.set_params(timeout=100, n_estimators=2).fit(X, y).predict(X).shape == y.shape


@BOTH
def test_quota(kind):
    X, y = large(kind)
    estimator = OURS[kind](5, max_gpu_memory=1 << 20)
    with pytest.raises(MemoryError):
        estimator.fit(X, y)
    assert not hasattr(estimator, "forest_")
    estimator.set_params(max_gpu_memory=1 << 30).fit(X[:1000], y[:1000])
    assert estimator.forest_.device.max_gpu_memory == 1 << 30


def test_devices():
    X, y = data("regressor")
    assert RandomForestRegressor(2, backend="cpu").fit(X, y).forest_.device.backend == "cpu"
    with pytest.raises(wasm_ml.errors.DeviceError):
        RandomForestRegressor(2, backend="cpu", device=999).fit(X, y)


def test_verbose(capsys):
    pytest.importorskip("tqdm")
    X, y = data("regressor")
    RandomForestRegressor(20, verbose=1).fit(X, y)
    assert "20/20" in capsys.readouterr().err
    RandomForestRegressor(20).fit(X, y)
    assert capsys.readouterr().err == ""
