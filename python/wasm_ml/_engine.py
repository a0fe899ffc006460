"""Forests inside the sandbox: each is an instance of the module ``wasm_ml.wasm`` with one model."""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, overload

import numpy as np

from . import _core
from ._tables import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._types import AnyBytes, Backend, ColumnLike, TableLike

NODE = np.dtype([("feature", "i4"), ("threshold", "f4"), ("left", "u4"), ("missing_child", "u4"), ("weight", "u4")])

_LEAVES: tuple[Literal["number"], Literal["classes"], Literal["vector"]] = ("number", "classes", "vector")
_PREDICTIONS = ("outputs", "trees", "leaves")
_NAMES = ("target", "features", "categories", "classes")


@dataclass(frozen=True)
class Device:
    """Where a model lives and computes.

    Parameters
    ----------
    backend : {"cpu", "cuda", "webgpu"}, optional
        None: what the environment variable WASMTIME_GPU_HOST_BACKEND says, else the CPU, which is the one backend that
        grows and keeps forests itself so far.
    index : int, optional
        Of the backend's devices; None: its first usable one.
    max_gpu_memory : int, optional
        Bytes that the module may hold on the device: training data in bins, trees, models. Arrays that are passed in do
        not count. None: three quarters of what is available.
    threads : int, optional
        Of the cpu backend. None: as many as this process may use.
    """

    backend: Backend | None = None
    index: int | None = None
    max_gpu_memory: int | None = None
    threads: int | None = None

    def place(self) -> _core.Place:
        """As the extension takes it. ValueError names what does not fit."""
        backend = self.backend or os.environ.get("WASMTIME_GPU_HOST_BACKEND") or "cpu"
        for name, least in (("index", 0), ("max_gpu_memory", 0), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}; it must be {least} or more")
        threads = self.threads or available_threads()
        return _core.Place(backend, self.index, self.max_gpu_memory, threads)


@dataclass(frozen=True)
class Growth:
    """How a forest is grown; docs/forest.md explains each.

    Parameters
    ----------
    n_trees : int
    max_depth : int
        Edges from the root to a leaf; 0: any.
    max_features : int
        Features that a node tries; 0: all.
    min_samples_split, min_samples_leaf : int
        Different rows that a node must have to be split, and that both sides of a split must have.
    min_weight_fraction_leaf : float
        Share of the weight of a tree's rows that both sides of a split must have: 0 to 0.5.
    min_impurity_decrease : float
        Decrease of the impurity, weighted by the node's share of the rows, that a split must reach.
    bootstrap : bool
        Whether each tree draws its rows, with replacement; else it sees all of them, once.
    n_draws : int
        How many rows a tree draws; 0: as many as there are rows.
    balanced_subsample : bool
        Of a classification: in each tree classes weigh the same.
    out_of_bag : bool
        Whether ``Forest.out_of_bag`` can be asked for. Needs ``bootstrap``.
    leaf_targets : bool
        Of a regression: whether ``Forest.quantiles`` can be asked for.
    max_bins : int
        2 to 255.
    seed : int
        0 to 2**32 - 1. The same seed, data and parameters give the same model, on any device and any number of threads.
    """

    n_trees: int = 100
    max_depth: int = 0
    max_features: int = 0
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    min_weight_fraction_leaf: float = 0.0
    min_impurity_decrease: float = 0.0
    bootstrap: bool = True
    n_draws: int = 0
    balanced_subsample: bool = False
    out_of_bag: bool = False
    leaf_targets: bool = False
    max_bins: int = 255
    seed: int = 0

    def params(self) -> dict[str, int | float]:
        """As the module takes them. ValueError names one that does not fit."""
        params: dict[str, int | float] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("min_weight_fraction_leaf", "min_impurity_decrease"):
                params[field.name] = float(value)
                continue
            if value != int(value) or not 0 <= value < 2**32:
                raise ValueError(f"{field.name} is {value!r}; it must be a whole number from 0 to {2**32 - 1}")
            params[field.name] = int(value)
        return params


def available_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def module_path() -> Path:
    """The path of ``wasm_ml.wasm``, the module in which forests live: the package's own, or what the environment variable
    WASM_ML_MODULE names. FileNotFoundError where there is none."""
    named = os.environ.get("WASM_ML_MODULE")
    path = Path(named) if named else Path(_core.__file__).with_name("wasm_ml.wasm")
    if not path.is_file():
        where = "WASM_ML_MODULE names" if named else "the package should have; install it again, or name one in WASM_ML_MODULE:"
        raise FileNotFoundError(f"there is no module where {where} {path}")
    return path


class _Engine:
    """Compiles ``wasm_ml.wasm``, once in a process and its forks."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.module: _core.Module | None = None
        self.forked = False
        # What follows keeps this engine, and with it the module, longer than the extension lives.
        atexit.register(self._forget)
        os.register_at_fork(before=self.lock.acquire, after_in_parent=self.lock.release, after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self.forked = True
        self.lock.release()

    def _forget(self) -> None:
        self.module = None

    def host(self, **options: Any) -> _core.Host:
        # A fork has none of the compiler's threads.
        return _core.Host(parallel_compilation=not self.forked, **options)

    def load(self) -> _core.Module:
        with self.lock:
            if self.module is None:
                try:
                    host = self.host(cache=True)
                except ValueError:  # no folder to keep it in
                    host = self.host()
                self.module = host.load_file(str(module_path()))
            return self.module


engine = _Engine()


class Forest:
    """A model inside a sandboxed module.

    Made by ``grow``, ``load``, ``from_treelite`` or ``merge``. May be used by many threads, one of which it serves at a
    time, and after a fork. Pickled as its model file. Freed with the object.

    Attributes
    ----------
    n_trees, n_features, n_outputs, n_nodes, n_leaves : int
        ``n_outputs``: numbers of a prediction; of a classification its classes, of a regression 1.
    leaves : {"number", "classes", "vector"}
        What leaves hold: a number, what each class weighs, or a number for each output.
    has_weights, has_leaf_targets : bool
        Whether it knows how many rows were in each node, and whether ``quantiles`` can be asked for.
    device : Device
    """

    __slots__ = ("_core", "device", "__weakref__")

    def __init__(self, core: _core.Forest, device: Device) -> None:
        self._core = core
        self.device = device

    @property
    def n_trees(self) -> int:
        return self._core.n_trees

    @property
    def n_features(self) -> int:
        return self._core.n_features

    @property
    def n_outputs(self) -> int:
        return self._core.n_outputs

    @property
    def n_nodes(self) -> int:
        return self._core.n_nodes

    @property
    def n_leaves(self) -> int:
        return self._core.n_leaves

    @property
    def leaves(self) -> Literal["number", "classes", "vector"]:
        return _LEAVES[self._core.leaves]

    @property
    def has_weights(self) -> bool:
        return self._core.has_weights

    @property
    def has_leaf_targets(self) -> bool:
        return self._core.has_leaf_targets

    @classmethod
    def grow(
        cls,
        X: TableLike,
        y: ColumnLike,
        growth: Growth = Growth(),
        *,
        n_classes: int = 0,
        draw_weights: ColumnLike | None = None,
        criterion_weights: ColumnLike | None = None,
        device: Device = Device(),
        timeout: float | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Self:
        """Grows a forest. Arrays are read where they lie and not kept.

        Parameters
        ----------
        X : Table, or what Table.of takes; n_rows × n_features
            NaN is a missing value; infinite values are refused.
        y : array of n_rows numbers
            Of a classification whole numbers from 0 to ``n_classes`` - 1.
        growth : Growth
        n_classes : int
            0: a regression. Else 2 to 256.
        draw_weights : array of n_rows float64, optional
            How likely each row is drawn.
        criterion_weights : array of n_rows float64, optional
            How much each row counts, of forests without bootstrap.
        device : Device
        timeout : float, optional
            Seconds.
        progress : callable, optional
            Called with the number of finished trees, from this thread, now and then.

        Raises
        ------
        ValueError, TypeError
            Data or a parameter is wrong; the text names the column, row or parameter.
        MemoryError
            It does not fit ``device.max_gpu_memory``.
        TimeoutError, KeyboardInterrupt
        DeviceError
            There is no such device, or it cannot grow forests.
        """
        table = Table.of(X)
        core = _core.Forest.grow(
            engine.load(), device.place(), table.blocks, _vector(y), n_classes, _vector(draw_weights),
            _vector(criterion_weights), growth.params(), timeout, progress,
        )
        return cls(core, device)

    @classmethod
    def load(cls, data: AnyBytes, *, device: Device = Device()) -> Self:
        """A forest from the bytes of a model file (docs/model-format.md). Safe with any bytes: ValueError where they are no
        model, which says what is wrong. MemoryError beyond ``device.max_gpu_memory``, DeviceError as of ``grow``."""
        return cls(_core.Forest.load(engine.load(), device.place(), data), device)

    @classmethod
    def from_treelite(cls, data: AnyBytes, *, device: Device = Device()) -> Self:
        """A forest from the bytes that ``treelite.Model.serialize_bytes`` gives (binary format, version 4). Safe with any
        bytes: ValueError says what cannot be read. Other exceptions as of ``load``."""
        return cls(_core.Forest.from_treelite(engine.load(), device.place(), data), device)

    @classmethod
    def merge(cls, forests: Iterable[Forest], *, device: Device | None = None) -> Self:
        """One forest with the trees of several, in order, that were grown here from the same columns. Out-of-bag
        predictions and targets of leaves are not kept. ValueError where there are none, or columns or classes differ."""
        forests = list(forests)
        if not forests:
            raise ValueError("no forests to merge")
        device = device or forests[0].device
        return cls(_core.Forest.merge(engine.load(), device.place(), [forest._core for forest in forests]), device)

    @overload
    def predict(
        self, X: TableLike, what: Literal["outputs", "trees"] = "outputs", *, timeout: float | None = None
    ) -> NDArray[np.float32]: ...

    @overload
    def predict(self, X: TableLike, what: Literal["leaves"], *, timeout: float | None = None) -> NDArray[np.uint32]: ...

    def predict(
        self, X: TableLike, what: Literal["outputs", "trees", "leaves"] = "outputs", *, timeout: float | None = None
    ) -> NDArray[Any]:
        """Predictions for rows.

        Parameters
        ----------
        X : Table, or what Table.of takes; n_rows × n_features
        what : {"outputs", "trees", "leaves"}
        timeout : float, optional
            Seconds.

        Returns
        -------
        array
            ``"outputs"``: float32, n_rows × n_outputs: of a classification probabilities. ``"trees"``: float32, n_rows ×
            n_trees, what each tree says (× n_outputs, where leaves are not numbers). ``"leaves"``: uint32, n_rows ×
            n_trees: the number of the leaf in each tree.

        Raises
        ------
        ValueError, TypeError
            Data is wrong, or has not as many features as the forest.
        TimeoutError, KeyboardInterrupt
            The forest can be used further.
        """
        core = self._core
        kind = _PREDICTIONS.index(what) if what in _PREDICTIONS else _bad_prediction(what)
        if type(X) is np.ndarray and X.ndim == 2 and X.shape[1] == core.n_features and timeout is None:
            # The way of one row: nothing between the array and the module.
            output = self._output(X.shape[0], kind)
            try:
                core.predict_table(X, kind, output)
                return output
            except (TypeError, BufferError, ValueError):
                pass  # not of this machine's numbers, or wrong: below there is help, or a better error
        table = X if isinstance(X, Table) else Table.of(X)
        if table.n_features != core.n_features:
            raise ValueError(f"X has {table.n_features} features, but the forest was grown with {core.n_features} features")
        output = self._output(table.n_rows, kind)
        core.predict(table.blocks, kind, output, timeout)
        return output

    def _output(self, n_rows: int, kind: int) -> NDArray[Any]:
        core = self._core
        if kind == 0:
            return np.empty((n_rows, core.n_outputs), np.float32)
        if kind == 1 and core.leaves != 0:
            return np.empty((n_rows, core.n_trees, core.n_outputs), np.float32)
        return np.empty((n_rows, core.n_trees), np.uint32 if kind == 2 else np.float32)

    def quantiles(self, X: TableLike, quantiles: float | Sequence[float] | NDArray[Any]) -> NDArray[np.float32]:
        """Quantiles of the targets of the training rows that share a leaf with a row: float32, n_rows × quantiles.
        Of a regression that was grown with ``leaf_targets``: else ValueError, as where one is not from 0 to 1."""
        table = Table.of(X)
        given = np.ascontiguousarray(quantiles, np.float64).reshape(-1)
        output = np.empty((table.n_rows, len(given)), np.float32)
        self._core.quantiles(table.blocks, given, output)
        return output

    def importances(self) -> NDArray[np.float64]:
        """Of each feature its mean share of the decrease of impurity: float64, n_features. ValueError of a forest that
        another library grew."""
        output = np.empty(self.n_features, np.float64)
        self._core.importances(output)
        return output

    def out_of_bag(self, n_rows: int) -> NDArray[np.float64]:
        """Predictions for the training's rows by trees that did not draw them: float64, n_rows × n_outputs; NaN where every
        tree drew the row. ``n_rows`` are those of the training. ValueError of a forest that was not grown with
        ``out_of_bag``, or was merged or loaded."""
        output = np.empty((n_rows, self.n_outputs), np.float64)
        self._core.out_of_bag(output)
        return output

    def tree_offsets(self) -> NDArray[np.uint64]:
        """The number of each tree's first node, and last of all their number: uint64, n_trees + 1."""
        output = np.empty(self.n_trees + 1, np.uint64)
        self._core.tree_offsets(output)
        return output

    def nodes(self, first: int = 0, n: int | None = None) -> NDArray[np.void]:
        """Nodes as records: ``feature`` (-1: a leaf), ``threshold`` (x <= threshold goes left; of a leaf its number), ``left``
        (the number in the tree of the left child, which the right one follows), ``missing_child`` (where missing values
        go), ``weight`` (of its rows). A copy, of ``n`` from ``first`` on; None: all. ValueError where there are not so
        many."""
        n = self.n_nodes - first if n is None else n
        output = np.empty(n, NODE)
        self._core.nodes(first, n, output.view(np.uint32))
        return output

    def save(self) -> bytes:
        """The bytes of a model file: the same for the same model."""
        return self._core.save()

    def to_treelite(self) -> bytes:
        """The bytes of the model in Treelite's binary format, version 4, for ``treelite.Model.deserialize_bytes``."""
        return self._core.to_treelite()

    def info(self) -> dict[str, Any]:
        """What the model file says of the model, as a dict: task, origin, names, classes, how it was grown."""
        return json.loads(self._core.info())

    def set_names(
        self,
        *,
        target: str | None = None,
        features: Iterable[str] | None = None,
        classes: Iterable[str] | None = None,
        categories: Mapping[int, Iterable[str]] | None = None,
    ) -> None:
        """Gives names to what the model numbers; they are kept in its file.

        Parameters
        ----------
        target : str, optional
        features, classes : list of str, optional
            One for each, all different.
        categories : dict of int to list of str, optional
            Of features, by their numbers: what their values 0, 1, … stand for.

        Raises
        ------
        ValueError
            There are not as many names as things, or two are equal.
        """
        for what, texts in (("target", None if target is None else [target]), ("features", features), ("classes", classes)):
            if texts is not None:
                self._core.name(_NAMES.index(what), 0, [str(text) for text in texts])
        for column, texts in (categories or {}).items():
            self._core.name(_NAMES.index("categories"), column, [str(text) for text in texts])

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (self.save(), self.device)

    def __repr__(self) -> str:
        return f"<Forest of {self.n_trees} trees, {self.n_features} features, {self.n_outputs} outputs>"


def _load(data: bytes, device: Device) -> Forest:
    return Forest.load(data, device=device)


def _vector(values: ColumnLike | None) -> NDArray[Any] | None:
    """One-dimensional numbers of this machine, not copied where they are that already."""
    if values is None:
        return None
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"targets and weights have one dimension, not {values.ndim}")
    if values.dtype.kind not in "biuf" or values.dtype.itemsize > 8:
        raise TypeError(f"targets and weights are numbers, not {values.dtype}")
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    return values


def _bad_prediction(what: object) -> NoReturn:
    raise ValueError(f"what is {what!r}; it must be one of {', '.join(_PREDICTIONS)}")
