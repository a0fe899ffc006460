"""WasmRandomForest as the guide uses it, its functions, and wasm_wrapper.py at the repository's root."""

import os
import pickle
import subprocess
import sys
import threading
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

import wasm_ml
from wasm_ml import WasmRandomForest, _kernels, compare_with_rapids, infer_model, train_model, wrapper
from wasm_ml.errors import DeviceError

ROOT = Path(__file__).resolve().parents[2]
GPU_ENTRIES = [entry for entry in wasm_ml.Host.devices() if entry["backend"] != "cpu" and entry["usable"]]
REQUIRED = {"webgpu", "cuda"} & set(os.environ.get("WGH_REQUIRE_BACKENDS", "").split(","))
needs_gpu = pytest.mark.skipif(not GPU_ENTRIES and not REQUIRED, reason="no GPU and no software adapter")

# The guide's test_webgpu.py, as it stands there.
TEST_WEBGPU = '''
# test_webgpu.py
from wasm_wrapper import WasmRandomForest
import numpy as np

# Dati di test
X = np.random.randn(100, 10).astype(np.float32)
y = np.random.randn(100).astype(np.float32)

rf = WasmRandomForest()
rf.train(X, y)

# Test GPU inference
predictions_gpu = rf.predict_gpu(X)
print(f"GPU predictions: {predictions_gpu[:5]}")

# Confronto con CPU
predictions_cpu = rf.predict_cpu(X)
print(f"CPU predictions: {predictions_cpu[:5]}")
'''


def regression(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 5), dtype=np.float32)
    return X, (10 * X[:, 0] + 5 * np.sin(6 * X[:, 1]) + rng.normal(0, 0.1, n)).astype(np.float32)


def classification(n_classes, n=300, seed=0):
    X, y = regression(n, seed)
    edges = np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, np.digitize(y, edges)


def small(**parameters):
    return WasmRandomForest(**{"n_estimators": 20, "max_depth": 6, **parameters})


def run(*arguments, **options):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


@pytest.fixture(autouse=True)
def fresh_choice_of_adapters():
    _kernels._adapters.clear()
    yield
    _kernels._adapters.clear()


# --- The documents ---


@needs_gpu
def test_the_guides_script_runs_as_it_stands(tmp_path):
    script = tmp_path / "test_webgpu.py"
    script.write_text(TEST_WEBGPU, encoding="utf-8")
    done = run(script)  # the installed wasm_wrapper
    assert done.returncode == 0, done.stderr
    gpu, cpu = (np.fromstring(line.split("[")[1].rstrip("]"), sep=" ") for line in done.stdout.splitlines())
    assert len(gpu) == 5
    np.testing.assert_allclose(gpu, cpu, rtol=1e-5)


def test_the_base_test_prints_its_figures():
    done = run(ROOT / "wasm_wrapper.py", "--trees", 20)
    assert done.returncode == 0, done.stderr
    assert "353 rows to train, 89 to test, 10 features" in done.stdout
    assert "wasm_ml, cpu" in done.stdout
    assert "largest relative difference" in done.stdout or "no prediction on a GPU" in done.stdout


def test_without_the_package_the_remedy_is_named(tmp_path):
    done = run("-S", "-E", ROOT / "wasm_wrapper.py", cwd=tmp_path)
    assert done.returncode != 0
    assert "pip install ./python" in done.stderr


def test_scikit_learn_and_others_are_not_imported():
    code = (
        "import sys, numpy as np, wasm_ml\n"
        "X = np.random.rand(50, 3); wasm_ml.WasmRandomForest(5).train(X, X[:, 0]).predict_cpu(X)\n"
        "print([name for name in ('sklearn', 'pandas', 'matplotlib', 'treelite', 'tqdm') if name in sys.modules])"
    )
    done = run("-c", code)
    assert done.stdout.strip() == "[]", done.stderr


# --- Training ---


def test_defaults_are_the_documents():
    model = WasmRandomForest()
    assert (model.n_estimators, model.max_depth, model.seed) == (200, 16, 42)


def test_regression():
    X, y = regression()
    model = small()
    assert model.train(X[:200], y[:200]) is model
    predictions = model.predict_cpu(X[200:])
    assert model.task_ == "regression"
    assert predictions.dtype == np.float32
    assert predictions.shape == (100,)
    assert wrapper._r2(y[200:], predictions) > 0.8
    assert model.n_features_in_ == 5
    np.testing.assert_allclose(model.feature_importances_.sum(), 1)
    assert set(model.feature_importances_.argsort()[-2:]) == {0, 1}
    assert repr(model) == "<WasmRandomForest: regression, 20 trees>"


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -1, 7], np.int64),
        np.array([0, 200, 255], np.uint8),
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], object),
        np.array([False, True]),
    ],
    ids=str,
)
def test_classification_by_the_type_of_the_labels(labels):
    X, codes = classification(len(labels))
    model = small().train(X, labels[codes])
    assert model.task_ == "classification"
    np.testing.assert_array_equal(model.classes_, np.sort(labels))
    predictions = model.predict_cpu(X)
    assert predictions.dtype == model.classes_.dtype
    assert np.mean(predictions == labels[codes]) > 0.9
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (300, len(labels))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), predictions)


def test_the_task_can_be_named():
    X, y = classification(3)
    assert small(task="regression").train(X, y).task_ == "regression"
    model = small(task="classification").train(X, y.astype(float))
    np.testing.assert_array_equal(model.classes_, [0.0, 1.0, 2.0])


def test_equal_seeds_give_equal_forests():
    X, y = regression()
    first, again, other = (small(seed=seed).train(X, y).forest_.save() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("kind", [list, np.asfortranarray, lambda a: a.astype(np.float16), lambda a: a[::-1][::-1]])
def test_layouts_and_types_of_arrays(kind):
    X, y = regression(60)
    X = X.astype(np.float16).astype(np.float32)
    expected = small().train(X, y).predict_cpu(X)
    X = kind(X)
    np.testing.assert_array_equal(small().train(X, list(y)).predict_cpu(X), expected)


def test_missing_values():
    X, y = regression()
    X[::7, 0] = np.nan
    predictions = small().train(X, y).predict_cpu(X)
    assert np.isfinite(predictions).all()


def test_tables_of_pandas_with_names_and_categories():
    pandas = pytest.importorskip("pandas")
    X, y = regression()
    colours = np.array(["red", "green", "blue"])[(np.arange(len(X)) * 7) % 3]
    y = y + 20 * (colours == "green")
    frame = pandas.DataFrame({"size": X[:, 0], "colour": pandas.Categorical(colours), "weight": X[:, 1]})
    model = small().train(frame, pandas.Series(y))
    assert list(model.feature_names_in_) == ["size", "colour", "weight"]
    assert wrapper._r2(y, model.predict_cpu(frame)) > 0.9
    # By value, whatever the codes.
    reordered = frame.assign(colour=pandas.Categorical(colours, categories=["green", "red", "blue", "new"]))
    np.testing.assert_array_equal(model.predict_cpu(reordered), model.predict_cpu(frame))
    with pytest.raises(ValueError, match="column 0 is 'weight', it was 'size'"):
        model.predict_cpu(frame[["weight", "colour", "size"]])
    features = model.forest_.info()["features"]
    assert [feature["name"] for feature in features] == ["size", "colour", "weight"]
    assert features[1]["categories"][-1] == "green"  # of the highest targets
    duplicates = frame.set_axis(["a", "a", "b"], axis=1)
    assert len(small().train(duplicates, y).predict_cpu(duplicates)) == len(y)


@pytest.mark.parametrize("dtype", ["Int64", "string", "category", "boolean", "Float64"])
def test_targets_of_pandas(dtype):
    pandas = pytest.importorskip("pandas")
    X, codes = classification(2)
    labels = {"string": ["a", "b"], "category": ["a", "b"], "boolean": [False, True]}.get(dtype, [5, 7])
    y = pandas.Series([labels[code] for code in codes], dtype=dtype)
    model = small().train(X, y)
    if dtype == "Float64":
        assert model.task_ == "regression"
    else:
        assert model.classes_.tolist() == labels
        assert np.mean(model.predict_cpu(X) == np.array(labels)[codes]) > 0.9
    np.testing.assert_array_equal(small().train(X, y.to_frame()).predict_cpu(X), model.predict_cpu(X))
    y[3] = None
    with pytest.raises(ValueError, match="y: row 3 has no value"):
        small().train(X, y)


def test_parameters_reach_the_forest():
    X, y = regression()
    model = small(
        max_features="third", min_samples_split=4, min_samples_leaf=3, max_samples=0.5, min_impurity_decrease=1e-6
    ).train(X, y)
    known = model.forest_.info()
    assert known["max_depth"] == 6
    assert known["max_features"] == 1
    assert known["min_samples_split"] == 4
    assert known["min_samples_leaf"] == 3
    assert known["max_samples"] == 150
    assert known["seed"] == 42
    assert small(max_depth=None).train(X, y).forest_.info()["max_depth"] == 0
    assert model.forest_.n_trees == 20


@pytest.mark.parametrize(
    ("given", "task", "tried"),
    [
        (None, "regression", 12),
        (None, "classification", 3),
        ("sqrt", "regression", 3),
        ("log2", "regression", 3),
        ("third", "regression", 4),
        (0.5, "regression", 6),
        (1.0, "classification", 12),
        (1, "regression", 1),
    ],
)
def test_features_that_are_tried(given, task, tried):
    assert wrapper._features_tried(given, 12, task) == tried


def test_weights_of_rows():
    X, y = regression()
    both = np.concatenate([X, X]), np.concatenate([y, y + 100])
    weights = np.repeat([1.0, 0.0], len(X))
    for bootstrap in (True, False):
        model = small(bootstrap=bootstrap).train(*both, sample_weight=weights)
        assert model.predict_cpu(X).max() < 50


def test_out_of_bag():
    X, y = regression()
    model = small(n_estimators=50, oob_score=True).train(X, y)
    assert model.oob_prediction_.shape == (300,)
    assert model.oob_score_ == pytest.approx(wrapper._r2(y, model.oob_prediction_))
    X, y = classification(3)
    model = small(n_estimators=50, oob_score=True).train(X, y)
    assert model.oob_prediction_.shape == (300, 3)
    assert model.oob_score_ > 0.7
    with pytest.warns(RuntimeWarning, match="more trees help"):
        small(n_estimators=1, oob_score=True).train(X, y)
    model.oob_score = False
    assert not hasattr(model.train(X, y), "oob_score_")


def test_progress_is_told():
    X, y = regression()
    told = []
    small().train(X, y, progress=told.append)
    assert told == sorted(told)
    assert all(0 <= n <= 20 for n in told)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"task": "ranking"}, "task"),
        ({"backend": "cpu"}, "backend"),
        ({"max_features": 0}, "max_features"),
        ({"max_features": 6}, "max_features"),
        ({"max_features": "half"}, "max_features"),
        ({"max_features": True}, "max_features"),
        ({"max_samples": 0.0}, "max_samples"),
        ({"max_samples": 301}, "max_samples"),
        ({"max_samples": 10, "bootstrap": False}, "max_samples"),
        ({"oob_score": True, "bootstrap": False}, "oob_score"),
        ({"n_estimators": 0}, "n_trees|n-trees|trees"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    X, y = regression()
    with pytest.raises(ValueError, match=message):
        small(**parameters).train(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((3, 2)), np.ones(4), "X has 3 rows, y has 4"),
        (np.ones(3), np.ones(3), "2D"),
        (np.ones((3, 2)), np.ones((3, 2)), "y has 2 dimensions"),
        (np.ones((4, 2)), np.array([1, 1, 1, 1]), "1 different labels"),
        (np.ones((300, 2)), np.arange(300), "300 different labels.*task='regression'"),
        (np.ones((3, 2)), np.array(["a", None, "b"], object), "row 1 has no value"),
        (np.ones((3, 2)), np.array(["a", 1, "b"], object), "different types"),
        (np.ones((3, 2)), np.array([1.0, np.nan, 2.0]), "1"),
        (np.array([[1.0, np.inf], [1, 2]]), np.array([1.0, 2.0]), "infinit|inf"),
        (np.array([["a", "b"]]), np.array([1.0]), "text|convert|numeric"),
    ],
)
def test_bad_data_is_named(X, y, message):
    with pytest.raises(ValueError, match=message):
        small().train(X, y)


def test_prediction_needs_a_trained_forest_and_its_features():
    X, y = regression()
    with pytest.raises(ValueError, match="not trained"):
        small().predict_cpu(X)
    with pytest.raises(ValueError, match="not trained"):
        small().predict_gpu(X)
    model = small().train(X, y)
    with pytest.raises(ValueError, match="3 features"):
        model.predict_cpu(X[:, :3])
    with pytest.raises(ValueError, match="3 features"):
        model.predict_gpu(X[:, :3])
    with pytest.raises(ValueError, match="probabilities"):
        model.predict_proba(X)


def test_a_timeout_ends_a_training():
    rng = np.random.default_rng(0)
    X = rng.random((20000, 20), dtype=np.float32)
    with pytest.raises(TimeoutError):
        WasmRandomForest(2000, None, timeout=0.2).train(X, X[:, 0])


def test_pickle_keeps_the_model():
    X, y = classification(3)
    model = small().train(X, np.array(["x", "y", "z"])[y])
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(copy.classes_, model.classes_)


def test_training_again_replaces_the_model():
    X, y = classification(2)
    model = small().train(X, y)
    model.train(X, y.astype(float))
    assert model.task_ == "regression"
    assert not hasattr(model, "classes_")


# --- Arrays of CUDA ---


class OnDevice:
    """What arrays of CUDA have in common."""

    __cuda_array_interface__ = {}

    def __init__(self, array):
        self.array = array


class LikeCupy(OnDevice):
    def get(self):
        return self.array


class LikeTorch(OnDevice):
    requires_grad = True

    def detach(self):
        return self

    def cpu(self):
        return types.SimpleNamespace(numpy=lambda: self.array)


class LikeNumba(OnDevice):
    def copy_to_host(self):
        return self.array


class ByDlpack:
    """On the device to whom asks for no other."""

    def __init__(self, array):
        self.array = array

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, *, dl_device=None, **options):
        assert dl_device[0] == 1
        return self.array.__dlpack__()


@pytest.mark.parametrize("kind", [LikeCupy, LikeTorch, LikeNumba, ByDlpack])
def test_arrays_of_cuda_are_copied_by_their_library(kind):
    X, y = regression(60)
    model = small().train(kind(X), kind(y))
    np.testing.assert_array_equal(model.predict_cpu(kind(X)), small().train(X, y).predict_cpu(X))


def test_arrays_of_cuda_that_cannot_be_copied():
    X, y = regression(60)
    with pytest.raises(TypeError, match="tensor.cpu"):
        small().train(OnDevice(X), y)


@pytest.mark.parametrize("library", ["cupy", "torch"])
def test_real_arrays_of_cuda(library):
    module = pytest.importorskip(library)
    X, y = regression(60)
    try:
        on_device = module.asarray(X) if library == "cupy" else module.from_numpy(X).cuda()
    except Exception as error:
        pytest.skip(f"no device: {error}")
    np.testing.assert_array_equal(
        small().train(on_device, y).predict_cpu(on_device), small().train(X, y).predict_cpu(X)
    )


# --- predict_gpu ---


def on_gpu(model, X, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return model.predict_gpu(X, **options)


@needs_gpu
def test_gpu_regression():
    X, y = regression()
    model = small().train(X, y)
    predictions = on_gpu(model, X)
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions, model.predict_cpu(X), rtol=2e-6)
    np.testing.assert_allclose(on_gpu(model, X[:1].astype(np.float64)), model.predict_cpu(X[:1]), rtol=2e-6)
    np.testing.assert_allclose(on_gpu(model, X[:0].copy()), [])


@needs_gpu
@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_gpu_classification(n_classes):
    X, y = classification(n_classes)
    model = small().train(X, y)
    probabilities = on_gpu(model, X, probabilities=True)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-6)
    labels = on_gpu(model, X)
    assert np.mean(labels == model.predict_cpu(X)) > 0.99  # but for ties


@needs_gpu
def test_gpu_uses_the_forest_again():
    X, y = regression()
    model = small().train(X, y)
    first = on_gpu(model, X)
    kernels = model._kernels
    np.testing.assert_array_equal(on_gpu(model, X), first)
    assert model._kernels is kernels
    model.train(X, -y)
    np.testing.assert_allclose(on_gpu(model, X), model.predict_cpu(X), rtol=2e-6)
    assert b"_kernels" not in pickle.dumps(model)


@needs_gpu
def test_gpu_many_rows_in_parts(monkeypatch):
    X, y = regression()
    model = small().train(X, y)
    monkeypatch.setattr(_kernels, "_PART_BYTES", 4 * 5 * 64)
    np.testing.assert_allclose(on_gpu(model, X), model.predict_cpu(X), rtol=2e-6)


@needs_gpu
def test_gpu_trees_of_one_leaf():
    X, _ = regression()
    model = small().train(X, np.full(len(X), 3.5))
    np.testing.assert_allclose(on_gpu(model, X), 3.5)


@needs_gpu
def test_gpu_rows_with_missing_values_are_refused_where_the_kernel_cannot():
    X, y = regression()
    model = small().train(X, y)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="row 3 has a missing value.*predict_cpu"):
        on_gpu(model, X)
    np.testing.assert_allclose(on_gpu(model, X[:3]), model.predict_cpu(X[:3]), rtol=2e-6)


@needs_gpu
def test_gpu_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    X, y = regression()
    frame = pandas.DataFrame({"a": X[:, 0], "b": pandas.Categorical((X[:, 1] * 3).astype(int)), "c": X[:, 2] > 0.5})
    model = small().train(frame, y)
    np.testing.assert_allclose(on_gpu(model, frame), model.predict_cpu(frame), rtol=2e-6)


@needs_gpu
def test_gpu_from_many_threads():
    X, y = regression()
    model = small().train(X, y)
    expected = model.predict_cpu(X)
    results = []
    threads = [threading.Thread(target=lambda: results.append(on_gpu(model, X))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_allclose(result, expected, rtol=2e-6)


@needs_gpu
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forks beside threads
def test_gpu_after_a_fork():
    X, y = regression()
    model = small().train(X, y)
    expected = on_gpu(model, X)
    child = os.fork()
    if child == 0:
        try:
            np.testing.assert_array_equal(model.predict_cpu(X), small().train(X, y).predict_cpu(X))
            on_gpu(model, X)
        except DeviceError as error:
            os._exit(0 if "spawn" in str(error) else 1)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(on_gpu(model, X), expected)


@needs_gpu
def test_a_software_adapter_is_a_warning_with_its_name():
    X, y = regression()
    model = small().train(X, y)
    adapter = _kernels.choose_adapter(None, None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.predict_gpu(X)
    if adapter["is_hardware"]:
        assert not caught
    else:
        assert [warning.category for warning in caught] == [RuntimeWarning]
        assert adapter["name"] in str(caught[0].message)
        assert caught[0].filename == __file__


@needs_gpu
def test_a_device_that_is_not_there():
    X, y = regression()
    model = small(backend=GPU_ENTRIES[0]["backend"], device=99).train(X, y)
    with pytest.raises(DeviceError, match="99.*there is"):
        model.predict_gpu(X)


@needs_gpu
def test_a_kernels_error_is_told():
    X, y = regression()
    model = small().train(X, y)
    on_gpu(model, X)
    model._kernels._n_features = 6  # as large as the rows are not
    with pytest.raises(wasm_ml.errors.Error, match="invalid parameters: ."):
        on_gpu(model, X)
    np.testing.assert_allclose(on_gpu(model, X), model.predict_cpu(X), rtol=2e-6)


def entry(backend, index=0, usable=True, name="", is_hardware=True, reason=""):
    known = {"backend": backend, "index": index, "usable": usable, "reason": reason, "details": ""}
    return known | ({"name": name, "is_hardware": is_hardware} if usable else {})


def test_no_adapter_is_an_error_with_reason_and_remedy(monkeypatch):
    X, y = regression()
    model = small().train(X, y)
    entries = [
        entry("cuda", usable=False, reason="no driver"),
        entry("webgpu", usable=False, reason="no Vulkan loader: install libvulkan1"),
        entry("cpu", name="CPU", is_hardware=False),
    ]
    monkeypatch.setattr(wasm_ml.Host, "devices", staticmethod(lambda: entries))
    message = "cuda: no driver; webgpu: no Vulkan loader.*mesa-vulkan-drivers.*predict_cpu"
    with pytest.raises(DeviceError, match=message):
        model.predict_gpu(X)
    np.testing.assert_array_equal(infer_model(model, X), model.predict_cpu(X))


def test_hardware_goes_first_and_the_environment_is_heard(monkeypatch):
    entries = [
        entry("webgpu", 0, name="llvmpipe", is_hardware=False),
        entry("webgpu", 1, name="a GPU"),
        entry("cuda", 0, usable=False, reason="no driver"),
    ]
    monkeypatch.setattr(wasm_ml.Host, "devices", staticmethod(lambda: entries))
    monkeypatch.delenv("WASMTIME_GPU_HOST_BACKEND", raising=False)
    assert _kernels.choose_adapter(None, None)["name"] == "a GPU"
    assert _kernels.choose_adapter("webgpu", 0)["name"] == "llvmpipe"
    with pytest.raises(DeviceError, match="no driver"):
        _kernels.choose_adapter("cuda", None)
    monkeypatch.setenv("WASMTIME_GPU_HOST_BACKEND", "cuda")
    with pytest.raises(DeviceError, match="no driver"):
        _kernels.choose_adapter(None, None)
    monkeypatch.setenv("WASMTIME_GPU_HOST_BACKEND", "cpu")
    assert _kernels.choose_adapter(None, None)["name"] == "a GPU"


# --- Functions ---


def test_train_model_and_infer_model(tmp_path):
    X, y = regression()
    path = tmp_path / "forest.model"
    model = train_model(X, y, model_path=path, n_estimators=10, max_depth=5)
    assert model.forest_.n_trees == 10
    np.testing.assert_array_equal(infer_model(path, X, on="cpu"), model.predict_cpu(X))
    with pytest.raises(ValueError, match="on: 'tpu'"):
        infer_model(model, X, on="tpu")


@needs_gpu
def test_infer_model_on_the_gpu():
    X, y = regression()
    model = train_model(X, y, n_estimators=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        np.testing.assert_allclose(infer_model(model, X, on="gpu"), model.predict_cpu(X), rtol=2e-6)
    np.testing.assert_allclose(infer_model(model, X), model.predict_cpu(X), rtol=2e-6)
    X[0, 0] = np.nan  # which the kernels cannot
    np.testing.assert_array_equal(infer_model(model, X), model.predict_cpu(X))


def test_compare_takes_scikit_learn_where_cuml_is_not(capsys, tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setitem(sys.modules, "cuml", None)
    plot = tmp_path / "comparison.png"
    figures = compare_with_rapids(n_estimators=10, repeat=1, plot=plot)
    assert figures["peer"] == "scikit-learn"
    assert (figures["train_rows"], figures["test_rows"], figures["features"]) == (353, 89, 10)
    ours, theirs = figures["results"]["wasm_ml, cpu"], figures["results"]["scikit-learn"]
    assert set(ours) == set(theirs) == {"train_ms", "predict_ms", "mse", "r2"}
    assert abs(ours["r2"] - theirs["r2"]) < 0.15
    printed = capsys.readouterr().out
    assert "scikit-learn" in printed
    assert "cuML is not installed" in printed
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_compare_with_data_of_ones_own(monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.setitem(sys.modules, "cuml", None)
    figures = compare_with_rapids(*classification(3), n_estimators=10, repeat=1, plot=False, verbose=False)
    assert figures["task"] == "classification"
    assert (figures["train_rows"], figures["test_rows"]) == (240, 60)
    assert figures["results"]["wasm_ml, cpu"]["accuracy"] > 0.7
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="go together"):
        compare_with_rapids(np.ones((3, 2)))
    with pytest.raises(ValueError, match="test_size"):
        compare_with_rapids(np.ones((3, 2)), np.ones(3), test_size=0.0)


def test_compare_with_cuml_where_it_is(monkeypatch):
    ensemble = pytest.importorskip("sklearn.ensemble")

    class Forest(ensemble.RandomForestRegressor):
        def predict(self, X):
            return LikeCupy(super().predict(X))

    cuml = types.ModuleType("cuml")
    cuml.ensemble = types.ModuleType("cuml.ensemble")
    cuml.ensemble.RandomForestRegressor = Forest
    monkeypatch.setitem(sys.modules, "cuml", cuml)
    monkeypatch.setitem(sys.modules, "cuml.ensemble", cuml.ensemble)
    figures = compare_with_rapids(n_estimators=10, repeat=1, plot=False, verbose=False)
    assert figures["peer"] == "cuML"
    assert figures["results"]["cuML"]["r2"] > 0.2

    def no_gpu(self, *arguments):
        raise RuntimeError("no CUDA device")

    monkeypatch.setattr(Forest, "fit", no_gpu)
    figures = compare_with_rapids(n_estimators=10, repeat=1, plot=False, verbose=False)
    assert figures["peer"] == "scikit-learn"
    assert "cuML" not in figures["results"]
    assert any("does not work here (no CUDA device)" in note for note in figures["notes"])


def test_real_cuml():
    pytest.importorskip("cuml")
    assert compare_with_rapids(n_estimators=10, plot=False)["peer"] in ("cuML", "scikit-learn")
