"""Random forests on a cluster of Dask: workers grow shares of the trees, which become one model, and predict
partitions.

    from distributed import Client
    from wasm_ml.dask import RandomForestClassifier

    client = Client("scheduler:8786")
    forest = RandomForestClassifier(n_estimators=500, random_state=0).fit(X, y)  # of Dask, or in memory
    forest.predict(X)  # lazy where X is of Dask

Trees are shared out in groups whose random numbers depend on ``random_state`` and the group's number only. The model is
therefore the same whatever the number of workers and their threads, and whichever worker grew which group.

Workers need this package. On GPUs start one worker for each, as dask-cuda does, and name ``backend="cuda"``.
"""

from __future__ import annotations

import inspect
import os
import socket
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence  # noqa: F401
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

try:
    import dask
    import distributed
except ImportError as error:
    raise ImportError(f"wasm_ml.dask needs Dask: pip install wasm-ml[dask] ({error})") from None

from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from . import ensemble
from ._engine import Device, Forest
from .ensemble import _fit_context, _give_names, _one_column, _progress, _seed, _table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._types import Backend, ColumnLike, TableLike  # noqa: F401, of the signatures that _signature makes

__all__ = ["RandomForestClassifier", "RandomForestRegressor"]


class _Distributed(ensemble._RandomForest):
    """What both estimators have in common; the first base of each, before the estimator that works alone."""

    _own_constraints: dict[str, Any] = {
        "distribute": [StrOptions({"broadcast", "partitions"})],
        "trees_per_task": [Interval(Integral, 1, None, closed="left")],
    }

    # -- The cluster

    @property
    def client(self) -> distributed.Client:
        """The ``distributed.Client`` to work with; unless it was set, the current one. Not kept by pickle and clone."""
        client = vars(self).get("_client")
        if client is None:
            try:
                client = distributed.get_client()
            except ValueError:
                message = "there is no client of Dask: make a distributed.Client first, or set the attribute client"
                raise ValueError(message) from None
        if client.asynchronous:
            raise ValueError("an asynchronous client of Dask is not supported: set the attribute client to another one")
        return client

    @client.setter
    def client(self, client: distributed.Client | None) -> None:
        self._client = client

    def __getstate__(self) -> Any:
        state = super().__getstate__()
        for name in ("_client", "_sent"):
            state.pop(name, None)
        return state

    def _device(self) -> Device:
        # Devices are the workers'. On this side of the cluster the model lives on the CPU.
        return Device("cpu", None, self.max_gpu_memory, ensemble.threads_of(self.n_jobs))

    # -- Training

    def _check_supported(self) -> None:
        super()._check_supported()
        for name, why in (
            ("oob_score", "which rows a tree drew is not known once forests are merged"),
            ("warm_start", "fit a new forest"),
            ("keep_targets", "forests lose targets when they are merged"),
        ):
            if getattr(self, name, False):
                raise ValueError(f"{name}={getattr(self, name)!r} is not supported on Dask: {why}")

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: TableLike, y: ColumnLike, sample_weight: ColumnLike | None = None) -> Self:
        """Grows the forest on the workers; returns when it is there.

        If anything goes wrong the estimator stays as it was. Groups that workers are growing when another one fails, or
        when this is interrupted, are finished and forgotten.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame, or what the estimators of wasm_ml.ensemble take
            n_samples × n_features. Of ``distribute="partitions"`` one of the first two. Categories of dataframes need
            not be known.
        y : of Dask or in memory, shape (n_samples,)
            Of ``distribute="partitions"``, where it is of Dask, with as many partitions as X, of the same rows.
        sample_weight : of Dask or in memory, shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Data or a parameter is wrong, or there is no client.
        TimeoutError
            It takes longer than ``timeout`` seconds.
        MemoryError, TypeError, wasm_ml.errors.DeviceError, …
            As raised on the worker.
        """
        self._check_supported()
        client = self.client
        plain = self._plain()
        if self.distribute == "broadcast":
            pieces = [_everywhere(client, X, y, sample_weight)]
        else:
            pieces = _partitions(client, X, y, sample_weight)
        found = client.gather([client.submit(_look, plain, i, *piece, pure=False) for i, piece in enumerate(pieces)])
        job = _Job(plain, _combine(plain, found), self._device_indices(client))

        seed = _seed(self.random_state, 0)
        shares = _shares(self.n_estimators, [0 if part is None else part.n_rows for part in found])
        futures = []
        for i, (piece, share) in enumerate(zip(pieces, shares)):
            for group, first in enumerate(range(0, share, self.trees_per_task)):
                n_trees = min(self.trees_per_task, share - first)
                group_seed = int(np.random.SeedSequence([seed, i, group]).generate_state(1)[0])
                futures.append(client.submit(_grow, job, n_trees, group_seed, *piece, pure=False))
        try:
            groups = self._gather(futures)
        except BaseException:
            client.cancel(futures)
            raise

        fitted = dict(job.fitted, n_outputs_=1, _draw_weights=None, _grown=None)
        fitted["forest_"] = Forest.merge(groups)
        _give_names(fitted["forest_"], fitted, None if hasattr(y, "chunks") else getattr(y, "name", None))
        for name in (*ensemble._FITTED, "_sent"):
            self.__dict__.pop(name, None)
        self.__dict__.update(fitted)
        return self

    def _plain(self) -> Any:
        """An unfitted estimator of this kind that works alone."""
        parameters = self.get_params(deep=False)
        return self._alone(**{name: value for name, value in parameters.items() if name not in self._own_constraints})

    def _device_indices(self, client: distributed.Client) -> dict[str, int]:
        """Of each worker the index of its device; of those that are not in it the first usable one, or what the
        parameter says."""
        if self.backend != "cuda" or self.device is not None:
            return {}
        alike = defaultdict(list)
        for address, about in sorted(client.run(_about_gpus).items()):
            alike[about].append(address)
        indices = {}
        for (_, visible), addresses in alike.items():
            n_visible = len(visible.split(",")) if visible else len(addresses)
            indices.update({address: place % n_visible for place, address in enumerate(addresses)})
        return indices

    def _gather(self, futures: list[Any]) -> list[Any]:
        """The groups' forests, in order. They are loaded while others grow."""
        groups = dict.fromkeys(futures)
        device = self._device()
        with _progress(self.verbose, self.n_estimators) as progress:
            try:
                for future, file in distributed.as_completed(futures, with_results=True, timeout=self.timeout):
                    groups[future] = Forest.load(file, device=device)
                    if progress is not None:
                        progress(sum(group.n_trees for group in groups.values() if group is not None))
            except distributed.TimeoutError as error:
                if self.timeout is None or str(error):
                    raise  # a worker's
                raise TimeoutError(f"growing the forest took longer than timeout={self.timeout} seconds") from None
        return list(groups.values())

    # -- Predictions

    def apply(self, X: TableLike) -> Any:
        """Leaves that rows reach: int64, n_samples × n_estimators, as ``predict`` lazy for collections of Dask."""
        return self._predict_anywhere(X, "apply", lambda: np.empty((0, self.forest_.n_trees), np.int64))

    def to_local(self) -> Any:
        """The forest as an estimator of ``wasm_ml.ensemble`` with the same parameters, which needs no cluster."""
        check_is_fitted(self)
        return self._portable({})._make()

    def _portable(self, indices: dict[str, int]) -> _Model:
        private = ("_categories", "_n_rows", "_draw_weights", "_grown")
        fitted = {name: value for name, value in vars(self).items() if name.endswith("_") or name in private}
        return _Model(self._plain(), fitted, fitted.pop("forest_").save(), indices)

    def _predict_anywhere(self, X: Any, method: str, empty: Any) -> Any:
        check_is_fitted(self)
        if not dask.is_dask_collection(X):
            return getattr(super(), method)(X)
        empty = empty()
        model = dask.delayed(self._send(), traverse=False)
        if hasattr(X, "map_partitions") and hasattr(X, "columns"):
            columns = self.classes_ if method.endswith("proba") else None
            meta = _like_frame(empty, X._meta, columns)
            return X.map_partitions(_predict_frame, model, method, empty, columns, meta=meta)
        if not hasattr(X, "map_blocks") or X.ndim != 2:
            raise ValueError(f"X: a dataframe or an array of two dimensions of Dask is expected, not {X!r}")
        X = _whole_rows(X)
        if X.shape[1] == X.shape[1] and X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features as"
                " input"
            )
        if empty.ndim == 1:
            return X.map_blocks(_predict, model, method, empty, dtype=empty.dtype, drop_axis=1, meta=empty)
        chunks = (X.chunks[0], (empty.shape[1],))
        return X.map_blocks(_predict, model, method, empty, dtype=empty.dtype, chunks=chunks, meta=empty)

    def _send(self) -> Any:
        """The model for graphs: a future that all workers have, or, where there is no cluster, the model itself."""
        try:
            client = self.client
        except ValueError:
            return self._portable({})
        sent = vars(self).get("_sent")
        if sent is None or sent.client is not client or sent.status != "finished":
            model = self._portable(self._device_indices(client))
            (self._sent,) = client.scatter([model], broadcast=True, hash=False)
        return self._sent


def _signature(alone: Any) -> inspect.Signature:
    """Of a constructor: the parameters of the estimator that works alone, and those of _Distributed."""

    def ours(*, distribute: Literal["broadcast", "partitions"] = "broadcast", trees_per_task: int = 8) -> None: ...

    own = inspect.signature(ours).parameters
    theirs = inspect.signature(alone.__init__).parameters
    return inspect.Signature([*theirs.values(), *own.values()])


class RandomForestClassifier(_Distributed, ensemble.RandomForestClassifier):
    """A random forest for classification, grown by workers of Dask.

    Parameters are those of ``wasm_ml.RandomForestClassifier``, and two more. Not supported are ``oob_score`` and
    ``warm_start``. ``n_jobs`` are threads of a worker; None: as many as Dask gave it. ``device=None`` with
    ``backend="cuda"`` is a GPU for each worker: its own by CUDA_VISIBLE_DEVICES, as dask-cuda sets it, else by its
    place among the workers of its machine. ``class_weight="balanced"`` counts all rows, also with partitions.

    Parameters
    ----------
    distribute : {"broadcast", "partitions"}
        "broadcast": each worker gets all rows, as memory must allow, and grows some of the trees. The forest depends on
        the data, the parameters and ``random_state`` only. "partitions": each tree is grown from the rows of one
        partition, of which each grows as many trees as it has a share of the rows. Only good where rows are in no
        order; the forest depends on the partitions as well. Sizes that are fractions or numbers of rows are then meant
        of a partition.
    trees_per_task : int
        Trees of a group. Another number gives another forest. Smaller ones share out more evenly; each group sorts the
        data into bins anew.

    Attributes
    ----------
    forest_ : wasm_ml.Forest
        The model, on this machine's CPU. Others as of ``wasm_ml.RandomForestClassifier``.
    client : distributed.Client
    """

    _alone = ensemble.RandomForestClassifier
    _parameter_constraints: dict[str, Any] = {**_alone._parameter_constraints, **_Distributed._own_constraints}

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        distribute: Literal["broadcast", "partitions"] = "broadcast",
        trees_per_task: int = 8,
        **parameters: Any,
    ) -> None:
        super().__init__(n_estimators, **parameters)
        self.distribute = distribute
        self.trees_per_task = trees_per_task

    __init__.__signature__ = _signature(_alone)  # type: ignore[attr-defined]

    def predict(self, X: TableLike) -> Any:
        """The likeliest class of each row.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame, or what the estimators of wasm_ml.ensemble take

        Returns
        -------
        dask.array.Array, dask.dataframe.Series (with the index of X) or array, of shape (n_samples,)
            Those of Dask are lazy: partitions are predicted by the workers that have them when they are asked for, and
            the model is sent to each worker once.
        """
        return self._predict_anywhere(X, "predict", lambda: self.classes_[:0])

    def predict_proba(self, X: TableLike) -> Any:
        """Probabilities of classes: float64, n_samples × n_classes, as ``predict`` lazy for collections of Dask.
        Columns of a dataframe are ``classes_``."""
        return self._predict_anywhere(X, "predict_proba", lambda: np.empty((0, self.n_classes_)))

    def predict_log_proba(self, X: TableLike) -> Any:
        """Logarithms of ``predict_proba``, of the same shape and type; minus infinity of 0."""
        return self._predict_anywhere(X, "predict_log_proba", lambda: np.empty((0, self.n_classes_)))

    def score(self, X: TableLike, y: ColumnLike, sample_weight: ColumnLike | None = None) -> float:
        """The share of rows whose class is right, computed at once."""
        return accuracy_score(*_compute(y, self.predict(X)), sample_weight=_compute(sample_weight)[0])


class RandomForestRegressor(_Distributed, ensemble.RandomForestRegressor):
    """A random forest for regression, grown by workers of Dask.

    Parameters are those of ``wasm_ml.RandomForestRegressor``, and two more. Not supported are ``oob_score``,
    ``warm_start`` and ``keep_targets``. ``n_jobs`` are threads of a worker; None: as many as Dask gave it.
    ``device=None`` with ``backend="cuda"`` is a GPU for each worker: its own by CUDA_VISIBLE_DEVICES, as dask-cuda sets
    it, else by its place among the workers of its machine.

    Parameters
    ----------
    distribute : {"broadcast", "partitions"}
        "broadcast": each worker gets all rows, as memory must allow, and grows some of the trees. The forest depends on
        the data, the parameters and ``random_state`` only. "partitions": each tree is grown from the rows of one
        partition, of which each grows as many trees as it has a share of the rows. Only good where rows are in no
        order; the forest depends on the partitions as well. Sizes that are fractions or numbers of rows are then meant
        of a partition.
    trees_per_task : int
        Trees of a group. Another number gives another forest. Smaller ones share out more evenly; each group sorts the
        data into bins anew.

    Attributes
    ----------
    forest_ : wasm_ml.Forest
        The model, on this machine's CPU. Others as of ``wasm_ml.RandomForestRegressor``.
    client : distributed.Client
    """

    _alone = ensemble.RandomForestRegressor
    _parameter_constraints: dict[str, Any] = {**_alone._parameter_constraints, **_Distributed._own_constraints}

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        distribute: Literal["broadcast", "partitions"] = "broadcast",
        trees_per_task: int = 8,
        **parameters: Any,
    ) -> None:
        super().__init__(n_estimators, **parameters)
        self.distribute = distribute
        self.trees_per_task = trees_per_task

    __init__.__signature__ = _signature(_alone)  # type: ignore[attr-defined]

    def predict(self, X: TableLike) -> Any:
        """Means of the trees' predictions.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame, or what the estimators of wasm_ml.ensemble take

        Returns
        -------
        dask.array.Array, dask.dataframe.Series (with the index of X) or array, of shape (n_samples,), float64
            Those of Dask are lazy: partitions are predicted by the workers that have them when they are asked for, and
            the model is sent to each worker once.
        """
        return self._predict_anywhere(X, "predict", lambda: np.empty(0))

    def score(self, X: TableLike, y: ColumnLike, sample_weight: ColumnLike | None = None) -> float:
        """R² of the predictions, computed at once."""
        return r2_score(*_compute(y, self.predict(X)), sample_weight=_compute(sample_weight)[0])


# -- Data on the cluster: pieces (X, y, sample_weight), each a future, the last one may be None


def _whole_rows(X: Any) -> Any:
    return X.rechunk({1: -1}) if X.ndim == 2 and len(X.chunks[1]) > 1 else X


def _blocks(values: Any) -> list[Any]:
    """The partitions of a collection, as delayed values."""
    if hasattr(values, "chunks"):
        return list(np.ravel(_whole_rows(values).to_delayed()))
    if not hasattr(values, "to_delayed") or not hasattr(values, "divisions"):
        raise TypeError(f"an array or a dataframe of Dask is expected, not a {type(values).__name__}")
    return values.to_delayed()


def _everywhere(client: distributed.Client, *given: Any) -> tuple[Any, ...]:
    """Each of X, y and the weights on all workers."""
    blocks = [_blocks(values) if dask.is_dask_collection(values) else [] for values in given]
    computed = iter(client.compute([block for of_one in blocks for block in of_one]))
    piece: list[Any] = []
    for values, of_one in zip(given, blocks):
        if values is None:
            piece.append(None)
        elif of_one:
            piece.append(client.submit(_join, [next(computed) for _ in of_one], pure=False))
        else:
            piece += client.scatter([values], broadcast=True, hash=False)
    joined = [future for future, of_one in zip(piece, blocks) if of_one]
    if joined:
        distributed.wait(joined)
        for future in joined:
            if future.status != "finished":
                future.result()
        client.replicate(joined)
    return tuple(piece)


def _partitions(client: distributed.Client, X: Any, y: Any, sample_weight: Any) -> list[tuple[Any, ...]]:
    """A piece for each partition of X."""
    if not dask.is_dask_collection(X):
        raise ValueError(
            f"distribute='partitions' needs an array or a dataframe of Dask, not a {type(X).__name__}: make one, as"
            " with dask.array.from_array(X, chunks=...), or take distribute='broadcast'"
        )
    columns = [_blocks(X)]
    n = len(columns[0])
    for name, values in (("y", y), ("sample_weight", sample_weight)):
        if not dask.is_dask_collection(values):
            columns.append([])
            continue
        if hasattr(values, "chunks") and hasattr(X, "chunks") and values.chunks[0] != X.chunks[0]:
            if not np.isnan(X.shape[0]) and X.shape[0] == values.shape[0]:
                values = values.rechunk({0: X.chunks[0]})
        columns.append(_blocks(values))
        if len(columns[-1]) != n:
            n_own = len(columns[-1])
            raise ValueError(f"{name} has {n_own} partitions, X has {n}: give both the same, by repartition()")
    computed = iter(client.compute([block for column in columns for block in column]))
    futures = [[next(computed) for _ in column] for column in columns]
    ends = None
    for i, values in enumerate((y, sample_weight), 1):
        if values is None:
            futures[i] = [None] * n
        elif not futures[i]:
            if ends is None:
                ends = np.cumsum([0, *client.gather(client.map(len, futures[0], pure=False))])
            values = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
            if len(values) != ends[-1]:
                n_given = [int(ends[-1]), len(values)]
                raise ValueError(f"Found input variables with inconsistent numbers of samples: {n_given}")
            futures[i] = client.scatter([values[a:b] for a, b in zip(ends, ends[1:])], hash=False)
    return list(zip(*futures))


def _compute(*values: Any) -> list[Any]:
    values = dask.compute(*values)
    return [value.to_numpy() if hasattr(value, "to_numpy") else value for value in values]


def _shares(n_trees: int, rows: Sequence[int]) -> list[int]:
    """Of each piece as many trees as it has a share of the rows."""
    n_rows = np.asarray(rows, np.int64)
    exact = n_trees * n_rows / n_rows.sum()
    shares = np.floor(exact).astype(int)
    rest = np.argsort(shares - exact, kind="stable")[: n_trees - shares.sum()]
    shares[rest] += 1
    idle = np.count_nonzero((shares == 0) & (n_rows > 0))
    if idle:
        warnings.warn(
            f"n_estimators={n_trees} are too few: {idle} of {len(n_rows)} partitions grow no tree, and their rows are"
            " not seen. Grow more trees, or join partitions",
            stacklevel=4,
        )
    return shares.tolist()


# -- What workers do


class _Part:
    """What a piece says of itself: rows, features, names; classes, what each weighs, and how many rows it has; of each
    column of categories their values, and the rows and sums of targets (or the rows of each class) of each."""

    n_rows: int
    n_features: int
    names: Any  # None: it has none
    classes: Any  # None: of a regression
    n_of_classes: NDArray[np.intp]
    weight_of_classes: NDArray[Any]
    categories: dict[int, tuple[list[Any], NDArray[Any], NDArray[Any]]]


def _targets(estimator: Any, y: Any) -> NDArray[Any]:
    return _one_column(validate_data(estimator, y=y, multi_output=True))


def _look(plain: Any, number: int, X: Any, y: Any, sample_weight: Any) -> _Part | None:
    """A _Part; None of no rows."""
    given = {"X": X, "y": y, "sample_weight": sample_weight}
    n_given = {name: len(values) for name, values in given.items() if values is not None}
    if len(set(n_given.values())) > 1:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {list(n_given.values())}"
            f" ({', '.join(n_given)}) in partition {number}"
        )
    if n_given["X"] == 0:
        return None
    part = _Part()
    plain, _ = _settled(plain, {})  # of workers in one process this one is shared
    targets, learnt = plain._learn_targets(_targets(plain, y))
    table = _table(plain, X, reset=True, categories=None)
    part.n_rows, part.n_features = table.n_rows, table.n_features
    part.names = getattr(plain, "feature_names_in_", None)
    part.classes = learnt.get("classes_")
    n_classes = 0 if part.classes is None else len(part.classes)
    if n_classes:
        part.n_of_classes = np.bincount(targets, minlength=n_classes)
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        part.weight_of_classes = np.bincount(targets, weights, n_classes)
    part.categories = {}
    columns = table._columns() if table.categories else []
    for column, values in table.categories.items():
        known = ~np.isnan(columns[column])
        codes = columns[column][known].astype(np.intp)
        n_values = len(values)
        if n_classes:
            sums = np.bincount(codes * n_classes + targets[known], minlength=n_values * n_classes)
            sums = sums.reshape(n_values, n_classes)
        else:
            sums = np.bincount(codes, targets[known], n_values)
        part.categories[column] = values, np.bincount(codes, minlength=n_values), sums
    return part


def _combine(plain: Any, parts: list[Any]) -> dict[str, Any]:
    """What an estimator knows before its trees are grown. Sets the weights of balanced classes in ``plain``."""
    parts = [part for part in parts if part is not None]
    if not parts:
        raise ValueError(f"Found array with 0 sample(s) while a minimum of 1 is required by {type(plain).__name__}.")
    first = parts[0]
    for part in parts:
        if part.n_features != first.n_features or (part.names is not None and list(part.names) != list(first.names)):
            raise ValueError("partitions of X have different columns")
        if part.categories.keys() != first.categories.keys():
            raise ValueError("a column of X has categories in some partitions and not in others")
    fitted: dict[str, Any] = {"n_features_in_": first.n_features, "_n_rows": sum(part.n_rows for part in parts)}
    if first.names is not None:
        fitted["feature_names_in_"] = first.names
    learnt_classes = None
    if first.classes is not None:
        learnt_classes = _learn_classes(plain, parts)
        fitted.update(classes_=learnt_classes.classes, n_classes_=len(learnt_classes.classes))
    fitted["_categories"] = {column: _ordered(column, parts, learnt_classes) for column in first.categories}
    return fitted


class _Classes:
    """Classes of all pieces, the rows of each, and of each piece where its classes are among them."""

    def __init__(self, parts: list[_Part]) -> None:
        self.classes = np.unique(np.concatenate([part.classes for part in parts]))
        self.places = [np.searchsorted(self.classes, part.classes) for part in parts]
        self.n_rows = self.add([part.n_of_classes for part in parts])

    def add(self, of_parts: list[NDArray[Any]]) -> NDArray[np.float64]:
        sums = np.zeros(len(self.classes))
        for places, values in zip(self.places, of_parts):
            sums[places] += values
        return sums


def _learn_classes(plain: Any, parts: list[_Part]) -> _Classes:
    found = _Classes(parts)
    n = len(found.classes)
    if n > ensemble._MOST_CLASSES:
        raise ValueError(f"y has {n} different classes; at most {ensemble._MOST_CLASSES} are supported")
    if isinstance(plain.class_weight, str) and plain.class_weight == "balanced":
        weights = found.add([part.weight_of_classes for part in parts])
        balanced = np.divide(weights.sum(), n * weights, out=np.zeros(n), where=weights > 0)
        plain.class_weight = dict(zip(found.classes.tolist(), balanced.tolist()))
    return found


def _ordered(column: int, parts: list[_Part], learnt: _Classes | None) -> list[Any]:
    """The categories of a column in the order of their rows' mean target, as Table.order_categories."""
    if learnt is not None:
        ordering = 1 if len(learnt.classes) == 2 else int(np.argmax(learnt.n_rows))
    totals: dict[Any, tuple[int, float]] = {}
    for i, part in enumerate(parts):
        values, n_rows, sums = part.categories[column]
        if learnt is not None:
            here = np.flatnonzero(learnt.places[i] == ordering)
            sums = sums[:, here[0]] if len(here) else np.zeros(len(values))
        for value, n, total in zip(values, n_rows.tolist(), sums.tolist()):
            earlier = totals.get(value, (0, 0))
            totals[value] = earlier[0] + n, earlier[1] + total
    means = np.array([total / n if n else np.inf for n, total in totals.values()])
    values = list(totals)
    return [values[i] for i in np.argsort(means, kind="stable")]


class _Job:
    """What all groups of a training have in common."""

    def __init__(self, plain: Any, fitted: dict[str, Any], indices: dict[str, int]) -> None:
        self.plain = plain
        self.fitted = fitted
        self.indices = indices


def _grow(job: _Job, n_trees: int, seed: int, X: Any, y: Any, sample_weight: Any) -> bytes:
    """The model file of a group of trees."""
    estimator, n_threads = _settled(job.plain, job.indices)
    targets = _targets(estimator, y)
    table = _table(estimator, X, reset=True, categories=job.fitted["_categories"])
    n_classes = 0
    if "classes_" in job.fitted:
        targets = np.searchsorted(job.fitted["classes_"], targets)
        n_classes = max(2, job.fitted["n_classes_"])
    else:
        targets, _ = estimator._learn_targets(targets)
    if sample_weight is not None:
        sample_weight = ensemble._check_sample_weight(sample_weight, targets, dtype=np.float64)
    weights = estimator._row_weights(targets, job.fitted, sample_weight)
    growth = replace(estimator._growth(table, n_trees, 0, weights), seed=seed)
    with _cores.take(min(n_threads, n_trees), n_threads) as taken:
        forest = Forest.grow(
            table,
            targets,
            growth,
            n_classes=n_classes,
            draw_weights=weights if growth.bootstrap else None,
            criterion_weights=None if growth.bootstrap else weights,
            device=replace(estimator._device(), threads=taken),
            timeout=estimator.timeout,
        )
    return forest.save()


def _join(blocks: list[Any]) -> Any:
    if hasattr(blocks[0], "iloc"):
        from dask.dataframe.dispatch import concat  # which joins categories that differ

        return concat(blocks)
    return np.concatenate(blocks)


def _about_gpus() -> tuple[str, str]:
    return socket.gethostname(), os.environ.get("CUDA_VISIBLE_DEVICES", "")


def _settled(plain: Any, indices: dict[str, int]) -> tuple[Any, int]:
    """A copy of the estimator with the threads and the device of the worker that this runs on; and how many threads
    that are."""
    own: dict[str, Any] = {}
    try:
        worker = distributed.get_worker()
    except ValueError:  # a scheduler of Dask within one process
        worker = None
    if worker is not None and plain.n_jobs is None:
        own["n_jobs"] = worker.state.nthreads
    if worker is not None and plain.device is None:
        own["device"] = indices.get(worker.address)
    settled = type(plain)(**{**plain.get_params(deep=False), **own})
    return settled, ensemble.threads_of(settled.n_jobs)


class _Cores:
    """Threads of this process that trainings may use: a worker with several threads is given several groups at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0

    @contextmanager
    def take(self, n: int, n_all: int) -> Iterator[int]:
        with self._changed:
            self._changed.wait_for(lambda: self._taken == 0 or self._taken + n <= n_all)
            self._taken += n
        try:
            yield n
        finally:
            with self._changed:
                self._taken -= n
                self._changed.notify_all()


_cores = _Cores()


class _Model:
    """A fitted estimator on its way to workers. Each makes it once, on its own device."""

    def __init__(self, plain: Any, fitted: dict[str, Any], file: bytes, indices: dict[str, int]) -> None:
        self._state = plain, fitted, file, indices
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._made = None

    def __getstate__(self) -> Any:
        return self._state

    def __setstate__(self, state: Any) -> None:
        self._state = state
        self._forget()

    def __sizeof__(self) -> int:
        return len(self._state[2])

    def here(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make(on_worker=True)
            return self._made

    def _make(self, on_worker: bool = False) -> Any:
        plain, fitted, file, indices = self._state
        estimator = _settled(plain, indices)[0] if on_worker else plain
        estimator.__dict__.update(fitted, forest_=Forest.load(file, device=estimator._device()))
        return estimator


def _predict(X: Any, model: _Model, method: str, empty: Any) -> Any:
    return getattr(model.here(), method)(X) if len(X) else empty


def _predict_frame(X: Any, model: _Model, method: str, empty: Any, columns: Any) -> Any:
    return _like_frame(_predict(X, model, method, empty), X, columns)


def _like_frame(answer: NDArray[Any], X: Any, columns: Any) -> Any:
    import pandas as pd

    if answer.ndim == 1:
        return pd.Series(answer, X.index)
    return pd.DataFrame(answer, X.index, columns)
