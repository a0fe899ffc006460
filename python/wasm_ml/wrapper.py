"""Random forests as the project's guide uses them: a class with train, predict_gpu and predict_cpu.

    from wasm_wrapper import WasmRandomForest

    forest = WasmRandomForest().train(X, y)
    forest.predict_cpu(X)  # the engine of the cpu backend
    forest.predict_gpu(X)  # kernel-batch-predict of wasi:gpu, on a GPU or a software adapter

Training and predictions happen inside sandboxed modules. Nothing here imports scikit-learn, but what compares with it.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ._engine import Device, Forest, Growth
from ._tables import Table
from .errors import DeviceError, Error

__all__ = ["WasmRandomForest", "train_model", "infer_model", "compare_with_rapids", "main"]

_MAX_CLASSES = 256
_GPU_BACKENDS = ("cuda", "webgpu")


class WasmRandomForest:
    """A random forest for regression or classification.

    The defaults are the guide's: 200 trees of depth 16, all features tried at each node of a regression.

    Parameters
    ----------
    n_estimators : int
        Trees, 1 or more.
    max_depth : int or None
        Edges from a tree's root to a leaf, at most; 0 or None: any number.
    max_features : int, float, "all", "sqrt", "log2", "third" or None
        Features tried at each node: a number, a share of them, or all; None: all, of a classification "sqrt".
    min_samples_split, min_samples_leaf : int
        Different rows in a node that is split, in a leaf, at least.
    min_impurity_decrease : float
        Decrease of the impurity, weighted by the node's share of the rows, that a split must reach.
    bootstrap : bool
        Whether each tree draws its rows, with replacement; else it sees all, once.
    max_samples : int, float or None
        Rows that a tree draws: a number, a share of the rows, or as many as there are.
    oob_score : bool
        Whether training also predicts each row by the trees that did not draw it: ``oob_prediction_``, ``oob_score_``.
    seed : int
        Of the random numbers, 0 to 2**64 - 1. Equal seeds, data and parameters give equal forests.
    task : "regression", "classification" or None
        None: floats as targets make a regression; whole numbers, booleans and texts a classification.
    backend : "webgpu", "cuda" or None
        What predict_gpu computes on; None: the environment's (WASMTIME_GPU_HOST_BACKEND), or the best that works.
    device : int or None
        Number of the backend's device; None: its first usable one.
    max_gpu_memory : int or None
        Bytes of buffers and models that a module may hold.
    threads : int or None
        Of the cpu backend; None: all of this process's.
    timeout : float or None
        Seconds that a training, or a prediction on the CPU, may take: TimeoutError then.

    Attributes
    ----------
    forest_ : wasm_ml._engine.Forest
        The model in its sandbox.
    task_ : str
        "regression", "classification", or, of some imported forests, "scores".
    classes_ : ndarray of shape (n_classes,)
        Labels of a classification, in order.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where the columns had names.
    feature_importances_ : ndarray of float64, shape (n_features,)
    """

    def __init__(
        self,
        n_estimators: int = 200,
        max_depth: int | None = 16,
        *,
        max_features: int | float | str | None = None,
        min_samples_split: int = 2,
        min_samples_leaf: int = 1,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        max_samples: int | float | None = None,
        oob_score: bool = False,
        seed: int = 42,
        task: str | None = None,
        backend: str | None = None,
        device: int | None = None,
        max_gpu_memory: int | None = None,
        threads: int | None = None,
        timeout: float | None = None,
    ):
        if task not in (None, "regression", "classification"):
            raise ValueError(f"task: {task!r} is neither 'regression' nor 'classification'")
        if backend is not None and backend not in _GPU_BACKENDS:
            raise ValueError(f"backend: {backend!r} is neither 'cuda' nor 'webgpu', which predict_gpu computes on")
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.max_features = max_features
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.oob_score = oob_score
        self.seed = seed
        self.task = task
        self.backend = backend
        self.device = device
        self.max_gpu_memory = max_gpu_memory
        self.threads = threads
        self.timeout = timeout

    def __repr__(self) -> str:
        state = f"{self.task_}, {self.forest_.n_trees} trees" if hasattr(self, "forest_") else "not trained"
        return f"<WasmRandomForest: {state}>"

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_kernels"}

    # --- Training ---

    def train(self, X: Any, y: Any, sample_weight: Any = None, *, progress: Any = None) -> WasmRandomForest:
        """Grows the forest, on the CPU.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            A NumPy array of any numeric type and layout, a pandas or polars table, Arrow, a CUDA array (which is copied
            to the host), nested lists. NaN is a missing value; infinite ones are errors.
        y : array of shape (n_rows,)
            Numbers, or, of a classification, 2 to 256 different labels.
        sample_weight : array of shape (n_rows,), optional
            0 or more for each row: with ``bootstrap`` its chance of being drawn, else its weight in the criterion.
        progress : callable, optional
            Called with the number of finished trees now and then.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Bad data or parameters; names the column and row, or the parameter.
        TypeError
            Data of a type that is not read.
        MemoryError, TimeoutError
            Beyond ``max_gpu_memory``, ``timeout``.
        """
        table = Table.of(_to_host(X))
        targets = _column(y, "y")
        if len(targets) != table.n_rows:
            raise ValueError(f"X has {table.n_rows} rows, y has {len(targets)}")
        task = self.task or _task_of(targets)
        classes = None
        if task == "classification":
            classes, targets = _encode(targets)
        else:
            targets = _numbers(targets, "y")
        table = table.order_categories(targets if classes is None else _key_class(targets))
        weights = None if sample_weight is None else _numbers(_column(sample_weight, "sample_weight"), "sample_weight")
        if weights is not None and len(weights) != table.n_rows:
            raise ValueError(f"X has {table.n_rows} rows, sample_weight has {len(weights)}")
        forest = Forest.grow(
            table,
            targets,
            self._growth(table, task),
            n_classes=0 if classes is None else len(classes),
            draw_weights=weights if self.bootstrap else None,
            criterion_weights=None if self.bootstrap else weights,
            device=Device("cpu", None, self.max_gpu_memory, self.threads),
            timeout=self.timeout,
            progress=progress,
        )
        forest.set_names(
            features=table.names if table.names and _are_names(table.names) else None,
            classes=None if classes is None else _to_texts(classes),
            categories={column: _to_texts(values) for column, values in table.categories.items()},
        )
        self._adopt(forest, task, classes, table.names, table.categories)
        if self.oob_score:
            self._judge_out_of_bag(targets)
        return self

    def _growth(self, table: Table, task: str) -> Growth:
        if self.max_samples is not None and not self.bootstrap:
            raise ValueError("max_samples needs bootstrap=True: else each tree sees all rows")
        if self.oob_score and not self.bootstrap:
            raise ValueError("oob_score needs bootstrap=True: else no row is out of the bag")
        return Growth(
            n_trees=self.n_estimators,
            max_depth=self.max_depth or 0,
            max_features=_features_tried(self.max_features, table.n_features, task),
            min_samples_split=self.min_samples_split,
            min_samples_leaf=self.min_samples_leaf,
            min_impurity_decrease=self.min_impurity_decrease,
            bootstrap=self.bootstrap,
            n_draws=_rows_drawn(self.max_samples, table.n_rows),
            out_of_bag=self.oob_score,
            seed=self.seed,
        )

    def _adopt(
        self, forest: Forest, task: str, classes: np.ndarray | None, names: list[str] | None, categories: dict
    ) -> None:
        for name in ("classes_", "feature_names_in_", "oob_prediction_", "oob_score_", "_kernels"):
            self.__dict__.pop(name, None)
        self.forest_ = forest
        self.task_ = task
        if classes is not None:
            self.classes_ = classes
        self.n_features_in_ = forest.n_features
        if names is not None:
            self.feature_names_in_ = np.asarray(names, dtype=object)
        self._categories = categories

    def _judge_out_of_bag(self, targets: np.ndarray) -> None:
        outputs = self.forest_.out_of_bag(len(targets))
        known = ~np.isnan(outputs[:, 0])
        if not known.all():
            warnings.warn(
                f"every tree drew {np.count_nonzero(~known)} of the rows, which have no out-of-bag prediction; "
                "more trees help",
                RuntimeWarning,
                stacklevel=3,
            )
        if self.task_ == "classification":
            self.oob_prediction_ = outputs
            right = outputs[known].argmax(axis=1) == targets[known]
            self.oob_score_ = float(right.mean()) if known.any() else float("nan")
        else:
            self.oob_prediction_ = outputs[:, 0]
            self.oob_score_ = _r2(targets[known], self.oob_prediction_[known]) if known.any() else float("nan")

    @classmethod
    def _of_forest(cls, forest: Forest, *, classes: np.ndarray | None = None, **parameters: Any) -> WasmRandomForest:
        """A trained one, around a model that exists; labels are read from their texts where none are given."""
        info = forest.info()
        task = info["task"]
        known = {name: info[name] for name in ("max_depth", "min_samples_split", "min_samples_leaf") if name in info}
        known |= {name: info[name] for name in ("min_impurity_decrease", "bootstrap", "seed") if name in info}
        known["max_features"] = info.get("max_features") or None
        known["max_samples"] = info.get("max_samples") or None
        model = cls(**{"n_estimators": forest.n_trees, **known, **parameters})
        if task == "classification" and classes is None:
            classes = np.array(_from_texts(info["classes"]))
        names = [feature["name"] for feature in info["features"]]
        are_names = names != [str(i) for i in range(len(names))]
        categories = {i: _from_texts(f["categories"]) for i, f in enumerate(info["features"]) if f.get("categories")}
        if task != "classification":
            classes = None
        model._adopt(forest, task, classes, names if are_names else None, categories)
        return model

    # --- Prediction ---

    def predict_cpu(self, X: Any, *, probabilities: bool = False) -> np.ndarray:
        """Predicts on the cpu backend, on all threads.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            As for `train`.
        probabilities : bool
            Of a classification: the classes' probabilities instead of labels.

        Returns
        -------
        ndarray
            Of a regression float32 (n_rows,); of a classification labels (n_rows,), or float32 (n_rows, n_classes); of
            scores float32 (n_rows,) or (n_rows, n_outputs).
        """
        self._check_trained()
        # Plain arrays go to the module as they are.
        rows = X if type(X) is np.ndarray else self._table(X)
        return self._answer(self.forest_.predict(rows, timeout=self.timeout), probabilities)

    def predict_gpu(self, X: Any, *, probabilities: bool = False) -> np.ndarray:
        """Predicts on a GPU, or on a software adapter, by kernel-batch-predict of wasi:gpu.

        The forest is put on the device once, by the first call, and stays there. Values are those of `predict_cpu` but
        for the rounding of f32 sums. Of a classification the kernel runs once for each class (of two: once).

        Parameters and return values are those of `predict_cpu`.

        Raises
        ------
        DeviceError
            There is no adapter at all, or not the one that ``backend`` and ``device`` name: with reason and remedy.
        ValueError
            What the kernel cannot do and `predict_cpu` can: rows with missing values where the forest sends some of
            them to the left, imported forests that add trees up instead of averaging them.

        Warns
        -----
        RuntimeWarning
            On a software adapter, by name: it is slower than `predict_cpu`.
        """
        table = self._table(X)
        adapter = _choose_adapter(self.backend, self.device)
        if not adapter["is_hardware"]:
            warnings.warn(
                f"predict_gpu computes on {adapter['backend']}: {adapter['name']}, a software adapter, which is slower "
                "than predict_cpu",
                RuntimeWarning,
                stacklevel=2,
            )
        kernels = self.__dict__.get("_kernels")
        if kernels is None or not kernels.serves(self.forest_, adapter):
            kernels = self._kernels = _Kernels(self.forest_, adapter, self.max_gpu_memory)
        try:
            outputs = kernels.predict(_matrix(table))
        except (Error, KeyboardInterrupt):
            self.__dict__.pop("_kernels", None)  # the instance may have ended
            raise
        return self._answer(outputs, probabilities)

    def predict(self, X: Any) -> np.ndarray:
        """`predict_cpu`, by the name that pipelines call."""
        return self.predict_cpu(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes on the CPU: float32 (n_rows, n_classes)."""
        return self.predict_cpu(X, probabilities=True)

    @property
    def feature_importances_(self) -> np.ndarray:
        """Each feature's share of the decrease of impurity: float64 (n_features,), which add up to 1."""
        self._check_trained()
        try:
            return self.forest_.importances()
        except ValueError as error:  # not grown here
            raise AttributeError(f"feature_importances_: {error}") from error

    def _check_trained(self) -> None:
        if "forest_" not in self.__dict__:
            raise _not_fitted("this WasmRandomForest is not trained yet: call train(X, y) first")

    def _table(self, X: Any) -> Table:
        self._check_trained()
        table = Table.of(_to_host(X), categories=self._categories or None)
        if table.n_features != self.n_features_in_:
            raise ValueError(f"X has {table.n_features} features, but the forest was trained on {self.n_features_in_}")
        names = self.__dict__.get("feature_names_in_")
        if table.names is not None and names is not None and list(table.names) != list(names):
            at = next(i for i, (ours, theirs) in enumerate(zip(names, table.names)) if ours != theirs)
            raise ValueError(
                f"the columns of X are not those of the training, in their order: column {at} is {table.names[at]!r}, "
                f"it was {names[at]!r}"
            )
        return table

    def _answer(self, outputs: np.ndarray, probabilities: bool) -> np.ndarray:
        if self.task_ != "classification":
            if probabilities:
                raise ValueError(f"probabilities are for classifications; this forest is for {self.task_}")
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs
        if outputs.shape[1] == 1:  # of two classes the second one's
            outputs = np.concatenate([1 - outputs, outputs], axis=1)
        return outputs if probabilities else self.classes_[outputs.argmax(axis=1)]

    # --- Files ---

    def save(self, path: str | os.PathLike) -> None:
        """Writes a model file (docs/model-format.md), which `load`, and the program wasm_ml, read."""
        from .interchange import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike, **parameters: Any) -> WasmRandomForest:
        """Reads a model file. ValueError where it is none; `parameters` as of the class, such as ``backend``."""
        from .interchange import load

        return load(path, **parameters)


def train_model(X: Any, y: Any, *, model_path: str | os.PathLike | None = None, **parameters: Any) -> WasmRandomForest:
    """Trains a forest, and writes it to a file if one is named. `parameters`: those of WasmRandomForest."""
    model = WasmRandomForest(**parameters).train(X, y)
    if model_path is not None:
        model.save(model_path)
    return model


def infer_model(
    model: WasmRandomForest | str | os.PathLike, X: Any, *, on: str = "auto", probabilities: bool = False
) -> np.ndarray:
    """Predicts rows with a forest, or with one that `train_model` wrote to a file.

    ``on`` is "cpu", "gpu", or "auto": the GPU where there is one of hardware that can predict the forest, else the CPU.
    Returns what `WasmRandomForest.predict_cpu` does.
    """
    if on not in ("auto", "cpu", "gpu"):
        raise ValueError(f"on: {on!r} is none of 'auto', 'cpu', 'gpu'")
    if not isinstance(model, WasmRandomForest):
        model = WasmRandomForest.load(model)
    if on == "auto":
        try:
            on = "gpu" if _choose_adapter(model.backend, model.device)["is_hardware"] else "cpu"
        except DeviceError:
            on = "cpu"
        if on == "gpu":
            try:
                return model.predict_gpu(X, probabilities=probabilities)
            except ValueError:  # the kernels cannot; or the data is bad, which the CPU says again
                on = "cpu"
    return (model.predict_gpu if on == "gpu" else model.predict_cpu)(X, probabilities=probabilities)


# --- Data ---


def _is_on_device(data: Any) -> bool:
    if hasattr(data, "__cuda_array_interface__"):
        return True
    device = getattr(data, "__dlpack_device__", None)
    if device is None or isinstance(data, np.ndarray):
        return False
    return int(device()[0]) in (2, 13)  # kDLCUDA, kDLCUDAManaged


def _to_host(data: Any) -> Any:
    """Arrays and tables of a CUDA device as the host's, by the library that owns them; all else as it is."""
    if type(data).__module__.partition(".")[0] == "cudf" and hasattr(data, "to_pandas"):
        return data.to_pandas()
    if hasattr(data, "detach") and getattr(data, "requires_grad", False):  # a PyTorch tensor with a gradient
        data = data.detach()
    if not _is_on_device(data):
        return data
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    try:
        if hasattr(data, "detach") and hasattr(data, "cpu"):  # PyTorch
            return data.detach().cpu().numpy()
        for method in ("get", "copy_to_host", "to_host"):  # CuPy; Numba; others
            if callable(getattr(data, method, None)):
                return getattr(data, method)()
        return np.from_dlpack(data, device="cpu", copy=True)
    except Exception as error:
        raise TypeError(
            f"an array of type {kind} on a CUDA device could not be copied to the host ({error}): copy it first, "
            "as array.get() of CuPy or tensor.cpu() of PyTorch do"
        ) from error


def _column(values: Any, name: str) -> np.ndarray:
    """One dimension of whatever there is; also a table of one column."""
    values = _to_host(values)
    if hasattr(values, "isna"):  # of pandas, whose NA is neither equal nor unequal to itself
        missing = np.asarray(values.isna()).reshape(-1)
        if missing.any():
            raise ValueError(f"{name}: row {int(missing.argmax())} has no value")
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions: one value for each row is needed")
    return array


def _numbers(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind in "fiub" and array.dtype.itemsize <= 8:
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: its values must be numbers, not {array.dtype}") from None


def _task_of(targets: np.ndarray) -> str:
    kind = targets.dtype.kind
    if kind == "O":  # of pandas: texts, or numbers and missing ones
        kind = "f" if len(targets) and all(isinstance(y, (float, np.floating)) for y in targets) else "U"
    if kind == "f":
        return "regression"
    if kind in "iubUST":
        return "classification"
    raise ValueError(f"y: values of type {targets.dtype} are neither numbers nor labels")


def _encode(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different labels in order, and of each row the number of its own."""
    if labels.dtype.kind == "O":
        missing = np.fromiter((y is None or y != y for y in labels), bool, len(labels))
    else:
        missing = np.isnan(labels) if labels.dtype.kind == "f" else np.zeros(len(labels), bool)
    if missing.any():
        raise ValueError(f"y: row {int(missing.argmax())} has no value")
    try:
        classes, numbers = np.unique(labels, return_inverse=True)
    except TypeError:
        raise ValueError("y: labels of different types have no order: make them all texts, or all numbers") from None
    if not 2 <= len(classes) <= _MAX_CLASSES:
        hint = "" if len(classes) < 2 else "; of a regression y has floats, or task='regression' is given"
        raise ValueError(f"y: {len(classes)} different labels: a classification has 2 to {_MAX_CLASSES}{hint}")
    return classes, numbers.reshape(-1).astype(np.int32)


def _key_class(numbers: np.ndarray) -> np.ndarray:
    """What categories are ordered by: the second of two classes, or the most frequent one."""
    counts = np.bincount(numbers)
    return numbers == (1 if len(counts) == 2 else counts.argmax())


def _are_names(names: list[str]) -> bool:
    return "" not in names and len(set(names)) == len(names)


def _matrix(table: Table) -> np.ndarray:
    """float32 (n_rows, n_features), in C order; copied only where it is not that already."""
    blocks = table.blocks
    with np.errstate(over="ignore"):  # to infinity, which compares as it should
        if len(blocks) == 1 and blocks[0].ndim == 2:
            return np.require(blocks[0], np.float32, ["C", "ALIGNED"])
        rows = np.empty((table.n_rows, table.n_features), np.float32)
        column = 0
        for block in blocks:
            width = 1 if block.ndim == 1 else block.shape[1]
            rows[:, column : column + width] = block.reshape(table.n_rows, width)
            column += width
    return rows


def _to_texts(labels: Iterable[Any]) -> list[str]:
    """Labels as a model file keeps them, and as _from_texts reads them: text that looks like something else is put into
    double quotes."""
    labels = [label.item() if isinstance(label, np.generic) else label for label in labels]
    types = {type(label) for label in labels}
    if types == {int, float}:
        return [repr(float(label)) for label in labels]
    if types == {str}:
        is_plain = "" not in labels and _from_texts(labels) == labels
        return labels if is_plain else [json.dumps(label, ensure_ascii=False) for label in labels]
    return [repr(label) if isinstance(label, (bool, int, float)) else str(label) for label in labels]


def _from_texts(texts: list[str]) -> list[Any]:
    """Booleans, whole numbers, floats or quoted text, where all of the texts are written like that; else the texts."""
    if all(text in ("False", "True") for text in texts):
        return [text == "True" for text in texts]
    for read, write in ((int, repr), (float, repr), (_unquoted, lambda text: json.dumps(text, ensure_ascii=False))):
        try:
            labels = [read(text) for text in texts]
            if [write(label) for label in labels] == list(texts):
                return labels
        except (ValueError, RecursionError):
            pass
    return list(texts)


def _unquoted(text: str) -> str:
    value = json.loads(text) if text.startswith('"') else None
    if not isinstance(value, str):
        raise ValueError(text)
    return value


def _features_tried(max_features: Any, n_features: int, task: str) -> int:
    if max_features is None:
        max_features = "sqrt" if task == "classification" else "all"
    shares = {"all": n_features, "third": n_features // 3, "sqrt": int(n_features**0.5)}
    shares["log2"] = n_features.bit_length() - 1
    if isinstance(max_features, str) and max_features in shares:
        return max(1, shares[max_features])
    if isinstance(max_features, (float, np.floating)) and 0 < max_features <= 1:
        return max(1, int(max_features * n_features))
    is_whole = isinstance(max_features, (int, np.integer)) and not isinstance(max_features, bool)
    if is_whole and 1 <= max_features <= n_features:
        return int(max_features)
    raise ValueError(
        f"max_features: {max_features!r} is no number from 1 to {n_features}, no share above 0 and up to 1.0, and none "
        "of 'all', 'sqrt', 'log2', 'third'"
    )


def _rows_drawn(max_samples: Any, n_rows: int) -> int:
    if max_samples is None:
        return 0
    if isinstance(max_samples, (float, np.floating)) and 0 < max_samples <= 1:
        return max(1, round(n_rows * max_samples))
    is_whole = isinstance(max_samples, (int, np.integer)) and not isinstance(max_samples, bool)
    if is_whole and 1 <= max_samples <= n_rows:
        return int(max_samples)
    raise ValueError(f"max_samples: {max_samples!r} is no number from 1 to {n_rows}, no share above 0 and up to 1.0")


def _not_fitted(message: str) -> Exception:
    """scikit-learn's error where it is in use; else what that is derived from."""
    exceptions = sys.modules.get("sklearn.exceptions")
    return exceptions.NotFittedError(message) if exceptions else ValueError(message)


# --- Kernels ---

# Hands kernel-batch-predict on: a sandbox around the kernel. A text that the host sends lies at byte 64.
_RELAY = """
(module
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-batch-predict"
    (func $kernel (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 3) (i32.const 65472)) (then (unreachable)))
    (i32.const 64))
  ;; batch size, features, trees, depth; samples, nodes, offsets, output. 0, or the number of the error and 1.
  (func (export "batch_predict") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $kernel (local.get 0) (local.get 1) (local.get 2) (local.get 3)
                  (local.get 4) (local.get 5) (local.get 6) (local.get 7) (i32.const 0))
    (if (result i32) (i32.load8_u (i32.const 0))
      (then (i32.add (i32.load8_u (i32.const 4)) (i32.const 1)))
      (else (i32.const 0))))
  (func (export "text_size") (result i32) (i32.load (i32.const 12)))
  (func (export "text_byte") (param i32) (result i32)
    (i32.load8_u (i32.add (i32.load (i32.const 8)) (local.get 0)))))
"""
_ERRORS = ("out of memory", "invalid buffer", "kernel error", "device unavailable", "invalid parameters")
_HAVE_TEXT = ("kernel error", "invalid parameters")
_PART_BYTES = 1 << 28  # of the rows that one kernel predicts


_adapters: dict[tuple, dict] = {}  # chosen before: to ask for devices takes long


def _choose_adapter(backend: str | None, index: int | None) -> dict:
    """What wasm_ml.Host.devices() says of the adapter to use: hardware first."""
    if backend is None and os.environ.get("WASMTIME_GPU_HOST_BACKEND") in _GPU_BACKENDS:
        backend = os.environ["WASMTIME_GPU_HOST_BACKEND"]
    key = (os.getpid(), backend, index)
    if key not in _adapters:
        _adapters[key] = _find_adapter(backend, index)
    return _adapters[key]


def _find_adapter(backend: str | None, index: int | None) -> dict:
    from ._host import Host

    entries = [e for e in Host.devices() if e["backend"] in ((backend,) if backend else _GPU_BACKENDS)]
    usable = [e for e in entries if e["usable"] and index in (None, e["index"])]
    if usable:
        return max(usable, key=lambda e: e["is_hardware"])
    others = ", ".join(f"{e['backend']} {e['index']}: {e['name']}" for e in entries if e["usable"])
    if others:
        raise DeviceError(f"{backend or 'GPU'} device {index} cannot be used; there is {others}")
    reasons = "; ".join(f"{e['backend']}: {e['reason']}" for e in entries)
    raise DeviceError(
        f"predict_gpu needs a GPU or a software adapter, and there is none: {reasons or 'no GPU backend'}. Where there "
        "is no GPU, the packages libvulkan1 and mesa-vulkan-drivers (Debian, Ubuntu) bring a software adapter; "
        "predict_cpu needs neither"
    )


class _Kernels:
    """A forest on a GPU, in the nodes that kernel-batch-predict reads. For one process; threads take turns."""

    _first_process: int | None = None  # that opened a GPU

    def __init__(self, forest: Forest, adapter: dict, max_gpu_memory: int | None):
        from ._host import Host

        if _Kernels._first_process not in (None, os.getpid()):
            raise DeviceError(
                "this process is a fork of one that used predict_gpu, and GPU drivers do not survive that: start "
                "processes by 'spawn' or 'forkserver', or before the first predict_gpu; predict_cpu works here"
            )
        self._forest = forest
        self._adapter = (adapter["backend"], adapter["index"])
        self._process = _Kernels._first_process = os.getpid()
        self._lock = threading.Lock()
        trees = _KernelTrees(forest)
        self._n_features = forest.n_features
        self._n_trees = len(trees.offsets)
        self._depth = trees.depth
        self._missing_left = trees.missing_left
        self._n_outputs = forest.n_outputs
        host = Host(adapter["backend"], adapter["index"], max_gpu_memory=max_gpu_memory)
        self._instance = host.instance(_RELAY.encode())
        self._offsets = self._instance.share(trees.offsets)
        self._nodes = [self._instance.share(trees.nodes(output)) for output in trees.outputs()]

    def serves(self, forest: Forest, adapter: dict) -> bool:
        # After a fork the device is the parent's.
        here = self._process == os.getpid() and self._adapter == (adapter["backend"], adapter["index"])
        return here and self._forest is forest

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_outputs) of float32 (n_rows, n_features), in C order."""
        if self._missing_left:
            missing = np.isnan(rows).any(axis=1)
            if missing.any():
                raise ValueError(
                    f"X: row {int(missing.argmax())} has a missing value: kernel-batch-predict sends them all to the "
                    "right, which this forest does not; predict_cpu can"
                )
        outputs = np.empty((len(self._nodes), len(rows)), np.float32)
        part = max(1, _PART_BYTES // (4 * self._n_features))
        with self._lock:
            for begin in range(0, len(rows), part):
                self._predict_part(rows[begin : begin + part], outputs[:, begin : begin + part])
        if len(self._nodes) < self._n_outputs:  # two classes
            return np.stack([1 - outputs[0], outputs[0]], axis=1)
        return np.ascontiguousarray(outputs.T)

    def _predict_part(self, rows: np.ndarray, outputs: np.ndarray) -> None:
        rows = rows.view()
        rows.flags.writeable = False  # so that the device need not give them back
        shape = (len(rows), self._n_features, self._n_trees, self._depth)
        for nodes, output in zip(self._nodes, outputs):
            failed = self._instance.call("batch_predict", *shape, rows, nodes, self._offsets, output)
            if failed:
                raise self._error(_ERRORS[failed - 1])

    def _error(self, kind: str) -> Exception:
        text = ""
        if kind in _HAVE_TEXT:
            size = self._instance.call("text_size")
            text = ": " + bytes(self._instance.call("text_byte", i) for i in range(size)).decode("utf-8", "replace")
        message = f"predict_gpu on {self._adapter[0]} device {self._adapter[1]}: {kind}{text}"
        if kind == "out of memory":
            return MemoryError(message)
        return DeviceError(message) if kind == "device unavailable" else Error(message)


class _KernelTrees:
    """A forest's trees as kernel-batch-predict reads them. ValueError where it cannot predict them."""

    def __init__(self, forest: Forest):
        self._of_two_classes = forest.leaves == "classes" and forest.n_outputs == 2
        if forest.leaves == "number" and forest.info()["origin"] == "wasm_ml":
            self._read_nodes(forest)
        else:
            self._read_treelite(forest)
        self.depth = self._find_depth()

    # uint32 (n_trees,), and the number of outputs.
    offsets: np.ndarray

    def outputs(self) -> range:
        """The outputs that a kernel has to predict: of two classes the second one."""
        return range(1, 2) if self._of_two_classes else range(self._leaf_values.shape[1])

    def nodes(self, output: int) -> np.ndarray:
        """uint32 (n_nodes, 4): feature, threshold or leaf's value, left and right child."""
        nodes = np.empty((len(self._features), 4), np.uint32)
        nodes[:, 0] = self._features.view(np.uint32)
        values = self._thresholds.copy()
        values[self._is_leaf] = self._leaf_values[:, output]
        nodes[:, 1] = values.view(np.uint32)
        nodes[:, 2] = self._lefts
        nodes[:, 3] = self._rights
        return nodes

    def _read_nodes(self, forest: Forest) -> None:
        nodes = forest.nodes()
        self.offsets = forest.tree_offsets()[:-1].astype(np.uint32)
        self._features = np.ascontiguousarray(nodes["feature"])
        self._is_leaf = self._features < 0
        self._thresholds = np.ascontiguousarray(nodes["threshold"])
        self._leaf_values = self._thresholds[self._is_leaf][:, None]
        self._lefts = np.where(self._is_leaf, 0, nodes["left"]).astype(np.uint32)
        self._rights = np.where(self._is_leaf, 0, nodes["left"] + 1).astype(np.uint32)
        self.missing_left = bool(((nodes["missing_child"] == nodes["left"]) & ~self._is_leaf).any())

    def _read_treelite(self, forest: Forest) -> None:
        trees = _TreeliteTrees(forest.to_treelite())
        if not trees.is_mean:
            raise ValueError(
                "predict_gpu: kernel-batch-predict gives means of trees, and this imported forest adds them up or "
                "changes the result; predict_cpu can"
            )
        self.offsets = trees.offsets
        self._features = trees.features
        self._is_leaf = trees.is_leaf
        self._thresholds = trees.thresholds
        self._leaf_values = trees.leaf_values
        self._lefts = trees.lefts
        self._rights = trees.rights
        self.missing_left = trees.missing_left

    def _find_depth(self) -> int:
        depth = 0
        roots = self.offsets.astype(np.int64)
        nodes = roots
        while True:
            inner = ~self._is_leaf[nodes]
            nodes, roots = nodes[inner], roots[inner]
            if len(nodes) == 0:
                return depth
            nodes = np.concatenate([roots + self._lefts[nodes], roots + self._rights[nodes]])
            roots = np.concatenate([roots, roots])
            depth += 1


class _TreeliteTrees:
    """What prediction needs of a forest in Treelite's binary format (v4), as Forest.to_treelite writes it."""

    def __init__(self, data: bytes):
        self._data = memoryview(data)
        self._at = 0
        self._scalars("3i2B")  # version, types of numbers: f64
        n_trees, _, _, average, n_targets = self._scalars("QiB?i")
        n_classes = self._array(np.int32)
        self._n_values = int(np.prod(self._array(np.int32)))  # of a leaf
        self._array(np.int32)
        self._array(np.int32)
        postprocessor = self._array(np.uint8).tobytes().decode()
        self._scalars("2f")
        base = self._array(np.float64)
        self._array(np.uint8)
        self._scalars("i")
        n_outputs = int(n_classes[0]) if n_targets == 1 else n_targets
        is_identity = postprocessor in ("identity", "identity_multiclass")
        self.is_mean = average and is_identity and not base.any() and self._n_values == n_outputs
        if self.is_mean:
            self._read_trees(n_trees)

    def _read_trees(self, n_trees: int) -> None:
        trees = [self._tree() for _ in range(n_trees)]
        sizes = np.array([len(tree[0]) for tree in trees])
        self.offsets = (np.cumsum(sizes) - sizes).astype(np.uint32)
        columns = [np.concatenate(column) for column in zip(*trees)]
        self.features, self.thresholds, self.lefts, self.rights, default_lefts, self.leaf_values = columns
        self.is_leaf = self.features < 0
        self.missing_left = bool(default_lefts[~self.is_leaf].any())

    def _tree(self) -> tuple[np.ndarray, ...]:
        self._scalars("i?")
        array = self._array
        array(np.int8)  # kinds
        lefts, rights, features, default_lefts = (array(t) for t in (np.int32, np.int32, np.int32, np.uint8))
        values, thresholds = array(np.float64), array(np.float64)
        array(np.int8), array(np.uint8)  # operators: all <=
        vectors, begins = array(np.float64), array(np.uint64)
        for element in (np.uint64, np.uint32, np.uint64, np.uint64):  # ends; categories
            array(element)
        for element in (np.uint64, np.uint8, np.float64, np.uint8, np.float64, np.uint8):  # counts, hessians, gains
            array(element)
        self._scalars("2i")
        is_leaf = lefts < 0
        if self._n_values == 1:
            leaf_values = values[is_leaf][:, None]
        else:
            leaf_values = vectors[begins[is_leaf].astype(np.int64)[:, None] + np.arange(self._n_values)]
        children = (np.where(is_leaf, 0, side).astype(np.uint32) for side in (lefts, rights))
        features = np.where(is_leaf, -1, features).astype(np.int32)
        return features, thresholds.astype(np.float32), *children, default_lefts, leaf_values.astype(np.float32)

    def _scalars(self, types: str) -> tuple:
        values = struct.unpack_from("<" + types, self._data, self._at)
        self._at += struct.calcsize("<" + types)
        return values

    def _array(self, element: Any) -> np.ndarray:
        (size,) = self._scalars("Q")
        array = np.frombuffer(self._data, element, size, self._at)
        self._at += array.nbytes
        return array


# --- Comparison and base test ---


def _diabetes() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The documents' workload: float32 features and targets of 353 rows to train, 89 to test."""
    for folder in (Path("data"), Path(__file__).resolve().parents[2] / "data"):
        files = [folder / f"diabetes_{part}.csv" for part in ("train", "test")]
        if all(file.is_file() for file in files):
            train, test = (np.loadtxt(file, np.float32, delimiter=",", skiprows=1) for file in files)
            return train[:, :-1], train[:, -1], test[:, :-1], test[:, -1]
    try:
        from sklearn.datasets import load_diabetes
        from sklearn.model_selection import train_test_split
    except ImportError:
        raise ImportError(
            "the diabetes data comes from data/ of the repository or from scikit-learn, and neither is here: "
            "pip install scikit-learn"
        ) from None
    X, y = (values.astype(np.float32) for values in load_diabetes(return_X_y=True))
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    return X_train, y_train, X_test, y_test


def _split(X: Any, y: Any, test_size: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    X, y = _matrix(Table.of(_to_host(X))), _column(y, "y")
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} rows, y has {len(y)}")
    n_test = round(len(X) * test_size)
    if not 0 < n_test < len(X):
        raise ValueError(f"test_size: {test_size} of {len(X)} rows leaves none to train or none to test")
    order = np.random.default_rng(seed).permutation(len(X))
    return X[order[n_test:]], y[order[n_test:]], X[order[:n_test]], y[order[:n_test]]


def _r2(y: np.ndarray, predictions: np.ndarray) -> float:
    y = y.astype(np.float64)
    spread = ((y - y.mean()) ** 2).sum()
    return float(1 - ((y - predictions) ** 2).sum() / spread) if spread else float("nan")


def _quality(task: str, y: np.ndarray, predictions: np.ndarray) -> dict:
    if task == "classification":
        return {"accuracy": float(np.mean(predictions == y))}
    return {"mse": float(((y.astype(np.float64) - predictions) ** 2).mean()), "r2": _r2(y, predictions)}


def _milliseconds(work: Any, repeat: int) -> tuple[float, Any]:
    """The fastest of some runs, as many as fit into a second, and what the last one gave."""
    times: list[float] = []
    while len(times) < repeat and sum(times) < 1e3:
        start = time.perf_counter()
        result = work()
        times.append((time.perf_counter() - start) * 1e3)
    return min(times), result


def _rapids(task: str, parameters: dict) -> Any:
    """cuML's forest. ImportError, or whatever else it raises where there is no GPU."""
    import cuml.ensemble

    if task == "classification":
        return cuml.ensemble.RandomForestClassifier(**parameters, max_features="sqrt")
    return cuml.ensemble.RandomForestRegressor(**parameters, max_features=1.0)


def _scikit_learn(task: str, parameters: dict) -> Any:
    try:
        import sklearn.ensemble
    except ImportError:
        raise ImportError(
            "neither cuML nor scikit-learn is installed, one of which is what to compare with: pip install scikit-learn"
        ) from None
    if task == "classification":
        return sklearn.ensemble.RandomForestClassifier(**parameters, max_features="sqrt", n_jobs=-1)
    return sklearn.ensemble.RandomForestRegressor(**parameters, max_features=1.0, n_jobs=-1)


def _measure(model: Any, fit: str, predict: str, data: tuple, task: str, repeat: int) -> dict:
    X_train, y_train, X_test, y_test = data
    train_ms, _ = _milliseconds(lambda: getattr(model, fit)(X_train, y_train), repeat)
    predict_ms, predictions = _predict(model, predict, X_test, repeat)
    return {"train_ms": train_ms, "predict_ms": predict_ms, **_quality(task, y_test, predictions)}


def _predict(model: Any, method: str, X: np.ndarray, repeat: int) -> tuple[float, np.ndarray]:
    predict = getattr(model, method)
    predict(X)  # The first one may compile, or move the forest.
    milliseconds, predictions = _milliseconds(lambda: predict(X), repeat)
    return milliseconds, np.asarray(_to_host(predictions)).reshape(-1)


def _measure_gpu(model: WasmRandomForest, data: tuple, results: dict, notes: list[str], repeat: int) -> None:
    """Adds a row for predict_gpu, or a note that says why there is none."""
    try:
        adapter = _choose_adapter(model.backend, model.device)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # said here
            predict_ms, predictions = _predict(model, "predict_gpu", data[2], repeat)
    except (DeviceError, ValueError) as error:
        notes.append(f"no prediction on a GPU: {error}")
        return
    kind = "" if adapter["is_hardware"] else ", a software adapter"
    notes.append(f"{adapter['backend']} is {adapter['name']}{kind}")
    name = f"wasm_ml, {adapter['backend']}"
    results[name] = {"predict_ms": predict_ms, **_quality(model.task_, data[3], predictions)}


def compare_with_rapids(
    X: Any = None,
    y: Any = None,
    *,
    n_estimators: int = 200,
    max_depth: int = 16,
    seed: int = 42,
    test_size: float = 0.2,
    repeat: int = 5,
    plot: bool | str | os.PathLike = True,
    verbose: bool = True,
) -> dict:
    """Compares the forest with RAPIDS cuML's, or, where cuML is not installed or has no GPU, with scikit-learn's.

    Parameters
    ----------
    X, y : table of shape (n_rows, n_features), array of shape (n_rows,), optional
        Without them the documents' data is taken: diabetes, 353 rows to train and 89 to test.
    n_estimators, max_depth, seed : int
        Of all forests.
    test_size : float
        Share of the rows of ``X`` that are kept for the test.
    repeat : int
        Trainings and predictions, the fastest of which count; fewer where they take more than a second together.
    plot : bool or path
        Whether to draw the figures (needs matplotlib); a path: into this file.
    verbose : bool
        Whether to print the table.

    Returns
    -------
    dict
        ``peer`` ("cuML" or "scikit-learn"), ``task``, ``train_rows``, ``test_rows``, ``features``, ``n_estimators``,
        ``max_depth``, ``notes`` (list of str), and ``results``: for each forest and device a dict of ``train_ms`` and
        ``predict_ms`` (of all test rows, on this machine), and ``mse`` and ``r2`` or ``accuracy``. With ``plot`` also
        ``figure`` (of matplotlib).
    """
    if (X is None) != (y is None):
        raise ValueError("X and y go together")
    data = _diabetes() if X is None else _split(X, y, test_size, seed)
    model = WasmRandomForest(n_estimators, max_depth, seed=seed)
    task = _task_of(data[1])
    notes: list[str] = []
    results = {"wasm_ml, cpu": _measure(model, "train", "predict_cpu", data, task, repeat)}
    _measure_gpu(model, data, results, notes, repeat)
    parameters = {"n_estimators": n_estimators, "max_depth": max_depth or None, "random_state": seed}
    try:
        peer, name = _rapids(task, {**parameters, "max_depth": max_depth or 100}), "cuML"
        results[name] = _measure(peer, "fit", "predict", data, task, repeat)
    except Exception as error:  # no package, no GPU, no driver: all of them mean that it is not to be had
        problem = "is not installed" if isinstance(error, ImportError) else "does not work here"
        notes.append(f"cuML {problem} ({error}): scikit-learn takes its place")
        peer, name = _scikit_learn(task, parameters), "scikit-learn"
        results[name] = _measure(peer, "fit", "predict", data, task, repeat)
    figures = {
        "peer": name,
        "task": task,
        "train_rows": len(data[0]),
        "test_rows": len(data[2]),
        "features": data[0].shape[1],
        "n_estimators": n_estimators,
        "max_depth": max_depth,
        "notes": notes,
        "results": results,
    }
    if plot is not False and plot is not None:
        _plot(figures, plot)
    if verbose:
        _print(figures)
    return figures


def _plot(figures: dict, plot: bool | str | os.PathLike) -> None:
    from .plotting import plot_comparison

    try:
        figure = plot_comparison(figures)
    except ImportError as error:
        if plot is not True:
            raise
        figures["notes"].append(f"no plot: {error}")
        return
    if plot is not True:
        figure.savefig(plot)
    figures["figure"] = figure


def _print(figures: dict) -> None:
    print(
        f"{figures['n_estimators']} trees of depth {figures['max_depth'] or 'any'}, {figures['train_rows']} rows to "
        f"train, {figures['test_rows']} to test, {figures['features']} features"
    )
    columns = list(dict.fromkeys(key for row in figures["results"].values() for key in row))
    width = max(len(name) for name in figures["results"])
    print(" " * width + "".join(f"  {column.replace('_ms', ' ms'):>12}" for column in columns))
    for name, row in figures["results"].items():
        cells = [f"{row[column]:.4g}" if column in row else "-" for column in columns]
        print(f"{name:{width}}" + "".join(f"  {cell:>12}" for cell in cells))
    for note in figures["notes"]:
        print(f"note: {note}")


def main(arguments: list[str] | None = None) -> int:
    """The base test: trains on the diabetes data, predicts on the CPU and the GPU, prints the figures.

    The exit code is 1 where the two differ by more than rounding.
    """
    import argparse

    parser = argparse.ArgumentParser(prog="wasm_wrapper.py", description="Trains and predicts the diabetes data.")
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--max-depth", type=int, default=16)
    parser.add_argument("--backend", choices=_GPU_BACKENDS, help="of predict_gpu (the best that works)")
    options = parser.parse_args(arguments)
    data = _diabetes()
    model = WasmRandomForest(options.trees, options.max_depth, backend=options.backend)
    notes: list[str] = []
    results = {"wasm_ml, cpu": _measure(model, "train", "predict_cpu", data, "regression", 5)}
    _measure_gpu(model, data, results, notes, 5)
    _print(
        {
            "n_estimators": options.trees,
            "max_depth": options.max_depth,
            "train_rows": len(data[0]),
            "test_rows": len(data[2]),
            "features": data[0].shape[1],
            "results": results,
            "notes": notes,
        }
    )
    if len(results) == 1:
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        on_gpu = model.predict_gpu(data[2])
    on_cpu = model.predict_cpu(data[2])
    difference = float(np.max(np.abs(on_gpu - on_cpu) / np.abs(on_cpu)))
    print(f"largest relative difference between GPU and CPU: {difference:.2g}")
    return 0 if difference < 1e-5 else 1
