"""Random forests with scikit-learn's habits: parameters, attributes, checks and exceptions are those of its forests,
the work happens inside a sandboxed WebAssembly module.

Trees are split by bins of the values and not by the values themselves (docs/forest-numerics.md): scores are those of
scikit-learn's forests, single trees differ. The same ``random_state``, data and parameters give the same forest on any
device and any number of threads.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from ._draws import out_of_bag, rows_of_trees, without_gaps
from ._engine import Device, Forest, Growth
from ._files import write_whole
from ._labels import labels_from_texts, labels_to_texts
from ._tables import Table
from ._threads import threads_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from ._types import AnyPath, Backend, ColumnLike, TableLike

    _Method = TypeVar("_Method", bound=Callable[..., Any])

    # scikit-learn's has no types, and would take those of what it decorates.
    def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[_Method], _Method]: ...
else:
    from sklearn.base import _fit_context

__all__ = ["RandomForestClassifier", "RandomForestRegressor"]

_MOST_CLASSES = 256
_F32_MAX = float(np.finfo(np.float32).max)
_FITTED = ("feature_names_in_", "oob_score_", "oob_decision_function_", "oob_prediction_", "_estimators")


class _RandomForest(BaseEstimator):
    """What both estimators have in common."""

    forest_: Forest
    n_features_in_: int
    n_outputs_: int
    feature_names_in_: NDArray[np.object_]
    oob_score_: float
    estimators_: list[Any]
    estimators_samples_: list[NDArray[np.int32]]

    _parameter_constraints: dict[str, Any] = {
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_split": [
            Interval(Integral, 2, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="right"),
        ],
        "min_samples_leaf": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="neither"),
        ],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "max_features": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="right"),
            StrOptions({"sqrt", "log2"}),
            None,
        ],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "min_impurity_decrease": [Interval(Real, 0.0, None, closed="left")],
        "bootstrap": ["boolean"],
        "oob_score": ["boolean", callable],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "ccp_alpha": [Interval(Real, 0.0, None, closed="left")],
        "max_samples": [
            None,
            Interval(RealNotInt, 0.0, None, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "monotonic_cst": ["array-like", None],
        "backend": [StrOptions({"cpu", "cuda", "webgpu"}), None],
        "device": [Interval(Integral, 0, None, closed="left"), None],
        "max_gpu_memory": [Interval(Integral, 1, None, closed="left"), None],
        "timeout": [Interval(Real, 0.0, None, closed="neither"), None],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: TableLike, y: ColumnLike, sample_weight: ColumnLike | None = None) -> Self:
        """Grows the forest.

        If anything goes wrong, or the training is interrupted, the estimator stays as it was.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)
            NumPy arrays of any type of numbers and any layout are read where they lie, without a copy. Tables (pandas,
            polars, pyarrow) may have columns of categories, which are ordered by the mean of ``y``. NaN and None are
            missing values. Infinite values are refused, sparse matrices too.
        y : array of shape (n_samples,)
            Targets: finite numbers, or of a classifier labels of any type, at most 256 different ones.
        sample_weight : array of shape (n_samples,), optional
            With ``bootstrap`` how likely a row is drawn, else how much it counts in a node.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As scikit-learn, or for a parameter that is not supported: the text names it.
        MemoryError
            The training does not fit ``max_gpu_memory``.
        TimeoutError
            It takes longer than ``timeout`` seconds.
        KeyboardInterrupt
            Stops the training at once.
        wasm_ml.errors.DeviceError
            There is no such device, or it cannot grow forests.
        """
        self._check_supported()
        earlier = self.forest_ if self.warm_start and self.__sklearn_is_fitted__() else None

        # scikit-learn's checks set attributes: of this one, so that a failure leaves the estimator as it was.
        checked = type(self)(**self.get_params(deep=False))
        target = getattr(y, "name", None)
        y = _one_column(validate_data(checked, y=y, multi_output=True))
        table = _table(checked, X, reset=True, categories=None if earlier is None else self._categories)
        check_consistent_length(table.blocks[0], y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64)
        targets, learnt = self._learn_targets(y)
        weights = self._row_weights(targets, learnt, sample_weight)
        if earlier is None:
            table = table.order_categories(self._order_by(targets, learnt))
        else:
            self._check_same(table, checked, learnt)

        n_earlier = 0 if earlier is None else earlier.n_trees
        n_more = self.n_estimators - n_earlier
        if n_more < 0:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to len(estimators_)={n_earlier} when"
                " warm_start==True"
            )
        fitted = {
            "n_features_in_": table.n_features,
            "n_outputs_": 1,
            **learnt,
            "_categories": table.categories,
            "_n_rows": table.n_rows,
            "_draw_weights": weights if self.bootstrap else None,
        }
        if hasattr(checked, "feature_names_in_"):
            fitted["feature_names_in_"] = checked.feature_names_in_
        if n_more == 0:
            warnings.warn("Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=2)
            fitted.update(forest_=earlier, _grown=self._grown)
            fitted.update({name: value for name, value in vars(self).items() if name in _FITTED and "oob_" in name})
        else:
            growth = self._growth(table, n_more, n_earlier, weights)
            forest = self._grow(table, targets, growth, weights, learnt)
            _give_names(forest, fitted, target)
            draws = (growth.seed, n_more, growth.n_draws or table.n_rows)
            if earlier is None:
                fitted.update(forest_=forest, _grown=[draws])
            else:
                merged = Forest.merge([earlier, forest], device=forest.device)
                fitted.update(forest_=merged, _grown=None if self._grown is None else [*self._grown, draws])
        if self.oob_score and "oob_score_" not in fitted:
            is_alone = n_more > 0 and n_earlier == 0
            predictions = forest.out_of_bag(table.n_rows) if is_alone else out_of_bag(fitted, table)
            fitted.update(self._judge(without_gaps(predictions), targets, learnt))

        for name in _FITTED:
            self.__dict__.pop(name, None)
        self.__dict__.update(fitted)
        return self

    def apply(self, X: TableLike) -> NDArray[np.int64]:
        """Leaves that rows reach.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_estimators), int64
            The number of the leaf in each tree. Nodes of a tree are numbered by depth, then from left to right.

        Raises
        ------
        ValueError, TypeError
            Not fitted (NotFittedError), or bad data: as scikit-learn.
        TimeoutError
            A prediction takes longer than ``timeout`` seconds.
        """
        return self._predict(X, "leaves").astype(np.int64)

    def decision_path(self, X: TableLike) -> tuple[csr_matrix, NDArray[np.int64]]:
        """Ways of rows through the trees.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)

        Returns
        -------
        indicator : scipy.sparse.csr_matrix of shape (n_samples, n_nodes), int64
            1 where a row passes a node.
        n_nodes_ptr : array of shape (n_estimators + 1,), int64
            Columns ``n_nodes_ptr[i]`` to ``n_nodes_ptr[i + 1]`` are the nodes of tree i.
        """
        from scipy.sparse import csr_matrix

        leaves = self.apply(X)
        offsets = self.forest_.tree_offsets().astype(np.int64)
        parents, depths = _parents(self.forest_.nodes(), offsets)
        leaves += offsets[:-1]
        ends = np.cumsum(depths[leaves] + 1).reshape(leaves.shape)
        indices = np.empty(ends[-1, -1], np.int64)
        node = leaves.ravel()
        place = ends.ravel() - 1
        while len(node):  # from all leaves up to the roots, which come first
            indices[place] = node
            node = parents[node]
            below = node >= 0
            node, place = node[below], place[below] - 1
        indptr = np.concatenate([[0], ends[:, -1]])
        ones = np.ones(len(indices), np.int64)
        return csr_matrix((ones, indices, indptr), shape=(len(leaves), offsets[-1])), offsets

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Of each feature its share of the decrease of impurity, in the mean of the trees: float64, of sum 1, or all 0
        where no tree has a split."""
        check_is_fitted(self)
        importances = self.forest_.importances()
        total = importances.sum()
        return importances / total if total > 0 else importances

    @property
    def estimator_(self) -> BaseEstimator:
        """An unfitted tree of scikit-learn with this forest's parameters."""
        check_is_fitted(self)
        tree = self._tree_class()
        common = (set(tree.get_params()) & set(self.get_params())) - {"class_weight"}
        return tree.set_params(**{name: getattr(self, name) for name in common})

    def save(self, path: AnyPath) -> None:
        """Writes the model as a file of the format of ``wasm_ml`` (docs/model-format.md), which ``load``,
        ``wasm_ml.load`` and the command ``wasm_ml predict`` read. Nothing of such a file is ever executed.

        Kept are the trees, names of features, labels, categories. Labels and categories become texts; text that looks
        like a number is put into double quotes, so that numbers come back as numbers (int64 or float64) and text as
        text. Names of features are kept where they differ from each other. To keep all of an estimator, pickle it.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        ValueError
            Not fitted (NotFittedError), or labels or categories that are neither text nor numbers.
        OSError
            The file cannot be written.
        """
        check_is_fitted(self)
        _give_names(self.forest_, vars(self), None, strict=True)
        write_whole(path, self.forest_.save())

    @classmethod
    def load(
        cls,
        path: AnyPath,
        *,
        backend: Backend | None = None,
        device: int | None = None,
        max_gpu_memory: int | None = None,
        timeout: float | None = None,
        n_jobs: int | None = None,
    ) -> Self:
        """An estimator from a model file: of this class's task, whatever made it.

        Features that are named 0, 1, … count as features without names.

        Parameters
        ----------
        path : str or path
        backend, device, max_gpu_memory, timeout, n_jobs
            Of the estimator.

        Raises
        ------
        ValueError
            The file is no model, or one for another task.
        OSError
            The file cannot be read.
        MemoryError, wasm_ml.errors.DeviceError
            As of ``fit``.
        """
        place = dict(backend=backend, device=device, max_gpu_memory=max_gpu_memory, timeout=timeout, n_jobs=n_jobs)
        estimator = cls(**place)
        forest = Forest.load(Path(path).read_bytes(), device=estimator._device())
        info = forest.info()
        if info["task"] != cls._task:
            raise ValueError(f"{path} is a model for {info['task']}, not for {cls._task}")
        estimator.set_params(**_params_of(info, forest, estimator))
        names = [feature["name"] for feature in info["features"]]
        categories = {
            i: labels_from_texts(f["categories"]) for i, f in enumerate(info["features"]) if f.get("categories")
        }
        fitted = {"forest_": forest, "n_features_in_": forest.n_features, "n_outputs_": 1, "_categories": categories}
        fitted.update(_n_rows=info.get("training_rows", 0), _draw_weights=None, _grown=None)
        if names != [str(i) for i in range(len(names))]:
            fitted["feature_names_in_"] = np.array(names, object)
        fitted.update(cls._learnt_of(info))
        estimator.__dict__.update(fitted)
        return estimator

    def __getattr__(self, name: str) -> Any:
        # Not properties: scikit-learn's display of an estimator looks at all of them, and these take their time.
        if name in ("estimators_", "estimators_samples_") and "forest_" in vars(self):
            value = self._trees() if name == "estimators_" else self._samples()
            if value is not None:
                return value
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_estimators", None)
        if "forest_" in state:
            state["forest_"] = state["forest_"].save()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        model = state.get("forest_")
        super().__setstate__({name: value for name, value in state.items() if name != "forest_"})
        if model is not None:
            self.forest_ = Forest.load(model, device=self._device())

    def __sklearn_is_fitted__(self) -> bool:
        return "forest_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _device(self) -> Device:
        return Device(self.backend, self.device, self.max_gpu_memory, threads_of(self.n_jobs))

    def _check_supported(self) -> None:
        for name, supported, why in (
            ("criterion", self.criterion == self._criterion, f"forests are grown with {self._criterion!r}"),
            ("max_leaf_nodes", self.max_leaf_nodes is None, "limit trees by max_depth or min_samples_leaf"),
            ("ccp_alpha", self.ccp_alpha == 0, "trees are not pruned; use min_impurity_decrease"),
            ("monotonic_cst", self.monotonic_cst is None, "splits have no constraints"),
        ):
            if not supported:
                raise ValueError(f"{name}={getattr(self, name)!r} is not supported: {why}")
        if not self.bootstrap and self.max_samples is not None:
            raise ValueError(
                "`max_sample` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` or set"
                " `max_sample=None`."
            )
        if not self.bootstrap and self.oob_score:
            raise ValueError("Out of bag estimation only available if bootstrap=True")
        if self.warm_start and getattr(self, "keep_targets", False):
            raise ValueError("keep_targets=True is not supported with warm_start=True: merged forests have no targets")

    def _check_same(self, table: Table, checked: Any, learnt: dict[str, Any]) -> None:
        """That more trees can be added to those there are."""
        if table.n_features != self.n_features_in_:
            raise ValueError(
                f"warm_start: X has {table.n_features} features, but {type(self).__name__} was fitted with"
                f" {self.n_features_in_}"
            )
        if list(getattr(checked, "feature_names_in_", ())) != list(getattr(self, "feature_names_in_", ())):
            raise ValueError("warm_start: the names of features are not those of the fit before")
        if "classes_" in learnt and not np.array_equal(learnt["classes_"], self.classes_):
            raise ValueError("warm_start: y has other classes than in the fit before")

    def _grow(
        self,
        table: Table,
        targets: NDArray[Any],
        growth: Growth,
        weights: NDArray[Any] | None,
        learnt: dict[str, Any],
    ) -> Forest:
        with _progress(self.verbose, growth.n_trees) as progress:
            return Forest.grow(
                table,
                targets,
                growth,
                n_classes=max(2, learnt["n_classes_"]) if learnt else 0,
                draw_weights=weights,
                criterion_weights=None if self.bootstrap else weights,
                device=self._device(),
                timeout=self.timeout,
                progress=progress,
            )

    def _growth(self, table: Table, n_more: int, n_earlier: int, weights: NDArray[Any] | None) -> Growth:
        n_rows, n_features = table.n_rows, table.n_features
        n_draws = self._n_draws(n_rows, weights) if self.bootstrap else 0
        leaf: Any = self.min_samples_leaf
        leaf = leaf if isinstance(leaf, Integral) else math.ceil(leaf * n_rows)
        split: Any = self.min_samples_split
        split = split if isinstance(split, Integral) else max(2, math.ceil(split * n_rows))
        max_features = self.max_features
        if max_features == "sqrt":
            max_features = max(1, int(np.sqrt(n_features)))
        elif max_features == "log2":
            max_features = max(1, int(np.log2(n_features)))
        elif max_features is None:
            max_features = n_features
        elif not isinstance(max_features, Integral):
            max_features = max(1, int(max_features * n_features))
        return Growth(
            n_trees=n_more,
            max_depth=0 if self.max_depth is None else min(self.max_depth, 2**32 - 1),
            max_features=0 if max_features >= n_features else max_features,
            min_samples_split=split,
            min_samples_leaf=leaf,
            min_weight_fraction_leaf=self.min_weight_fraction_leaf,
            min_impurity_decrease=self.min_impurity_decrease,
            bootstrap=self.bootstrap,
            n_draws=0 if self.max_samples is None else n_draws,
            balanced_subsample=self._balances_subsamples(),
            out_of_bag=bool(self.oob_score) and n_earlier == 0,
            leaf_targets=getattr(self, "keep_targets", False),
            seed=_seed(self.random_state, n_earlier),
        )

    def _n_draws(self, n_rows: int, weights: NDArray[Any] | None) -> int:
        """Rows that a tree draws, as scikit-learn 1.9 defines ``max_samples``."""
        if self.max_samples is None:
            return n_rows
        if isinstance(self.max_samples, Integral):
            return int(self.max_samples)
        total = n_rows if weights is None else weights.sum()
        n_draws = max(int(self.max_samples * total), 1)
        if n_draws < max(10, n_rows ** (1 / 3)):
            what = "number of samples" if weights is None else "total sum of sample weights"
            warnings.warn(
                f"Using the fractional value max_samples={self.max_samples} when the {what} is {total} results in a low"
                f" number ({n_draws}) of bootstrap samples. We recommend passing `max_samples` as an integer instead.",
                stacklevel=4,
            )
        return n_draws

    def _predict(self, X: TableLike, what: Literal["outputs", "leaves"] = "outputs") -> NDArray[Any]:
        check_is_fitted(self)
        table = _table(self, X, reset=False, categories=self._categories)
        return self.forest_.predict(table, what, timeout=self.timeout)

    def _trees(self) -> list[Any]:
        if "_estimators" not in vars(self):
            from .interchange import to_sklearn

            self._estimators = to_sklearn(self).estimators_
        return self._estimators

    def _samples(self) -> list[NDArray[np.int32]] | None:
        """Rows that each tree drew; None where that is not known."""
        if self._grown is None:
            return None
        if not self.bootstrap:
            return [np.arange(self._n_rows, dtype=np.int32) for _ in range(self.forest_.n_trees)]
        return [rows.astype(np.int32) for rows in rows_of_trees(vars(self))]


class RandomForestClassifier(ClassifierMixin, _RandomForest):
    """A random forest for classification.

    Parameters are those of ``sklearn.ensemble.RandomForestClassifier``, with the same defaults and meanings; what is
    not supported raises ValueError in ``fit``. The last four say where it computes.

    Parameters
    ----------
    n_estimators : int
        Trees.
    criterion : {"gini"}
    max_depth : int, optional
        Edges from the root to a leaf. None: any.
    min_samples_split, min_samples_leaf : int or float
        Different rows that a node must have to be split, and that both sides of a split must have; a float is a
        fraction of the rows.
    min_weight_fraction_leaf : float
        Share of the weight of a tree's rows that both sides of a split must have, 0 to 0.5. With ``bootstrap`` a row
        weighs as often as it was drawn.
    max_features : {"sqrt", "log2"}, int, float or None
        Features that a node tries.
    max_leaf_nodes : None
    min_impurity_decrease : float
    bootstrap : bool
        Whether each tree draws its rows with replacement; else it sees all of them once.
    oob_score : bool or callable
        Whether rows are predicted by the trees that did not draw them; a callable is the score,
        ``metric(y, prediction)`` of places in ``classes_``.
    n_jobs : int, optional
        Threads of the cpu backend, for the training and the predictions of the trained forest; -1: all. None: all of
        this process, but inside joblib (say, GridSearchCV with n_jobs) its share of them.
    random_state : int, RandomState or None
        An int is the seed of the engine.
    verbose : int
        1 shows a bar of tqdm.
    warm_start : bool
        Whether another ``fit`` adds trees to those there are.
    class_weight : {"balanced", "balanced_subsample"}, dict or None
        Multiplied with ``sample_weight``.
    ccp_alpha : 0.0
    max_samples : int, float or None
        Rows that a tree draws; a float is a fraction of the rows, or of the sum of weights.
    monotonic_cst : None
    backend : {"cpu", "cuda", "webgpu"}, optional
    device : int, optional
        Of the backend's devices.
    max_gpu_memory : int, optional
        Bytes that the module may hold on the device.
    timeout : float, optional
        Seconds that ``fit`` may take, and each prediction.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    n_classes_, n_features_in_, n_outputs_ : int
    feature_names_in_ : array of shape (n_features_in_,)
        Where X had names in ``fit`` that are all text.
    feature_importances_ : array of shape (n_features_in_,)
    oob_score_ : float
    oob_decision_function_ : array of shape (n_samples, n_classes)
        With ``oob_score``. 0 where every tree drew the row.
    forest_ : wasm_ml.Forest
        The model inside its module.
    estimator_ : sklearn.tree.DecisionTreeClassifier
        Unfitted.
    estimators_ : list of sklearn.tree.DecisionTreeClassifier
        The trees, made when they are asked for. Needs the package treelite.
    estimators_samples_ : list of arrays
        Rows that each tree drew, made when they are asked for. Not of a forest from a file.
    """

    _task = "classification"
    _criterion = "gini"
    classes_: NDArray[Any]
    n_classes_: int
    oob_decision_function_: NDArray[np.float64]
    _parameter_constraints: dict[str, Any] = {
        **_RandomForest._parameter_constraints,
        "criterion": [StrOptions({"gini", "entropy", "log_loss"})],
        "class_weight": [StrOptions({"balanced_subsample", "balanced"}), dict, list, None],
    }

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: Literal["gini"] = "gini",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Literal["sqrt", "log2"] | float | None = "sqrt",
        max_leaf_nodes: None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: bool | Callable[[Any, Any], float] = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Literal["balanced", "balanced_subsample"] | dict[Any, float] | None = None,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: None = None,
        backend: Backend | None = None,
        device: int | None = None,
        max_gpu_memory: int | None = None,
        timeout: float | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.backend = backend
        self.device = device
        self.max_gpu_memory = max_gpu_memory
        self.timeout = timeout

    def predict(self, X: TableLike) -> NDArray[Any]:
        """The likeliest class of each row.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,), of the type of ``classes_``

        Raises
        ------
        ValueError, TypeError, TimeoutError
            As of ``apply``.
        """
        places = np.argmax(self._probabilities(X), axis=1)
        return self.classes_.take(places, axis=0)

    def predict_proba(self, X: TableLike) -> NDArray[np.float64]:
        """Probabilities of classes: means of the trees' shares.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_classes), float64
            In the order of ``classes_``; each row's sum is 1.
        """
        probabilities = self._probabilities(X).astype(np.float64)
        probabilities /= probabilities.sum(axis=1, keepdims=True)  # they were rounded to float32
        return probabilities

    def predict_log_proba(self, X: TableLike) -> NDArray[np.float64]:
        """Logarithms of ``predict_proba``; minus infinity of 0.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_classes), float64
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _probabilities(self, X: TableLike) -> NDArray[np.float32]:
        outputs = self._predict(X)
        if self.n_classes_ == 1:
            return np.ones((len(outputs), 1), np.float32)
        if outputs.shape[1] == 1:  # of two classes, in some forests made elsewhere: the second one's
            return np.hstack([1 - outputs, outputs])
        return outputs

    def _learn_targets(self, y: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
        if y.dtype.kind not in "iub":  # which are classes in any case
            check_classification_targets(y)
        classes, codes = _classes_of(y)
        if len(classes) > _MOST_CLASSES:
            raise ValueError(f"y has {len(classes)} different classes; at most {_MOST_CLASSES} are supported")
        return codes, {"classes_": classes, "n_classes_": len(classes)}

    def _order_by(self, codes: NDArray[Any], learnt: dict[str, Any]) -> NDArray[Any]:
        n_classes = learnt["n_classes_"]
        return codes if n_classes <= 2 else codes == np.argmax(np.bincount(codes, minlength=n_classes))

    def _balances_subsamples(self) -> bool:
        return self.bootstrap and isinstance(self.class_weight, str) and self.class_weight == "balanced_subsample"

    def _row_weights(
        self, codes: NDArray[Any], learnt: dict[str, Any], sample_weight: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        if self.class_weight is None:
            return sample_weight
        classes = learnt["classes_"]
        if isinstance(self.class_weight, str):
            if self.warm_start:
                warnings.warn(
                    'class_weight presets "balanced" or "balanced_subsample" are not recommended for warm_start if the'
                    ' fitted data differs from the full dataset. In order to use "balanced" weights, use'
                    ' compute_class_weight("balanced", classes, y). In place of y you can use a large enough sample of'
                    " the full training set target to properly estimate the class frequency distributions. Pass the"
                    " resulting weights as the class_weight parameter.",
                    stacklevel=4,
                )
            if self._balances_subsamples():
                return sample_weight
            counts = np.bincount(codes, sample_weight, minlength=len(classes))
            of_classes = np.divide(counts.sum(), len(classes) * counts, out=np.zeros(len(classes)), where=counts > 0)
        else:
            of_classes = compute_class_weight(self.class_weight, classes=classes, y=classes)
        weights = of_classes[codes]
        return weights if sample_weight is None else weights * sample_weight

    def _judge(self, predictions: NDArray[Any], codes: NDArray[Any], learnt: dict[str, Any]) -> dict[str, Any]:
        predictions = predictions[:, : learnt["n_classes_"]]
        score = self.oob_score if callable(self.oob_score) else accuracy_score
        return {"oob_decision_function_": predictions, "oob_score_": score(codes, np.argmax(predictions, axis=1))}

    @staticmethod
    def _learnt_of(info: dict[str, Any]) -> dict[str, Any]:
        texts = info["classes"]
        if len(texts) == 2 and texts[1] == "":  # as _give_names leaves it
            texts = texts[:1]
        return {"classes_": np.array(labels_from_texts(texts)), "n_classes_": len(texts)}

    @staticmethod
    def _tree_class() -> Any:
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier()


class RandomForestRegressor(RegressorMixin, _RandomForest):
    """A random forest for regression.

    Parameters are those of ``sklearn.ensemble.RandomForestRegressor``, with the same defaults and meanings; what is
    not supported raises ValueError in ``fit``. The last five are this class's own.

    Parameters
    ----------
    n_estimators : int
        Trees.
    criterion : {"squared_error"}
    max_depth : int, optional
        Edges from the root to a leaf. None: any.
    min_samples_split, min_samples_leaf : int or float
        Different rows that a node must have to be split, and that both sides of a split must have; a float is a
        fraction of the rows.
    min_weight_fraction_leaf : float
        Share of the weight of a tree's rows that both sides of a split must have, 0 to 0.5. With ``bootstrap`` a row
        weighs as often as it was drawn.
    max_features : {"sqrt", "log2"}, int, float or None
        Features that a node tries.
    max_leaf_nodes : None
    min_impurity_decrease : float
    bootstrap : bool
        Whether each tree draws its rows with replacement; else it sees all of them once.
    oob_score : bool or callable
        Whether rows are predicted by the trees that did not draw them; a callable is the score,
        ``metric(y, prediction)``.
    n_jobs : int, optional
        Threads of the cpu backend, for the training and the predictions of the trained forest; -1: all. None: all of
        this process, but inside joblib (say, GridSearchCV with n_jobs) its share of them.
    random_state : int, RandomState or None
        An int is the seed of the engine.
    verbose : int
        1 shows a bar of tqdm.
    warm_start : bool
        Whether another ``fit`` adds trees to those there are.
    ccp_alpha : 0.0
    max_samples : int, float or None
        Rows that a tree draws; a float is a fraction of the rows, or of the sum of weights.
    monotonic_cst : None
    backend : {"cpu", "cuda", "webgpu"}, optional
    device : int, optional
        Of the backend's devices.
    max_gpu_memory : int, optional
        Bytes that the module may hold on the device.
    timeout : float, optional
        Seconds that ``fit`` may take, and each prediction.
    keep_targets : bool
        Whether leaves keep the targets of their rows, for ``predict_quantiles``.

    Attributes
    ----------
    n_features_in_, n_outputs_ : int
    feature_names_in_ : array of shape (n_features_in_,)
        Where X had names in ``fit`` that are all text.
    feature_importances_ : array of shape (n_features_in_,)
    oob_score_ : float
    oob_prediction_ : array of shape (n_samples,)
        With ``oob_score``. 0 where every tree drew the row.
    forest_ : wasm_ml.Forest
        The model inside its module.
    estimator_ : sklearn.tree.DecisionTreeRegressor
        Unfitted.
    estimators_ : list of sklearn.tree.DecisionTreeRegressor
        The trees, made when they are asked for. Needs the package treelite.
    estimators_samples_ : list of arrays
        Rows that each tree drew, made when they are asked for. Not of a forest from a file.
    """

    _task = "regression"
    _criterion = "squared_error"
    oob_prediction_: NDArray[np.float64]
    _parameter_constraints: dict[str, Any] = {
        **_RandomForest._parameter_constraints,
        "criterion": [StrOptions({"squared_error", "absolute_error", "friedman_mse", "poisson"})],
        "keep_targets": ["boolean"],
    }

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: Literal["squared_error"] = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Literal["sqrt", "log2"] | float | None = 1.0,
        max_leaf_nodes: None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: bool | Callable[[Any, Any], float] = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: None = None,
        backend: Backend | None = None,
        device: int | None = None,
        max_gpu_memory: int | None = None,
        timeout: float | None = None,
        keep_targets: bool = False,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.backend = backend
        self.device = device
        self.max_gpu_memory = max_gpu_memory
        self.timeout = timeout
        self.keep_targets = keep_targets

    def predict(self, X: TableLike) -> NDArray[np.float64]:
        """Means of the trees' predictions.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,), float64
            With the precision of float32.

        Raises
        ------
        ValueError, TypeError, TimeoutError
            As of ``apply``.
        """
        return self._predict(X).ravel().astype(np.float64)

    def predict_quantiles(self, X: TableLike, quantiles: float | Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
        """Quantiles of the targets of the training's rows that share leaves with a row: a quantile regression forest.

        Parameters
        ----------
        X : array or table of shape (n_samples, n_features)
        quantiles : float or list of floats, 0 to 1

        Returns
        -------
        array of shape (n_samples, n_quantiles), or (n_samples,) of one number, float64

        Raises
        ------
        ValueError
            A quantile is not from 0 to 1, or the forest was fitted without ``keep_targets``.
        """
        check_is_fitted(self)
        if not self.forest_.has_leaf_targets:
            raise ValueError("predict_quantiles needs the targets of leaves: fit with keep_targets=True")
        wanted = np.asarray(quantiles, np.float64)
        if wanted.ndim > 1 or not np.all((wanted >= 0) & (wanted <= 1)):
            raise ValueError(f"quantiles={quantiles!r}: numbers from 0 to 1 are expected")
        table = _table(self, X, reset=False, categories=self._categories)
        found = self.forest_.quantiles(table, wanted.reshape(-1)).astype(np.float64)
        return found[:, 0] if wanted.ndim == 0 else found

    def _learn_targets(self, y: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
        if y.dtype.kind not in "biuf" or y.dtype.itemsize > 8:
            y = y.astype(np.float64)
        return y, {}

    def _order_by(self, targets: NDArray[Any], learnt: dict[str, Any]) -> NDArray[Any]:
        return targets

    def _balances_subsamples(self) -> bool:
        return False

    def _row_weights(
        self, targets: NDArray[Any], learnt: dict[str, Any], sample_weight: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        return sample_weight

    def _judge(self, predictions: NDArray[Any], targets: NDArray[Any], learnt: dict[str, Any]) -> dict[str, Any]:
        predictions = predictions[:, 0]
        score = self.oob_score if callable(self.oob_score) else r2_score
        return {"oob_prediction_": predictions, "oob_score_": score(targets, predictions)}

    @staticmethod
    def _learnt_of(info: dict[str, Any]) -> dict[str, Any]:
        return {}

    @staticmethod
    def _tree_class() -> Any:
        from sklearn.tree import DecisionTreeRegressor

        return DecisionTreeRegressor()


# -- What is given


def _one_column(y: NDArray[Any]) -> NDArray[Any]:
    if hasattr(y, "toarray"):
        raise ValueError("sparse multilabel-indicator for y is not supported.")
    if y.ndim == 2 and y.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,),"
            " for example using ravel().",
            DataConversionWarning,
            stacklevel=3,
        )
        return y[:, 0]
    if y.ndim != 1:
        raise ValueError(
            f"y should be a 1d array, got an array of shape {y.shape} instead: several outputs are not supported"
        )
    return y


def _table(estimator: Any, X: TableLike, *, reset: bool, categories: Mapping[int, list[Any]] | None) -> Table:
    """X as a table, with scikit-learn's checks, names and exceptions, but not converted."""
    is_arrow = hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__")
    if hasattr(X, "iloc"):  # of pandas: a frame, or a series, which scikit-learn refuses
        is_table = hasattr(X, "columns")
    else:
        is_table = not isinstance(X, np.ndarray) and (is_arrow or hasattr(X, "__dlpack__"))
    if is_table:
        if hasattr(X, "shape"):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        table = Table.of(X, categories=categories)
        if table.n_rows == 0:
            raise ValueError(
                f"Found array with 0 sample(s) (shape=(0, {table.n_features})) while a minimum of 1 is required by"
                f" {type(estimator).__name__}."
            )
    else:
        rows = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)
        table = Table.of(np.asarray(rows, np.float64) if rows.dtype.kind in "OSU" else rows)
    if not reset:  # training looks at all values itself
        _refuse_infinite(table)
    return table


def _refuse_infinite(table: Table) -> None:
    for block in table.blocks:
        if block.dtype.kind != "f":
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            if abs(block.sum()) <= _F32_MAX:
                continue
            # There are missing values, infinite ones, or very large ones.
            extremes = np.fmin.reduce(block, axis=None), np.fmax.reduce(block, axis=None)
        if any(abs(float(extreme)) > _F32_MAX for extreme in extremes):
            raise ValueError("Input X contains infinity or a value too large for dtype('float32').")


def _classes_of(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Classes in order, and of each row the place of its class."""
    if y.dtype.kind in "iu" and len(y):
        low, high = int(y.min()), int(y.max())
        if high - low < 1 << 16 and high < 1 << 63:
            # As np.unique, without sorting.
            places = np.subtract(y, low, dtype=np.int64, casting="unsafe")
            present = np.bincount(places) > 0
            codes = (np.cumsum(present) - 1).astype(np.uint16)
            return (np.flatnonzero(present) + low).astype(y.dtype), codes[places]
    return np.unique(y, return_inverse=True)


def _seed(random_state: Any, n_earlier: int) -> int:
    """Of the engine; of trees that are added to earlier ones another."""
    if isinstance(random_state, Integral):
        seed = int(random_state)
    else:
        seed = int(check_random_state(random_state).randint(0, 2**32, dtype=np.uint64))
    return int(np.random.SeedSequence([seed, n_earlier]).generate_state(1)[0]) if n_earlier else seed


# -- Progress


@contextlib.contextmanager
def _progress(verbose: int, n_trees: int) -> Iterator[Callable[[int], object] | None]:
    """What Forest.grow tells how many trees there are."""
    if not verbose:
        yield None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("verbose=1 needs the package tqdm: pip install tqdm", stacklevel=4)
        yield None
        return
    with tqdm(total=n_trees, desc="growing", unit="tree") as bar:
        yield lambda n_done: bar.update(n_done - bar.n)
        bar.update(n_trees - bar.n)


# -- Ways through the trees


def _parents(nodes: NDArray[np.void], offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each node of a forest its parent, -1 of roots, and its depth."""
    is_inner = nodes["feature"] >= 0
    left = np.repeat(offsets[:-1], np.diff(offsets)) + nodes["left"]
    parents = np.full(len(nodes), -1, np.int64)
    depths = np.zeros(len(nodes), np.int64)
    level = offsets[:-1]
    depth = 0
    while len(level):
        depths[level] = depth
        inner = level[is_inner[level]]
        children = left[inner]
        parents[children] = parents[children + 1] = inner
        level = np.concatenate([children, children + 1])
        depth += 1
    return parents, depths


# -- Model files


def _give_names(forest: Forest, fitted: Mapping[str, Any], target: Any, *, strict: bool = False) -> None:
    """Names the forest's features, labels and categories. What cannot be kept in a file is left out, or raises where
    ``strict``."""
    features = list(fitted.get("feature_names_in_", ()))
    is_valid = features and len(set(features)) == len(features) and all(features)
    target = target if isinstance(target, str) else None
    try:
        forest.set_names(target=target, features=features if is_valid else None)
        if "classes_" in fitted:
            classes = _texts(fitted["classes_"])
            forest.set_names(classes=classes + [""] * (2 - len(classes)))  # a file has two classes at least
        for column, values in fitted["_categories"].items():
            forest.set_names(categories={column: _texts(values)})
    except ValueError:
        if strict:
            raise


def _texts(labels: Collection[Any]) -> list[str]:
    """Labels as texts from which labels_from_texts makes the same labels."""
    if len(labels) == 0:
        return []
    types = {type(label.item() if isinstance(label, np.generic) else label) for label in labels}
    if (len(types) != 1 and types != {int, float}) or not types <= {bool, int, float, str}:
        names = ", ".join(sorted(t.__name__ for t in types))
        raise ValueError(f"a model file keeps categories and classes that are text or numbers, not {names}")
    return labels_to_texts(labels)


def _params_of(info: dict[str, Any], forest: Forest, estimator: Any) -> dict[str, Any]:
    """Parameters as a model file has them: none of a forest made elsewhere."""
    params: dict[str, Any] = {"n_estimators": forest.n_trees}
    if "keep_targets" in estimator.get_params(deep=False):
        params["keep_targets"] = forest.has_leaf_targets
    for name in ("min_samples_split", "min_samples_leaf", "min_impurity_decrease", "bootstrap"):
        if name in info:
            params[name] = info[name]
    for name in ("max_depth", "max_features", "max_samples"):
        if name in info:
            params[name] = info[name] or None
    if "seed" in info:
        params["random_state"] = info["seed"]
    return params
