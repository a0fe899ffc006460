"""Forests as the package has them: in instances of the module."""

import multiprocessing
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from wasm_ml import Device, Forest, Growth, errors
from wasm_ml._tables import Table

SMALL = Growth(n_trees=20, seed=1)


@pytest.fixture(scope="module")
def forest(regression):
    return Forest.grow(*regression, SMALL)


def test_learns(regression):
    X, y = regression
    forest = Forest.grow(X, y, Growth(n_trees=50))
    predicted = forest.predict(X)
    assert predicted.shape == (500, 1) and predicted.dtype == np.float32
    assert 1 - np.var(y - predicted[:, 0]) / np.var(y) > 0.95
    assert (forest.n_trees, forest.n_features, forest.n_outputs, forest.leaves) == (50, 5, 1, "number")
    importances = forest.importances()
    assert importances.sum() == pytest.approx(1) and importances[0] > importances[3]


def test_learns_classes(classes):
    X, y = classes
    forest = Forest.grow(X, y, SMALL, n_classes=3)
    probabilities = forest.predict(X)
    assert probabilities.shape == (500, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.95
    trees = forest.predict(X, "trees")
    assert trees.shape == (500, 20, 3)
    np.testing.assert_allclose(trees.mean(axis=1), probabilities, atol=1e-6)


def test_the_same_seed_gives_the_same_model(regression):
    models = [
        Forest.grow(*regression, SMALL, device=Device(threads=threads, max_gpu_memory=memory)).save()
        for threads, memory in ((1, None), (2, None), (2, 4 << 20))
    ]
    assert models[0] == models[1] == models[2]
    assert Forest.grow(*regression, Growth(n_trees=20, seed=2)).save() != models[0]


def test_few_rows_are_as_many(forest, regression):
    X, _ = regression
    many = np.tile(X, (100, 1))
    expected = forest.predict(many)
    for rows in (X[:1], X[7:9], X[:, ::1], np.asfortranarray(X[:3]), X[::-1][:5]):
        np.testing.assert_array_equal(
            forest.predict(rows)[:, 0], [expected[np.flatnonzero((X == row).all(axis=1))[0], 0] for row in rows]
        )
    assert forest.predict(X[:0]).shape == (0, 1)


def test_trees_and_leaves(forest, regression):
    X, _ = regression
    trees = forest.predict(X, "trees")
    np.testing.assert_allclose(trees.mean(axis=1), forest.predict(X)[:, 0], rtol=1e-6)
    leaves = forest.predict(X, "leaves")
    assert leaves.shape == (500, 20) and leaves.dtype == np.uint32
    nodes = forest.nodes()
    offsets = forest.tree_offsets()
    assert offsets[-1] == forest.n_nodes == len(nodes)
    at = nodes[leaves + offsets[:-1].astype(np.uint32)]
    assert (at["feature"] == -1).all()
    np.testing.assert_array_equal(at["threshold"], trees)
    np.testing.assert_array_equal(forest.nodes(5, 3), nodes[5:8])
    with pytest.raises(ValueError, match="nodes"):
        forest.nodes(forest.n_nodes, 1)
    with pytest.raises(ValueError, match="what is 'nothing'"):
        forest.predict(X, "nothing")


def test_quantiles_and_out_of_bag(regression):
    X, y = regression
    forest = Forest.grow(X, y, Growth(n_trees=60, leaf_targets=True, out_of_bag=True, min_samples_leaf=5))
    low, middle, high = forest.quantiles(X, [0.1, 0.5, 0.9]).T
    assert (low <= middle).all() and (middle <= high).all()
    assert 0.6 < ((low <= y) & (y <= high)).mean() <= 1
    out_of_bag = forest.out_of_bag(len(X))[:, 0]
    assert 1 - np.var(y - out_of_bag) / np.var(y) > 0.8
    for n_rows in (3, len(X) + 1):
        with pytest.raises(ValueError):
            forest.out_of_bag(n_rows)
    with pytest.raises(ValueError):
        forest.quantiles(X, [2])
    with pytest.raises(ValueError, match="out-of-bag"):
        Forest.grow(X, y, SMALL).out_of_bag(len(X))


def test_file_and_pickle(forest, regression):
    X, _ = regression
    expected = forest.predict(X)
    file = forest.save()
    for copy in (Forest.load(file), Forest.load(memoryview(file)), pickle.loads(pickle.dumps(forest))):
        np.testing.assert_array_equal(copy.predict(X), expected)
        assert copy.save() == file
        np.testing.assert_array_equal(copy.importances(), forest.importances())


def test_damaged_files(forest):
    file = bytearray(forest.save())
    rng = np.random.default_rng(0)
    for position in rng.integers(len(file), size=50):
        damaged = bytearray(file)
        damaged[position] ^= 1 << rng.integers(8)
        with pytest.raises((ValueError, MemoryError)):
            Forest.load(damaged)
    for size in (0, 1, 7, len(file) // 2, len(file) - 1):
        with pytest.raises(ValueError):
            Forest.load(file[:size])
    with pytest.raises(ValueError):
        Forest.load(pickle.dumps({"a": 1}))
    with pytest.raises(TypeError):
        Forest.load("a path")


def test_merge(regression):
    X, y = regression
    a, b = (Forest.grow(X, y, Growth(n_trees=n, seed=n)) for n in (4, 12))
    merged = Forest.merge([a, b])
    assert merged.n_trees == 16
    np.testing.assert_allclose(merged.predict(X), (4 * a.predict(X) + 12 * b.predict(X)) / 16, rtol=1e-5)
    np.testing.assert_allclose(merged.importances(), (4 * a.importances() + 12 * b.importances()) / 16)
    assert Forest.merge([a]).predict(X).tolist() == a.predict(X).tolist()
    with pytest.raises(ValueError, match="no forests"):
        Forest.merge([])
    with pytest.raises(ValueError, match="other columns"):
        Forest.merge([a, Forest.grow(X[:, :3], y, SMALL)])


def test_names(forest, classes):
    X, y = classes
    named = Forest.grow(X, y, SMALL, n_classes=3)
    named.set_names(target="size", features=list("abcde"), classes=["s", "m", "l"], categories={1: ["no", "yes"]})
    info = Forest.load(named.save()).info()
    assert info["target"] == "size" and info["classes"] == ["s", "m", "l"] and info["task"] == "classification"
    assert [feature["name"] for feature in info["features"]] == list("abcde")
    assert info["features"][1]["categories"] == ["no", "yes"]
    with pytest.raises(ValueError, match="names: 2, not 5"):
        named.set_names(features=["a", "b"])
    assert forest.info()["task"] == "regression"


def test_weights(regression):
    X, y = regression
    weights = np.zeros(len(X))
    weights[:100] = 1
    weighted = Forest.grow(X, y, SMALL, draw_weights=weights)
    assert weighted.nodes(0, 1)["weight"][0] == 500
    without = Forest.grow(X, y, Growth(n_trees=3, bootstrap=False), criterion_weights=weights)
    np.testing.assert_allclose(without.predict(X[:100])[:, 0], y[:100], atol=0.02)


def test_progress(regression):
    seen = []
    Forest.grow(*regression, Growth(n_trees=40), progress=seen.append)
    assert seen[-1] == 40 and seen == sorted(seen)

    def stop(n_trees):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        Forest.grow(*regression, Growth(n_trees=40), progress=stop)


@pytest.mark.parametrize(
    ("growth", "message"),
    [
        (Growth(n_trees=0), "n-trees"),
        (Growth(max_features=6), "max-features"),
        (Growth(min_samples_split=1), "min-samples-split"),
        (Growth(min_samples_leaf=0), "min-samples-leaf"),
        (Growth(min_impurity_decrease=-1.0), "min-impurity-decrease"),
        (Growth(max_bins=1), "max-bins"),
        (Growth(max_bins=256), "max-bins"),
        (Growth(seed=-1), "seed"),
        (Growth(seed=2**32), "seed"),
        (Growth(n_trees=1.5), "n_trees"),
        (Growth(bootstrap=False, out_of_bag=True), "out-of-bag"),
    ],
)
def test_bad_parameters(regression, growth, message):
    with pytest.raises(ValueError, match=message):
        Forest.grow(*regression, growth)


def test_bad_data(regression, forest):
    X, y = regression
    infinite = X.copy()
    infinite[17, 3] = np.inf
    with pytest.raises(ValueError, match="column 3.*row 17|row 17.*column 3"):
        Forest.grow(infinite, y, SMALL)
    wrong = y.copy()
    wrong[5] = np.nan
    with pytest.raises(ValueError, match="row 5"):
        Forest.grow(X, wrong, SMALL)
    with pytest.raises(ValueError, match="targets"):
        Forest.grow(X, y[:-1], SMALL)
    with pytest.raises(ValueError, match="row"):
        Forest.grow(X, np.full(len(X), 3), SMALL, n_classes=3)
    with pytest.raises(ValueError, match="weights"):
        Forest.grow(X, y, SMALL, draw_weights=-np.ones(len(X)))
    with pytest.raises(ValueError, match="4 features, but .* 5 features"):
        forest.predict(X[:, :4])
    with pytest.raises(ValueError, match="2D"):
        forest.predict(X[0])


def test_devices():
    X, y = np.random.default_rng(0).random((50, 2)), np.arange(50.0)
    with pytest.raises(ValueError, match="nosuch"):
        Forest.grow(X, y, SMALL, device=Device(backend="nosuch"))
    with pytest.raises(errors.DeviceError, match="7"):
        Forest.grow(X, y, SMALL, device=Device(backend="cpu", index=7))
    with pytest.raises(errors.DeviceError, match="webgpu|backend='cpu'"):
        Forest.grow(X, y, SMALL, device=Device(backend="webgpu"))
    with pytest.raises(ValueError, match="threads"):
        Forest.grow(X, y, SMALL, device=Device(threads=0))


def test_quota(regression):
    X, y = regression
    with pytest.raises(MemoryError):
        Forest.grow(X, y, SMALL, device=Device(max_gpu_memory=1000))


def large_task():
    rng = np.random.default_rng(0)
    return rng.random((200_000, 20), dtype=np.float32), rng.random(200_000), Growth(n_trees=1000)


def test_timeout():
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="0.3"):
        Forest.grow(*large_task(), timeout=0.3)
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("n", [1, 2])
def test_keyboard_interrupt_stops_a_training(n):
    task = large_task()
    for _ in range(n):
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            Forest.grow(*task)
        timer.join()


def test_a_forest_outlives_an_interrupted_prediction(regression):
    X, y = regression
    forest = Forest.grow(X, y, Growth(n_trees=500))
    many = np.tile(X, (4000, 1))
    with pytest.raises(TimeoutError):
        forest.predict(many, timeout=0.01)
    assert forest.predict(X).shape == (500, 1)


def test_many_threads(forest, regression):
    X, y = regression
    expected = forest.predict(X)
    failures = []

    def work(seed):
        try:
            for _ in range(20):
                np.testing.assert_array_equal(forest.predict(X), expected)
                np.testing.assert_array_equal(forest.predict(X[:1]), expected[:1])
            mine = Forest.grow(X, y, Growth(n_trees=5, seed=seed))
            assert mine.predict(X).shape == (500, 1)
        except BaseException as error:  # noqa: BLE001: of any kind, for the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def forked(connection, forest, X, y):
    results = [forest.predict(X), Forest.grow(X, y, SMALL).predict(X), Forest.load(forest.save()).predict(X)]
    connection.send([result.tolist() for result in results])


def test_after_a_fork(forest, regression):
    X, y = regression
    expected = [forest.predict(X).tolist()] * 3
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=forked, args=(there, forest, X, y))
    process.start()
    assert here.poll(60), "the child of the fork hangs"
    assert here.recv() == expected
    process.join()
    assert process.exitcode == 0


def test_rounds_leave_nothing_behind(regression):
    X, y = regression

    def rounds(n):
        for seed in range(n):
            Forest.grow(X, y, Growth(n_trees=3, seed=seed)).predict(X)
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    before = rounds(100)
    assert rounds(1000) - before < 16 << 20


def test_import_is_light():
    code = "import sys, wasm_ml; wasm_ml.Host, wasm_ml.WasmRandomForest; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"sklearn", "pandas", "scipy", "matplotlib", "tqdm", "dask", "treelite", "nanoarrow"} & set(loaded)


def test_everything_named_is_there():
    import wasm_ml

    for name in wasm_ml.__all__:
        assert getattr(wasm_ml, name) is not None
    with pytest.raises(AttributeError, match="nosuch"):
        wasm_ml.nosuch


def test_tables_are_taken_as_they_are(forest, regression):
    X, _ = regression
    table = Table.of(X)
    assert table.blocks[0] is X
    np.testing.assert_array_equal(forest.predict(table), forest.predict(X))


def test_categories_in_the_order_of_their_targets():
    table = Table([np.array([0, 1, 2, np.nan, 1], np.float32), np.arange(5.0)], ["c", "x"], {0: ["a", "b", "c", "d"]})
    ordered = table.order_categories([3, 1, 2, 9, 1])
    assert ordered.categories == {0: ["b", "c", "a", "d"]}
    np.testing.assert_array_equal(ordered.blocks[0], [2, 0, 1, np.nan, 0])
    np.testing.assert_array_equal(ordered.blocks[1], np.arange(5.0))
