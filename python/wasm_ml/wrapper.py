"""Random forests as the project's guide uses them: a class with train, predict_gpu and predict_cpu.

    from wasm_wrapper import WasmRandomForest

    forest = WasmRandomForest().train(X, y)
    forest.predict_cpu(X)  # the engine of the cpu backend
    forest.predict_gpu(X)  # kernel-batch-predict of wasi:gpu, on a GPU or a software adapter

Training and predictions happen inside sandboxed modules. Nothing here imports scikit-learn.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ._engine import Device, Forest, Growth
from ._kernels import GPU_BACKENDS, Kernels, choose_adapter
from ._labels import labels_from_texts, labels_to_texts
from ._tables import Table
from .errors import DeviceError, Error

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._comparison import compare_with_rapids, main
    from ._types import AnyPath, ColumnLike, TableLike

__all__ = ["WasmRandomForest", "train_model", "infer_model", "compare_with_rapids", "main"]

_MAX_CLASSES = 256


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
        Of the random numbers, 0 to 2**32 - 1. Equal seeds, data and parameters give equal forests.
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
    forest_ : wasm_ml.Forest
        The model in its sandbox.
    task_ : str
        "regression", "classification", or, of some imported forests, "scores".
    classes_ : ndarray of shape (n_classes,)
        Labels of a classification, in order.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where the columns had names.
    feature_importances_ : ndarray of float64, shape (n_features,)
    oob_prediction_ : ndarray of float64, shape (n_rows,), of a classification (n_rows, n_classes)
        With ``oob_score``. NaN where every tree drew the row.
    oob_score_ : float
        With ``oob_score``: R², of a classification the share of right classes.
    """

    forest_: Forest
    task_: str
    classes_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    oob_prediction_: NDArray[np.float64]
    oob_score_: float

    def __init__(
        self,
        n_estimators: int = 200,
        max_depth: int | None = 16,
        *,
        max_features: Literal["all", "sqrt", "log2", "third"] | float | None = None,
        min_samples_split: int = 2,
        min_samples_leaf: int = 1,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        max_samples: float | None = None,
        oob_score: bool = False,
        seed: int = 42,
        task: Literal["regression", "classification"] | None = None,
        backend: Literal["cuda", "webgpu"] | None = None,
        device: int | None = None,
        max_gpu_memory: int | None = None,
        threads: int | None = None,
        timeout: float | None = None,
    ) -> None:
        if task not in (None, "regression", "classification"):
            raise ValueError(f"task: {task!r} is neither 'regression' nor 'classification'")
        if backend is not None and backend not in GPU_BACKENDS:
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

    def train(
        self,
        X: TableLike,
        y: ColumnLike,
        sample_weight: ColumnLike | None = None,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> Self:
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
            classes=None if classes is None else labels_to_texts(classes),
            categories={column: labels_to_texts(values) for column, values in table.categories.items()},
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
        kept = ("max_depth", "min_samples_split", "min_samples_leaf", "min_impurity_decrease", "bootstrap", "seed")
        known = {name: info[name] for name in kept if name in info}
        known["max_features"] = info.get("max_features") or None
        known["max_samples"] = info.get("max_samples") or None
        model = cls(**{"n_estimators": forest.n_trees, **known, **parameters})
        if task == "classification" and classes is None:
            classes = np.array(labels_from_texts(info["classes"]))
        names = [feature["name"] for feature in info["features"]]
        are_names = names != [str(i) for i in range(len(names))]
        categories = {
            i: labels_from_texts(f["categories"]) for i, f in enumerate(info["features"]) if f.get("categories")
        }
        if task != "classification":
            classes = None
        model._adopt(forest, task, classes, names if are_names else None, categories)
        return model

    # --- Prediction ---

    def predict_cpu(self, X: TableLike, *, probabilities: bool = False) -> NDArray[Any]:
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

        Raises
        ------
        ValueError, TypeError
            Not trained, bad data, or columns that are not those of the training.
        TimeoutError
            Beyond ``timeout``.
        """
        self._check_trained()
        # Plain arrays go to the module as they are.
        rows = X if type(X) is np.ndarray else self._table(X)
        return self._answer(self.forest_.predict(rows, timeout=self.timeout), probabilities)

    def predict_gpu(self, X: TableLike, *, probabilities: bool = False) -> NDArray[Any]:
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
        adapter = choose_adapter(self.backend, self.device)
        if not adapter["is_hardware"]:
            warnings.warn(
                f"predict_gpu computes on {adapter['backend']}: {adapter['name']}, a software adapter, which is slower "
                "than predict_cpu",
                RuntimeWarning,
                stacklevel=2,
            )
        kernels = self.__dict__.get("_kernels")
        if kernels is None or not kernels.serves(self.forest_, adapter):
            kernels = self._kernels = Kernels(self.forest_, adapter, self.max_gpu_memory)
        try:
            outputs = kernels.predict(_matrix(table))
        except (Error, KeyboardInterrupt):
            self.__dict__.pop("_kernels", None)  # the instance may have ended
            raise
        return self._answer(outputs, probabilities)

    def predict(self, X: TableLike) -> NDArray[Any]:
        """`predict_cpu`, by the name that pipelines call."""
        return self.predict_cpu(X)

    def predict_proba(self, X: TableLike) -> NDArray[np.float32]:
        """Probabilities of the classes on the CPU: float32 (n_rows, n_classes)."""
        return self.predict_cpu(X, probabilities=True)

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
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

    def save(self, path: AnyPath) -> None:
        """Writes a model file (docs/model-format.md), which `load`, and the program wasm_ml, read.

        ValueError where it is not trained, OSError where the file cannot be written.
        """
        from .interchange import save

        save(self, path)

    @classmethod
    def load(cls, path: AnyPath, **parameters: Any) -> WasmRandomForest:
        """Reads a model file: parameters and exceptions are those of `wasm_ml.load`."""
        from .interchange import load

        return load(path, **parameters)


def train_model(
    X: TableLike, y: ColumnLike, *, model_path: AnyPath | None = None, **parameters: Any
) -> WasmRandomForest:
    """Trains a forest, and writes it to a file if one is named.

    `parameters` are those of WasmRandomForest, shapes and exceptions those of `WasmRandomForest.train`.
    """
    model = WasmRandomForest(**parameters).train(X, y)
    if model_path is not None:
        model.save(model_path)
    return model


def infer_model(
    model: WasmRandomForest | AnyPath,
    X: TableLike,
    *,
    on: Literal["auto", "cpu", "gpu"] = "auto",
    probabilities: bool = False,
) -> NDArray[Any]:
    """Predicts rows with a forest, or with one that `train_model` wrote to a file.

    ``on`` is "cpu", "gpu", or "auto": the GPU where there is one of hardware that can predict the forest, else the CPU.
    Returns and raises what `WasmRandomForest.predict_cpu` and `WasmRandomForest.predict_gpu` do.
    """
    if on not in ("auto", "cpu", "gpu"):
        raise ValueError(f"on: {on!r} is none of 'auto', 'cpu', 'gpu'")
    if not isinstance(model, WasmRandomForest):
        model = WasmRandomForest.load(model)
    if on == "auto":
        try:
            on = "gpu" if choose_adapter(model.backend, model.device)["is_hardware"] else "cpu"
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


def _r2(y: np.ndarray, predictions: np.ndarray) -> float:
    y = y.astype(np.float64)
    spread = ((y - y.mean()) ** 2).sum()
    return float(1 - ((y - predictions) ** 2).sum() / spread) if spread else float("nan")


if not TYPE_CHECKING:  # where it would say that there is any name

    def __getattr__(name):
        if name in ("compare_with_rapids", "main"):  # of a module that imports this one
            from . import _comparison

            return getattr(_comparison, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
