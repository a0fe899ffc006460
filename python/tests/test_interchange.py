"""Forests to and from scikit-learn, Treelite (XGBoost, LightGBM) and files."""

import functools
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest

import wasm_ml
from wasm_ml import WasmRandomForest, from_sklearn, from_treelite, load, save, to_sklearn, to_treelite
from wasm_ml._engine import Forest

treelite = pytest.importorskip("treelite")
ensemble = pytest.importorskip("sklearn.ensemble")


def regression(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 6), dtype=np.float32)
    return X, 10 * X[:, 0] + 5 * np.sin(6 * X[:, 1]) + rng.normal(0, 0.1, n)


def classification(n_classes, n=400, seed=0):
    X, y = regression(n, seed)
    return X, np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))


def small(**parameters):
    return WasmRandomForest(**{"n_estimators": 20, "max_depth": 8, **parameters})


def rows_with_missing(X):
    X = X.copy()
    X[::5, 0] = np.nan
    X[::3, 2] = np.nan
    return X


@functools.cache
def trained(n_classes):
    """One of ours: the model, rows, and its predictions or probabilities."""
    if n_classes == 0:
        X, y = regression()
        model = small().train(X, y)
        return model, X, model.predict_cpu(X)
    X, y = classification(n_classes)
    model = small().train(X, np.array(["a", "b", "c"])[y])
    return model, X, model.predict_proba(X)


of_each_task = pytest.mark.parametrize("n_classes", [0, 2, 3])


def predictions_of_sklearn(estimator, X):
    return estimator.predict_proba(X) if hasattr(estimator, "classes_") else estimator.predict(X)


# --- From scikit-learn ---


@pytest.mark.parametrize("kind", ["RandomForest", "ExtraTrees", "GradientBoosting", "HistGradientBoosting"])
@of_each_task
def test_from_sklearn(kind, n_classes):
    X, y = classification(n_classes) if n_classes else regression()
    amount = {"max_iter": 10} if kind.startswith("Hist") else {"n_estimators": 10}
    if n_classes:
        theirs = getattr(ensemble, kind + "Classifier")(**amount, max_depth=6, random_state=0)
        theirs.fit(X, np.array(["x", "y", "z"])[y])
    else:
        theirs = getattr(ensemble, kind + "Regressor")(**amount, max_depth=6, random_state=0).fit(X, y)
    model = from_sklearn(theirs)
    if n_classes:
        np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=2e-6)
        np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
        np.testing.assert_array_equal(model.classes_, theirs.classes_)
    else:
        np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=2e-6)
    assert model.n_features_in_ == 6
    assert not hasattr(model, "feature_importances_")


def test_from_sklearn_with_missing_values():
    X, y = regression()
    X = rows_with_missing(X)
    theirs = ensemble.RandomForestRegressor(20, random_state=0).fit(X, y)
    np.testing.assert_allclose(from_sklearn(theirs).predict(X), theirs.predict(X), rtol=2e-6)


def test_from_sklearn_isolation_forest():
    X, _ = regression()
    theirs = ensemble.IsolationForest(n_estimators=20, random_state=0).fit(X)
    model = from_sklearn(theirs)
    assert model.task_ == "scores"
    np.testing.assert_allclose(model.predict(X), -theirs.score_samples(X), rtol=1e-5)


def test_from_sklearn_with_weights_and_names():
    pandas = pytest.importorskip("pandas")
    X, y = classification(2)
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    theirs = ensemble.RandomForestClassifier(10, random_state=0).fit(frame, y, np.linspace(0.1, 3, len(y)))
    model = from_sklearn(theirs)
    assert list(model.feature_names_in_) == list("abcdef")
    assert model.classes_.dtype.kind == "i"
    np.testing.assert_allclose(model.predict_proba(frame), theirs.predict_proba(frame), atol=2e-6)


def test_from_sklearn_what_is_no_forest():
    linear_model = pytest.importorskip("sklearn.linear_model")
    exceptions = pytest.importorskip("sklearn.exceptions")
    X, y = regression()
    with pytest.raises(TypeError, match="no estimator"):
        from_sklearn("forest")
    with pytest.raises(exceptions.NotFittedError):
        from_sklearn(ensemble.RandomForestRegressor())
    with pytest.raises(ValueError, match="LinearRegression"):
        from_sklearn(linear_model.LinearRegression().fit(X, y))
    several = ensemble.RandomForestClassifier(5).fit(X, np.stack([y > 5, y > 7], axis=1))
    with pytest.raises(ValueError, match="several|targets"):
        from_sklearn(several)


def test_several_targets_of_a_regression():
    X, y = regression()
    theirs = ensemble.RandomForestRegressor(10, random_state=0).fit(X, np.stack([y, -y], axis=1))
    np.testing.assert_allclose(from_sklearn(theirs).predict(X), theirs.predict(X), rtol=2e-6)


# --- From Treelite: XGBoost, LightGBM ---


@pytest.mark.parametrize("kind", ["XGB", "XGBRF"])
@of_each_task
def test_from_xgboost(kind, n_classes):
    xgboost = pytest.importorskip("xgboost")
    X, y = classification(n_classes) if n_classes else regression()
    X = rows_with_missing(X)
    theirs = getattr(xgboost, kind + ("Classifier" if n_classes else "Regressor"))(n_estimators=10, max_depth=5)
    theirs.fit(X, y)
    model = from_treelite(treelite.frontend.from_xgboost(theirs.get_booster()))
    if n_classes:
        assert list(model.classes_) == list(range(n_classes))
        np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=2e-6)
        np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
    else:
        np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-5)


@pytest.mark.parametrize("boosting", ["gbdt", "rf"])
@of_each_task
def test_from_lightgbm(boosting, n_classes):
    lightgbm = pytest.importorskip("lightgbm")
    X, y = classification(n_classes) if n_classes else regression()
    X = rows_with_missing(X)
    objective = {0: "regression", 2: "binary", 3: "multiclass"}[n_classes]
    parameters = {"objective": objective, "boosting": boosting, "verbose": -1}
    parameters |= {"bagging_freq": 1, "bagging_fraction": 0.7}
    if n_classes == 3:
        parameters["num_class"] = 3
    theirs = lightgbm.train(parameters, lightgbm.Dataset(X, y), num_boost_round=10)
    model = from_treelite(treelite.frontend.from_lightgbm(theirs))
    predictions = model.predict_proba(X) if n_classes else model.predict(X)
    np.testing.assert_allclose(predictions[:, 1] if n_classes == 2 else predictions, theirs.predict(X), rtol=1e-5)


def test_from_treelite_bytes_with_names():
    X, y = classification(2)
    theirs = ensemble.RandomForestClassifier(5, random_state=0).fit(X, y)
    data = treelite.sklearn.import_model(theirs).serialize_bytes()
    model = from_treelite(data, feature_names=list("abcdef"), classes=["no", "yes"], target="answer")
    np.testing.assert_array_equal(model.predict(X), np.array(["no", "yes"])[theirs.predict(X)])
    known = model.forest_.info()
    assert [feature["name"] for feature in known["features"]] == list("abcdef")
    assert (known["classes"], known["target"]) == (["no", "yes"], "answer")
    with pytest.raises(ValueError, match="classes: the forest has 2, not 3"):
        from_treelite(data, classes=["a", "b", "c"])
    with pytest.raises(ValueError, match="feature_names: there are 2, but 6"):
        from_treelite(data, feature_names=["a", "b"])
    with pytest.raises(TypeError, match="neither a treelite.Model nor bytes"):
        from_treelite(theirs)


def test_from_treelite_splits_on_categories():
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    X = rng.integers(0, 8, (400, 2)).astype(np.float32)
    data = lightgbm.Dataset(X, np.isin(X[:, 0], [1, 4, 6]) * 1.0, categorical_feature=[0])
    theirs = lightgbm.train({"objective": "regression", "verbose": -1, "min_data_per_group": 1}, data, 5)
    with pytest.raises(ValueError, match="categorical"):
        from_treelite(treelite.frontend.from_lightgbm(theirs))


@pytest.mark.parametrize("cut", [0, 1, 7, 60, 300, -1])
def test_from_treelite_cut_bytes(cut):
    data = trained(0)[0].forest_.to_treelite()
    with pytest.raises(ValueError):
        from_treelite(data[:cut])


def test_from_treelite_damaged_bytes():
    rng = np.random.default_rng(0)
    data = np.frombuffer(small(n_estimators=2, max_depth=3).train(*regression()).forest_.to_treelite(), np.uint8)
    n_refused = 0
    for _ in range(100):
        damaged = data.copy()
        damaged[rng.integers(0, len(data), 4)] = rng.integers(0, 256, 4)
        try:
            from_treelite(damaged.tobytes()).predict(regression()[0])
        except (ValueError, MemoryError):
            n_refused += 1
    assert n_refused > 10


@pytest.mark.skipif(
    not any(entry["usable"] and entry["backend"] != "cpu" for entry in wasm_ml.Host.devices()), reason="no adapter"
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_imported_forests_on_a_gpu():
    X, y = classification(3)
    model = from_sklearn(ensemble.RandomForestClassifier(10, random_state=0).fit(X, y))
    np.testing.assert_allclose(model.predict_gpu(X, probabilities=True), model.predict_proba(X), atol=1e-6)
    X, y = regression()
    model = from_sklearn(ensemble.ExtraTreesRegressor(10, random_state=0).fit(X, y))
    np.testing.assert_allclose(model.predict_gpu(X), model.predict(X), rtol=2e-6)
    boosted = from_sklearn(ensemble.GradientBoostingRegressor(n_estimators=5).fit(X, y))
    with pytest.raises(ValueError, match="means of trees.*predict_cpu"):
        boosted.predict_gpu(X)


# --- To Treelite ---


@of_each_task
def test_to_treelite(n_classes):
    model, X, expected = trained(n_classes)
    exported = to_treelite(model)
    assert exported.num_tree == 20
    predictions = treelite.gtil.predict(exported, X).reshape(len(X), -1)
    np.testing.assert_allclose(np.squeeze(predictions), expected, atol=1e-6 * max(1, abs(expected).max()))
    again = from_treelite(exported)
    predictions = again.predict(X) if expected.ndim == 1 else again.predict_proba(X)
    np.testing.assert_allclose(predictions, expected, atol=1e-6 * max(1, abs(expected).max()))


def test_to_treelite_warns_of_categories():
    pandas = pytest.importorskip("pandas")
    X, y = regression()
    frame = pandas.DataFrame({"a": X[:, 0], "b": pandas.Categorical((X[:, 1] * 3).astype(int).astype(str))})
    with pytest.warns(UserWarning, match="column 'b'.*numbers of categories"):
        to_treelite(small().train(frame, y))


def test_what_leads_out_takes_forests_and_estimators():
    X, y = regression()
    model = trained(0)[0]
    for same in (model, model.forest_):
        assert to_treelite(same).num_tree == 20
    exceptions = pytest.importorskip("sklearn.exceptions")
    for out in (to_treelite, to_sklearn, lambda m: save(m, "nowhere")):
        with pytest.raises(exceptions.NotFittedError, match="not trained"):
            out(WasmRandomForest())
        with pytest.raises(TypeError, match="from_sklearn"):
            out(ensemble.RandomForestRegressor(2).fit(X, y))


# --- To scikit-learn ---


@of_each_task
def test_to_sklearn_is_exact(n_classes):
    model, X, expected = trained(n_classes)
    theirs = to_sklearn(model)
    np.testing.assert_array_equal(predictions_of_sklearn(theirs, X).astype(np.float32), expected)
    np.testing.assert_array_equal(theirs.predict(X).astype(model.predict(X).dtype), model.predict(X))
    assert len(theirs.estimators_) == theirs.n_estimators == 20
    np.testing.assert_allclose(theirs.feature_importances_, model.feature_importances_, atol=1e-3)
    copy = pickle.loads(pickle.dumps(theirs))
    np.testing.assert_array_equal(predictions_of_sklearn(copy, X), predictions_of_sklearn(theirs, X))


def test_to_sklearn_nodes_are_consistent():
    X, y = regression()
    model = small(bootstrap=False).train(X, y)
    tree = to_sklearn(model).estimators_[0].tree_
    np.testing.assert_allclose(tree.value[0].item(), y.mean(), rtol=1e-5)
    assert tree.weighted_n_node_samples[0] == len(X)
    inner = tree.children_left >= 0
    assert (tree.impurity[inner] > 0).all()
    X, y = classification(3)
    tree = to_sklearn(small(bootstrap=False).train(X, y)).estimators_[0].tree_
    np.testing.assert_allclose(tree.value[0, 0], np.bincount(y) / len(y), atol=1e-6)
    np.testing.assert_allclose(tree.impurity[0], 1 - (np.bincount(y) ** 2).sum() / len(y) ** 2)


def test_to_sklearn_with_missing_values():
    X, y = regression()
    X = rows_with_missing(X)
    model = small().train(X, y)
    np.testing.assert_array_equal(to_sklearn(model).predict(X).astype(np.float32), model.predict(X))


def test_to_sklearn_with_names():
    pandas = pytest.importorskip("pandas")
    X, y = classification(2)
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    model = small().train(frame, y)
    theirs = to_sklearn(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(theirs.predict(frame), model.predict(frame))
    assert list(theirs.feature_names_in_) == list("abcdef")


def test_to_sklearn_round_trip():
    X, y = classification(3)
    theirs = ensemble.RandomForestClassifier(10, random_state=0).fit(X, y)
    again = to_sklearn(from_sklearn(theirs))
    np.testing.assert_allclose(again.predict_proba(X), theirs.predict_proba(X), atol=2e-6)
    np.testing.assert_array_equal(again.predict(X), theirs.predict(X))


def test_to_sklearn_what_is_no_random_forest():
    X, y = regression()
    boosted = from_sklearn(ensemble.GradientBoostingRegressor(n_estimators=5).fit(X, y))
    with pytest.raises(ValueError, match="cannot be one of scikit-learn"):
        to_sklearn(boosted)


@of_each_task
def test_shap(n_classes):
    model, X, expected = trained(n_classes)
    shap = pytest.importorskip("shap")
    theirs = to_sklearn(model)
    explainer = shap.TreeExplainer(theirs)
    values = explainer.shap_values(X[:20])
    total = np.asarray(explainer.expected_value) + np.asarray(values).sum(axis=1)
    np.testing.assert_allclose(np.squeeze(total), expected[:20], atol=1e-4)
    # Two features matter.
    influence = np.abs(np.asarray(values)).reshape(20, 6, -1).mean(axis=(0, 2))
    assert influence[:2].min() > 3 * influence[2:].max()


@of_each_task
def test_skl2onnx(n_classes):
    model, X, expected = trained(n_classes)
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    theirs = to_sklearn(model)
    options = {id(theirs): {"zipmap": False}} if expected.ndim == 2 else None
    converted = skl2onnx.to_onnx(theirs, X[:1], options=options)
    session = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: X})
    np.testing.assert_allclose(np.squeeze(outputs[-1]), expected, rtol=1e-4, atol=1e-5)
    if expected.ndim == 2:
        np.testing.assert_array_equal(outputs[0], model.predict(X))


# --- Our estimators ---


def test_our_estimators_lead_out(tmp_path):
    try:
        from wasm_ml import RandomForestClassifier, RandomForestRegressor
    except ImportError:
        pytest.skip("no estimators")
    exceptions = pytest.importorskip("sklearn.exceptions")
    X, y = regression()
    regressor = RandomForestRegressor(n_estimators=10, random_state=0).fit(X, y)
    theirs = to_sklearn(regressor)
    np.testing.assert_array_equal(theirs.predict(X).astype(np.float32), regressor.predict(X).astype(np.float32))
    X, y = classification(3)
    y = np.array(["u", "v", "w"])[y]
    classifier = RandomForestClassifier(n_estimators=10, random_state=0).fit(X, y)
    theirs = to_sklearn(classifier)
    np.testing.assert_array_equal(theirs.predict(X), classifier.predict(X))
    assert to_treelite(classifier).num_tree == 10
    classifier_file = tmp_path / "classifier.model"
    save(classifier, classifier_file)
    loaded = load(classifier_file)
    np.testing.assert_array_equal(loaded.predict(X), classifier.predict(X))
    assert list(loaded.classes_) == ["u", "v", "w"]
    with pytest.raises(exceptions.NotFittedError):
        to_treelite(RandomForestRegressor())
    of_one_class = to_sklearn(RandomForestClassifier(n_estimators=2).fit(X, ["u"] * len(X)))
    np.testing.assert_array_equal(of_one_class.predict(X), "u")
    np.testing.assert_array_equal(of_one_class.predict_proba(X), np.ones((len(X), 1)))


# --- Files ---


@of_each_task
def test_save_and_load(n_classes, tmp_path):
    model, X, expected = trained(n_classes)
    path = tmp_path / "a.model"
    save(model, path)
    loaded = load(path)
    np.testing.assert_array_equal(loaded.predict(X) if expected.ndim == 1 else loaded.predict_proba(X), expected)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.feature_importances_, model.feature_importances_)
    assert (loaded.n_estimators, loaded.max_depth, loaded.seed, loaded.bootstrap) == (20, 8, 42, True)
    assert os.listdir(tmp_path) == ["a.model"]
    again = tmp_path / "b.model"
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()
    assert loaded.forest_.save() == model.forest_.save()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    model, _, _ = trained(0)
    (tmp_path / "file").touch()
    for path in (tmp_path / "none" / "a.model", tmp_path / "file" / "a.model", tmp_path):
        with pytest.raises(OSError) as raised:
            save(model, path)
        assert raised.value.filename == str(path)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    "labels",
    [[3, 20, 100], [-1, 1], [False, True], [0.5, 1.5], ["a", "b"], ["01", "1"], ["1", "2"], ["", "è"]],
    ids=str,
)
def test_labels_come_back(labels, tmp_path):
    X, y = classification(len(labels))
    labels = np.asarray(labels)
    WasmRandomForest(5, task="classification").train(X, labels[y]).save(tmp_path / "m")
    classes = WasmRandomForest.load(tmp_path / "m").classes_
    np.testing.assert_array_equal(classes, labels)
    assert classes.dtype.kind == labels.dtype.kind


def test_names_and_categories_come_back(tmp_path):
    pandas = pytest.importorskip("pandas")
    X, y = regression()
    colours = np.array(["red", "green", "blue"])[(X[:, 1] * 3).astype(int)]
    frame = pandas.DataFrame({"size": X[:, 0], "colour": pandas.Categorical(colours)})
    model = small().train(frame, y)
    model.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    assert list(loaded.feature_names_in_) == ["size", "colour"]
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame))


def test_a_file_that_cannot_be_written_or_read(tmp_path):
    model = trained(0)[0]
    with pytest.raises(FileNotFoundError):
        save(model, tmp_path / "nowhere" / "m")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "m")
    with pytest.raises(OSError):
        save(model, tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"\x89", b"model", b"\x80\x04]\x94.", bytes(5000), b"\x89WMLRF\r\n"])
def test_load_what_is_no_model(content, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="m: ."):
        load(path)


class Trap:
    """Unpickled, it leaves a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_load_executes_nothing(tmp_path):
    trap = tmp_path / "executed"
    (tmp_path / "m").write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(ValueError):
        load(tmp_path / "m")
    assert not trap.exists()


def test_load_damaged_models(tmp_path):
    rng = np.random.default_rng(0)
    X, y = regression()
    data = np.frombuffer(small(n_estimators=3, max_depth=4).train(X, y).forest_.save(), np.uint8)
    path = tmp_path / "m"
    n_refused = 0
    for _ in range(150):
        damaged = data.copy()
        damaged[rng.integers(0, len(data), rng.integers(1, 5))] = rng.integers(0, 256)
        path.write_bytes(damaged[: rng.integers(1, len(data) + 1)] if rng.random() < 0.3 else damaged)
        try:
            load(path).predict(X)
        except (ValueError, MemoryError):
            n_refused += 1
    assert n_refused > 100


def test_load_models_that_lie(tmp_path):
    """Damaged where no checksum tells: the host and the module have to see it."""
    rng = np.random.default_rng(0)
    X, y = classification(3)
    model = small(n_estimators=3, max_depth=4).train(X, np.array(["a", "b", "c"])[y])
    data = np.frombuffer(model.forest_.save(), np.uint8)
    info_end = 32 + int(data[24:32].view(np.uint64)[0])
    path = tmp_path / "m"
    n_refused = 0
    for _ in range(150):
        damaged = data.copy()
        damaged[rng.integers(24, info_end, rng.integers(1, 4))] = rng.integers(0, 256)
        damaged[12:16] = np.frombuffer(struct.pack("<I", zlib.crc32(damaged[16 : -(-info_end // 16) * 16])), np.uint8)
        path.write_bytes(damaged)
        try:
            load(path).predict(X)
        except (ValueError, MemoryError):
            n_refused += 1
    assert n_refused > 50


# --- Missing libraries ---


@pytest.mark.parametrize("library", ["treelite", "sklearn"])
def test_a_missing_library_is_an_import_error_with_the_remedy(library, monkeypatch):
    theirs = ensemble.RandomForestRegressor(2).fit(*regression())
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=r"pip install wasm-ml\[interchange\]"):
        from_sklearn(theirs)
    with pytest.raises(ImportError, match=r"pip install wasm-ml\[interchange\]"):
        to_sklearn(trained(0)[0])


def test_files_and_treelites_bytes_need_no_library(tmp_path):
    save(trained(0)[0], tmp_path / "m")
    (tmp_path / "t").write_bytes(trained(0)[0].forest_.to_treelite())
    code = (
        "import sys, wasm_ml; wasm_ml.load('m'); wasm_ml.from_treelite(open('t', 'rb').read())\n"
        "print([name for name in ('sklearn', 'treelite') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr


def test_they_are_the_packages_names():
    for name in ("from_sklearn", "from_treelite", "to_sklearn", "to_treelite", "save", "load"):
        assert getattr(wasm_ml, name) is getattr(wasm_ml.interchange, name)
    assert isinstance(trained(0)[0].forest_, Forest)
