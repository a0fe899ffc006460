"""Type hints: of all functions of the installed package, and what a type checker makes of a user's program."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[1] / "pyproject.toml"

# Lines end with what mypy has to say of them: a part of the type that it reveals, or the kind of error; of others nothing.
PROGRAM = '''\
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import wasm_ml
from wasm_ml import Forest, Growth, Host, RandomForestClassifier, RandomForestRegressor, WasmRandomForest, dask, errors

X = np.zeros((4, 2))
y = [1, 2, 1, 2]
classifier = RandomForestClassifier(10, max_features=0.5, backend="cpu", random_state=0)
reveal_type(classifier.fit(X, y))  # RandomForestClassifier
assert_type(classifier.fit([[1.0, None]], ["a"]).predict_proba(X), NDArray[np.float64])
reveal_type(RandomForestRegressor.load("a.model"))  # RandomForestRegressor
reveal_type(classifier.forest_.n_trees)  # int"
reveal_type(WasmRandomForest().train(X, y))  # WasmRandomForest
forest = Forest.grow(X, y, Growth(n_trees=3))
assert_type(forest.predict(X), NDArray[np.float32])
assert_type(forest.predict(X, "leaves"), NDArray[np.uint32])
reveal_type(wasm_ml.load("a.model"))  # WasmRandomForest
host = Host("cpu", timeout=1.5)
reveal_type(host.run("a.wasm", ["--help"], dirs=[("/srv", "data")]).stdout)  # bytes"
reveal_type(host.load(b"").instance())  # Instance
reveal_type(dask.RandomForestRegressor(20, distribute="partitions").fit(X, y))  # RandomForestRegressor
reveal_type(errors.DeviceError("no"))  # DeviceError

RandomForestClassifier(n_estimators="many")  # [arg-type]
RandomForestClassifier(trees=10)  # [call-arg]
RandomForestRegressor(backend="gpu")  # [arg-type]
RandomForestRegressor().fit(object(), y)  # [arg-type]
WasmRandomForest().predict_gpu(X, probability=True)  # [call-arg]
forest.predict(X, "leafs")  # [call-overload]
forest.n_tres  # [attr-defined]
Growth(n_trees="3")  # [arg-type]
host.run("a.wasm", check="yes")  # [arg-type]
wasm_ml.save(3, "a.model")  # [arg-type]
wasm_ml.infer_model("a.model", X, on="tpu")  # [arg-type]
dask.RandomForestClassifier(distribute="rows")  # [arg-type]
wasm_ml.RandomForest  # [attr-defined]


def without_types(x):  # [no-untyped-def]
    return x
'''


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mypy")  # without sources: what is installed is checked

    def run(*arguments):
        command = [sys.executable, "-m", "mypy", "--config-file", CONFIG, "--cache-dir", folder / "cache", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True)

    return run


def test_package_has_types(mypy):
    done = mypy()
    assert done.returncode == 0, done.stdout + done.stderr


def test_program(mypy, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = mypy("--no-implicit-reexport", "--hide-error-context", program)
    assert done.returncode == 1, done.stdout + done.stderr
    said = {}
    for line, text in re.findall(r"^[^:\n]+:(\d+): (error: .*|note: Revealed type is .*)$", done.stdout, re.MULTILINE):
        said.setdefault(int(line), []).append(text)
    for number, line in enumerate(PROGRAM.splitlines(), 1):
        _, _, expected = line.partition("  # ")
        found = "; ".join(said.get(number, []))
        assert bool(found) == bool(expected), (line, found)
        kind = "error:" if expected.startswith("[") else "note:"
        assert not expected or (found.startswith(kind) and expected in found), (line, found)
