"""Forests on real clusters of Dask: workers are processes of their own."""

import functools
import os
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

import dask
from dask.dataframe.utils import clear_known_categories
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from wasm_ml import Forest, Growth, ensemble, errors
from wasm_ml.dask import RandomForestClassifier, RandomForestRegressor, _shares

NAMES = list("abcde")


@pytest.fixture(scope="module")
def clusters(regression, classes):
    """A client of a cluster of two processes, and the models of clusters of 1, 2 and 3 workers."""
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": None}
    models = {}
    with distributed.LocalCluster(n_workers=3, **options) as cluster, distributed.Client(cluster) as client:
        models[3] = models_of(client, 3, regression, classes)
        cluster.scale(2)
        models[2] = models_of(client, 2, regression, classes)
        with (
            distributed.LocalCluster(n_workers=1, processes=False, **options) as alone,
            distributed.Client(alone) as one,
        ):
            models[1] = models_of(one, 1, regression, classes)
        yield client, models


@pytest.fixture(scope="module")
def client(clusters):
    return clusters[0]


def models_of(client, n_workers, regression, classes):
    """Model files of all ways of training, in the same order."""
    deadline = time.monotonic() + 60
    while len(client.scheduler_info()["workers"]) != n_workers:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    X, y = regression
    _, labels = classes
    blocks, targets = da.from_array(X, chunks=(90, 5)), da.from_array(labels, chunks=90)
    return [
        file_of(regressor().fit(X, y)),
        file_of(classifier(max_features=2).fit(blocks, targets)),
        file_of(regressor(bootstrap=False, max_features=0.5).fit(frame_of(X), y)),
        file_of(regressor(distribute="partitions").fit(blocks, y)),
        file_of(classifier(distribute="partitions").fit(blocks, targets)),
    ]


def regressor(**parameters):
    return RandomForestRegressor(**{"n_estimators": 20, "random_state": 7, "trees_per_task": 4, **parameters})


def classifier(**parameters):
    return RandomForestClassifier(**{"n_estimators": 20, "random_state": 7, "trees_per_task": 4, **parameters})


def frame_of(X, npartitions=4):
    return dd.from_pandas(pd.DataFrame(X, columns=NAMES), npartitions=npartitions)


def file_of(estimator):
    return estimator.forest_.save()


def same_trees(a, b):
    return np.array_equal(a.forest_.nodes(), b.forest_.nodes())


# -- Training


@pytest.mark.parametrize("n", [2, 3])
def test_the_model_does_not_depend_on_the_number_of_workers(clusters, n):
    _, models = clusters
    assert len(set(models[1])) == 5
    assert models[n] == models[1]


def test_a_model_is_its_groups_in_order(client, regression):
    X, y = regression
    groups = []
    for group, n_trees in enumerate([8, 8, 4]):
        seed = int(np.random.SeedSequence([7, 0, group]).generate_state(1)[0])
        groups.append(Forest.grow(X, y, Growth(n_trees=n_trees, n_draws=len(X), seed=seed)))
    merged = Forest.merge(groups)
    fitted = regressor(trees_per_task=8).fit(X, y)
    np.testing.assert_array_equal(fitted.forest_.nodes(), merged.nodes())
    np.testing.assert_array_equal(fitted.forest_.importances(), merged.importances())
    assert fitted.forest_.n_trees == 20


def test_several_workers_grow(client, regression):
    X, y = (np.tile(part, (100, 1)) if part.ndim == 2 else np.tile(part, 100) for part in regression)
    with distributed.get_task_stream(client, plot=False) as tasks:
        regressor(n_estimators=40).fit(X, y)
    growers = [task["worker"] for task in tasks.data if str(task["key"]).startswith("_grow")]
    assert len(growers) == 10
    assert len(set(growers)) == 2


def test_where_the_data_comes_from_does_not_matter(client, regression):
    X, y = regression
    expected = regressor().fit(X, y)
    blocks = da.from_array(X, chunks=(123, 2))  # also split between columns
    assert file_of(regressor().fit(blocks, da.from_array(y, chunks=50))) == file_of(expected)
    assert file_of(regressor().fit(blocks.persist(), y)) == file_of(expected)
    assert file_of(regressor().fit(X, da.from_array(y, chunks=50))) == file_of(expected)
    assert file_of(regressor().fit(X.tolist(), y.tolist())) == file_of(expected)
    frame = frame_of(X).assign(y=da.from_array(y, chunks=-1).rechunk(125))
    for fitted in (
        regressor().fit(frame[NAMES], frame["y"]),
        regressor().fit(pd.DataFrame(X, columns=NAMES), pd.Series(y, name="y")),
        regressor().fit(frame[NAMES], frame["y"].to_dask_array()),
        regressor().fit(frame[NAMES][frame["a"] >= 0], y),  # partitions of unknown sizes
    ):
        assert same_trees(fitted, expected)
        assert fitted.feature_names_in_.tolist() == NAMES
    assert "feature_names_in_" not in vars(expected)
    names = regressor().fit(frame[NAMES], frame["y"]).forest_.info()
    assert [feature["name"] for feature in names["features"]] == NAMES and names["target"] == "y"


def test_attributes(client, classes):
    X, labels = classes
    y = np.array(["low", "middle", "high"])[labels]
    fitted = classifier().fit(X, y)
    assert fitted.classes_.tolist() == ["high", "low", "middle"]
    assert (fitted.n_classes_, fitted.n_features_in_, fitted.n_outputs_) == (3, 5, 1)
    assert fitted.forest_.n_trees == 20 and fitted.forest_.n_outputs == 3
    assert fitted.feature_importances_.argmax() == 0 and fitted.feature_importances_.sum() == pytest.approx(1)
    assert fitted.score(X, y) > 0.95
    assert not hasattr(fitted, "oob_score_") and not hasattr(fitted, "estimators_samples_")


def test_as_good_as_alone(client, regression):
    X, y = regression
    train, test = slice(0, 400), slice(400, 500)
    alone = ensemble.RandomForestRegressor(n_estimators=60, random_state=1).fit(X[train], y[train])
    alone = alone.score(X[test], y[test])
    blocks = da.from_array(X[train], chunks=(100, 5))
    everywhere = regressor(n_estimators=60).fit(blocks, y[train]).score(X[test], y[test])
    partitions = regressor(n_estimators=60, distribute="partitions").fit(blocks, y[train]).score(X[test], y[test])
    assert everywhere > alone - 0.02
    assert partitions > alone - 0.1


# -- Partitions


def test_partitions_grow_shares_of_the_trees(client, regression):
    X, y = regression
    blocks = da.from_array(X, chunks=((250, 125, 125), 5))
    fitted = regressor(distribute="partitions").fit(blocks, da.from_array(y, chunks=((250, 125, 125),)))
    groups = []
    for partition, (rows, sizes) in enumerate(
        [(slice(0, 250), [4, 4, 2]), (slice(250, 375), [4, 1]), (slice(375, 500), [4, 1])]
    ):
        for group, n_trees in enumerate(sizes):
            seed = int(np.random.SeedSequence([7, partition, group]).generate_state(1)[0])
            growth = Growth(n_trees=n_trees, n_draws=rows.stop - rows.start, seed=seed)
            groups.append(Forest.grow(X[rows], y[rows], growth))
    np.testing.assert_array_equal(fitted.forest_.nodes(), Forest.merge(groups).nodes())
    for targets in da.from_array(y, chunks=100), y:
        assert same_trees(regressor(distribute="partitions").fit(blocks, targets), fitted)


def test_shares():
    assert _shares(10, [100, 100]) == [5, 5]
    assert _shares(10, [0, 300, 0, 100]) == [0, 8, 0, 2]
    assert _shares(3, [10, 10, 10]) == [1, 1, 1]
    assert sum(_shares(101, [7, 11, 13, 17])) == 101
    with pytest.warns(UserWarning, match="1 of 3 partitions grow no tree"):
        assert sorted(_shares(2, [10, 10, 10])) == [0, 1, 1]


def test_partitions_that_lack_classes_or_rows(client, classes):
    X, labels = classes
    order = np.argsort(labels, kind="stable")  # each partition has one or two of three classes
    frame = frame_of(X[order])
    frame = dd.concat([frame, frame[frame["a"] > 5]])  # four partitions without rows
    y = labels[order] * 10
    fitted = classifier(distribute="partitions", n_estimators=40).fit(frame, y)
    assert fitted.classes_.tolist() == [0, 10, 20]
    assert fitted.forest_.n_trees == 40
    probabilities = fitted.predict_proba(X[order])
    assert probabilities.shape == (500, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert {0, 20} <= set(fitted.predict(X))
    assert len(fitted.predict(frame).compute()) == 500


def test_categories(client):
    rng = np.random.default_rng(5)
    words = np.array(["red", "green", "blue", "violet"])
    codes = rng.integers(4, size=600)
    frame = pd.DataFrame({"x": rng.random(600), "colour": pd.Categorical(words[codes]), "size": rng.random(600)})
    frame.loc[::50, "colour"] = None
    y = np.array([3.0, 0.0, 2.0, 1.0])[codes] + frame["x"]
    alone = ensemble.RandomForestRegressor(n_estimators=5, random_state=0).fit(frame, y)
    known = dd.from_pandas(frame, npartitions=3)
    unknown = known.assign(colour=known["colour"].cat.as_unknown())
    for X in known, unknown, frame:
        for distribute in "broadcast", "partitions":
            if X is frame and distribute == "partitions":
                continue
            fitted = regressor(distribute=distribute).fit(X, y)
            assert fitted._categories == alone._categories == {1: ["green", "violet", "blue", "red"]}
            assert fitted.score(frame, y) > 0.9
            predicted = fitted.predict(X)
            predicted = predicted.compute() if X is not frame else predicted
            np.testing.assert_array_equal(predicted, fitted.predict(frame))
    info = fitted.forest_.info()
    assert info["features"][1]["categories"] == ["green", "violet", "blue", "red"]
    for labels in (y > 1.5).to_numpy(), np.digitize(y, [1, 2, 3]):
        alone = ensemble.RandomForestClassifier(n_estimators=5, random_state=0).fit(frame, labels)
        for distribute in "broadcast", "partitions":
            assert classifier(distribute=distribute).fit(known, labels)._categories == alone._categories


def test_partitions_with_categories_of_their_own(client):
    parts = [
        pd.DataFrame({"c": pd.Categorical(["a", "b"] * 20), "x": np.arange(40.0)}),
        pd.DataFrame({"c": pd.Categorical(["c", "b"] * 20), "x": np.arange(40.0)}),
    ]
    frame = dd.from_delayed([dask.delayed(part) for part in parts], meta=clear_known_categories(parts[0]))
    assert not frame["c"].cat.known
    y = np.concatenate([[2.0, 1.0] * 20, [0.0, 1.0] * 20])
    for distribute in "broadcast", "partitions":
        fitted = regressor(distribute=distribute).fit(frame, y)
        assert fitted._categories == {0: ["c", "b", "a"]}
        # Partitions know two of the three values each.
        assert fitted.score(pd.concat(parts).astype({"c": object}).astype({"c": "category"}), y) > 0.2


def test_weights(client, classes):
    X, labels = classes
    blocks = da.from_array(X, chunks=(125, 5))
    weights = np.where(np.arange(500) % 3 == 0, 0.0, 2.0)
    for distribute in "broadcast", "partitions":
        for bootstrap in True, False:
            make = functools.partial(classifier, distribute=distribute, bootstrap=bootstrap)
            plain = make().fit(blocks, labels)
            weighted = make().fit(blocks, labels, weights)
            assert not same_trees(weighted, plain)
            assert same_trees(make().fit(blocks, labels, da.from_array(weights, chunks=125)), weighted)
            counts = np.bincount(labels)
            by_hand = {label: 500 / (3 * count) for label, count in enumerate(counts.tolist())}
            balanced = make(class_weight="balanced").fit(blocks, labels)
            assert same_trees(balanced, make(class_weight=by_hand).fit(blocks, labels))
            assert balanced.class_weight == "balanced"
    counts = np.bincount(labels, weights)
    by_hand = {label: counts.sum() / (3 * count) for label, count in enumerate(counts.tolist())}
    balanced = classifier(class_weight="balanced").fit(X, labels, weights)
    assert same_trees(balanced, classifier(class_weight=by_hand).fit(X, labels, weights))


# -- Predictions


def test_predictions_of_arrays_are_lazy(client, classes):
    X, labels = classes
    fitted = classifier().fit(X, labels)
    alone = fitted.to_local()
    for chunks in (100, 5), (77, 2), (500, 5):
        blocks = da.from_array(X, chunks=chunks)
        for method in "predict", "predict_proba", "predict_log_proba", "apply":
            predicted = getattr(fitted, method)(blocks)
            assert isinstance(predicted, da.Array)
            expected = getattr(alone, method)(X)
            assert (predicted.shape, predicted.dtype) == (expected.shape, expected.dtype)
            computed = predicted.compute()
            assert computed.dtype == expected.dtype
            np.testing.assert_array_equal(computed, expected)
            np.testing.assert_array_equal(predicted[150:170].compute(), expected[150:170])
    unknown = da.from_array(X, chunks=(100, 5))
    unknown = unknown[unknown[:, 0] > 0.5]
    np.testing.assert_array_equal(fitted.predict(unknown).compute(), alone.predict(X[X[:, 0] > 0.5]))
    assert fitted.score(da.from_array(X, chunks=(100, 5)), da.from_array(labels, chunks=100)) == alone.score(X, labels)
    np.testing.assert_array_equal(fitted.predict(X), alone.predict(X))  # in memory, at once


def test_predictions_of_frames_keep_the_index(client, classes):
    X, labels = classes
    y = np.array(["low", "middle", "high"])[labels]
    table = pd.DataFrame(X, columns=NAMES, index=pd.Index(np.arange(500) * 2, name="id"))
    frame = dd.from_pandas(table, npartitions=3)
    fitted = classifier().fit(frame, y)
    alone = fitted.to_local()
    predicted = fitted.predict(frame)
    assert isinstance(predicted, dd.Series)
    pd.testing.assert_series_equal(predicted.compute(), pd.Series(alone.predict(table), table.index), check_dtype=False)
    probabilities = fitted.predict_proba(frame)
    assert isinstance(probabilities, dd.DataFrame)
    expected = pd.DataFrame(alone.predict_proba(table), table.index, fitted.classes_)
    pd.testing.assert_frame_equal(probabilities.compute(), expected, check_column_type=False)
    assert probabilities["low"].max().compute() == expected["low"].max()
    np.testing.assert_array_equal(fitted.apply(frame).compute(), alone.apply(table))
    assert fitted.score(frame, dd.from_pandas(pd.Series(y, table.index), npartitions=3)) == alone.score(table, y)
    joined = frame.assign(prediction=predicted).compute()
    assert joined["prediction"].tolist() == alone.predict(table).tolist()


def test_the_model_is_sent_once(client, regression):
    X, y = regression
    fitted = regressor().fit(X, y)
    blocks = da.from_array(X, chunks=(50, 5))
    first = fitted.predict(blocks).compute()
    sent = fitted._sent
    np.testing.assert_array_equal(fitted.predict(blocks).compute(), first)
    assert fitted._sent is sent
    fitted.set_params(random_state=8).fit(X, y)
    assert not np.array_equal(fitted.predict(blocks).compute(), first)


def test_predictions_without_a_cluster(client, regression, request):
    X, y = regression
    fitted = regressor().fit(X, y)
    blocks = da.from_array(X, chunks=(50, 5))
    request.getfixturevalue("no_client")
    with dask.config.set(scheduler="threads"):
        np.testing.assert_array_equal(fitted.predict(blocks).compute(), fitted.predict(X))


# -- scikit-learn's habits


def test_parameters_and_copies(client, regression):
    X, y = regression
    estimator = regressor(max_depth=3, distribute="partitions")
    assert set(estimator.get_params()) - set(estimator._plain().get_params()) == {"distribute", "trees_per_task"}
    assert clone(estimator).get_params() == estimator.get_params()
    assert "max_depth=3" in repr(estimator)
    with pytest.raises(TypeError, match="nosuch"):
        RandomForestRegressor(nosuch=1)
    fitted = regressor().fit(X, y)
    fitted.client = client
    copy = pickle.loads(pickle.dumps(fitted))
    assert file_of(copy) == file_of(fitted)
    alone = fitted.to_local()
    assert type(alone) is ensemble.RandomForestRegressor
    assert alone.get_params() == fitted._plain().get_params()
    assert file_of(alone) == file_of(fitted)
    np.testing.assert_array_equal(alone.predict(X), fitted.predict(X))
    with pytest.raises(NotFittedError):
        regressor().predict(da.from_array(X, chunks=100))
    with pytest.raises(NotFittedError):
        regressor().to_local()


def test_in_a_pipeline(client, regression):
    X, y = regression
    pipeline = make_pipeline(FunctionTransformer(lambda X: X * 2), regressor())
    blocks = da.from_array(X, chunks=(100, 5))
    assert pipeline.fit(blocks, y).predict(blocks).compute().shape == (500,)


def test_other_random_states(client, regression):
    X, y = regression
    fitted = regressor().fit(X, y)
    assert not same_trees(regressor(random_state=8).fit(X, y), fitted)
    assert not same_trees(regressor(random_state=None).fit(X, y), regressor(random_state=None).fit(X, y))
    one, other = (regressor(random_state=np.random.RandomState(3)).fit(X, y) for _ in range(2))
    assert same_trees(one, other)


def test_progress(client, regression, capfd):
    pytest.importorskip("tqdm")
    regressor(verbose=1).fit(*regression)
    assert "20/20" in capfd.readouterr().err


# -- What goes wrong


@pytest.mark.parametrize("distribute", ["broadcast", "partitions"])
def test_errors_of_workers_keep_their_types(client, regression, distribute):
    X, y = regression
    blocks = da.from_array(X, chunks=(100, 5))
    infinite = X.copy()
    infinite[217, 3] = np.inf
    with pytest.raises(ValueError, match=r"(?i)column 3"):
        regressor(distribute=distribute).fit(da.from_array(infinite, chunks=(100, 5)), y)
    with pytest.raises(ValueError, match="NaN"):
        regressor(distribute=distribute).fit(blocks, np.where(np.arange(500) == 5, np.nan, y))
    with pytest.raises(MemoryError):
        regressor(distribute=distribute, max_gpu_memory=1000).fit(blocks, y)
    with pytest.raises((errors.DeviceError, FileNotFoundError)):
        regressor(distribute=distribute, backend="cpu", device=7).fit(blocks, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        regressor(distribute=distribute).fit(blocks, y[:-1])
    with pytest.raises(ValueError, match="(?i)negative|weights"):
        regressor(distribute=distribute).fit(blocks, y, -np.ones(500))
    failing = blocks.map_blocks(lambda block: 1 // 0, dtype="f4", meta=np.empty((0, 0), "f4"))
    with pytest.raises(ZeroDivisionError):
        regressor(distribute=distribute).fit(failing, y)
    fitted = regressor(distribute=distribute).fit(blocks, y)  # and workers work on
    before = file_of(fitted)
    with pytest.raises(ValueError):
        fitted.fit(blocks, y[:-1])
    assert file_of(fitted) == before


def test_errors_of_predictions(client, regression):
    X, y = regression
    fitted = regressor().fit(frame_of(X), y)
    with pytest.raises(ValueError, match="4 features"):
        fitted.predict(da.from_array(X[:, :4], chunks=(100, 4))).compute()
    with pytest.raises(ValueError, match="(?i)feature names"):
        fitted.predict(frame_of(X).rename(columns={"b": "z"})).compute()
    infinite = X.copy()
    infinite[3, 3] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        fitted.predict(frame_of(infinite)).compute()
    with pytest.raises(ValueError, match="two dimensions"):
        fitted.predict(da.from_array(y, chunks=100))


def test_timeout(client, regression):
    rng = np.random.default_rng(0)
    X, y = rng.random((50_000, 20), dtype=np.float32), rng.random(50_000)
    with pytest.raises(TimeoutError):
        regressor(n_estimators=2000, timeout=0.5, trees_per_task=500).fit(X, y)
    assert regressor(timeout=60).fit(*regression).forest_.n_trees == 20


def test_keyboard_interrupt(client, regression):
    rng = np.random.default_rng(0)
    X, y = rng.random((50_000, 20), dtype=np.float32), rng.random(50_000)
    timer = threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        regressor(n_estimators=2000, trees_per_task=2).fit(X, y)
    assert time.monotonic() - begin < 20
    timer.join()
    assert regressor().fit(*regression).forest_.n_trees == 20  # workers are free again


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"oob_score": True}, "oob_score=True is not supported on Dask"),
        ({"warm_start": True}, "warm_start=True is not supported on Dask"),
        ({"keep_targets": True}, "keep_targets=True is not supported on Dask"),
        ({"criterion": "poisson"}, "criterion='poisson' is not supported"),
        ({"distribute": "rows"}, "distribute"),
        ({"trees_per_task": 0}, "trees_per_task"),
        ({"n_estimators": 0}, "n_estimators"),
    ],
)
def test_parameters_that_are_refused(client, regression, parameters, message):
    with pytest.raises(ValueError, match=message):
        regressor(**parameters).fit(*regression)


def test_data_that_is_refused(client, regression):
    X, y = regression
    partitions = regressor(distribute="partitions")
    with pytest.raises(ValueError, match="needs an array or a dataframe of Dask, not a ndarray"):
        partitions.fit(X, y)
    with pytest.raises(ValueError, match="y has 2 partitions, X has 4"):
        partitions.fit(frame_of(X), dd.from_pandas(pd.Series(y), npartitions=2))
    with pytest.raises(ValueError, match="0 sample"):
        frame = frame_of(X)
        partitions.fit(frame[frame["a"] > 5], np.empty(0))
    with pytest.raises(ValueError, match="several outputs"):
        regressor().fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="different classes"):
        classifier().fit(X, np.arange(500))
    with pytest.raises(ValueError, match="(?i)unknown label type"):
        classifier().fit(X, y)
    with pytest.raises(ValueError, match="column .e.* category"):
        regressor().fit(frame_of(X).assign(e="word"), y)


@pytest.fixture
def no_client(monkeypatch):
    def get_client():
        raise ValueError("No global client found and no address provided")

    monkeypatch.setattr(distributed, "get_client", get_client)


def test_no_client(no_client, regression):
    X, y = regression
    with pytest.raises(ValueError, match="no client of Dask"):
        regressor().fit(X, y)


# -- Devices


class FakeClient:
    def __init__(self, workers):
        self.workers = workers

    def run(self, function):
        return self.workers


@pytest.mark.parametrize(
    ("workers", "indices"),
    [
        ({"w1": ("a", "0,1"), "w2": ("a", "1,0")}, {"w1": 0, "w2": 0}),  # as dask-cuda does it
        ({"w2": ("a", ""), "w1": ("a", ""), "w3": ("b", "")}, {"w1": 0, "w2": 1, "w3": 0}),
        ({"w1": ("a", "4,5"), "w2": ("a", "4,5"), "w3": ("a", "4,5")}, {"w1": 0, "w2": 1, "w3": 0}),
    ],
)
def test_a_gpu_for_each_worker(workers, indices):
    assert regressor(backend="cuda")._device_indices(FakeClient(workers)) == indices
    assert regressor(backend="cuda", device=1)._device_indices(FakeClient(workers)) == {}
    assert regressor(backend="cpu")._device_indices(FakeClient(workers)) == {}
    assert regressor()._device_indices(FakeClient(workers)) == {}


def test_no_gpu(client, regression):
    devices = client.submit(lambda: __import__("wasm_ml").Host.devices(), pure=False).result()
    if any(device["usable"] for device in devices if device["backend"] == "cuda"):
        pytest.skip("there is one")
    with pytest.raises((errors.DeviceError, FileNotFoundError)) as raised:
        regressor(backend="cuda").fit(*regression)
    assert "cuda" in str(raised.value)


def test_workers_with_several_threads(regression):
    X, y = regression
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=3, dashboard_address=":0") as cluster,
        distributed.Client(cluster),
    ):
        several = regressor(n_estimators=30).fit(X, y)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error", UserWarning)
        in_process = regressor(n_estimators=30).fit(X, y)
        predicted = in_process.predict(da.from_array(X, chunks=(50, 5))).compute()
    assert file_of(several) == file_of(in_process)
    np.testing.assert_array_equal(predicted, in_process.predict(X))
