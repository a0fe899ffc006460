"""Forests to and from files and other libraries.

What leads into the package (`from_sklearn`, `from_treelite`, `load`) gives a WasmRandomForest, which predicts on the
CPU and the GPU and needs no scikit-learn. What leads out of it (`to_sklearn`, `to_treelite`, `save`) takes a
WasmRandomForest, one of the estimators (RandomForestClassifier, RandomForestRegressor) once it is trained, or a bare
Forest.

XGBoost, LightGBM and cuML come through Treelite:

    from_treelite(treelite.frontend.from_xgboost(booster))
    from_treelite(treelite.frontend.from_lightgbm(booster))
    from_treelite(cuml_forest.as_treelite())

Model files and Treelite's bytes are read inside the sandbox and never executed: whatever they hold, the worst is a
ValueError.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ._engine import Device, Forest
from ._files import write_whole
from ._labels import labels_from_texts, labels_to_texts

if TYPE_CHECKING:
    import treelite
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    from . import ensemble
    from ._types import AnyPath
    from .wrapper import WasmRandomForest

    Model: TypeAlias = (
        WasmRandomForest | ensemble.RandomForestClassifier | ensemble.RandomForestRegressor | Forest
    )

__all__ = ["from_sklearn", "from_treelite", "load", "save", "to_sklearn", "to_treelite"]


def from_sklearn(estimator: Any, **parameters: Any) -> WasmRandomForest:
    """Takes over a trained forest of scikit-learn.

    Its predictions are the estimator's within the rounding of 32-bit floats: rows go the same way through the trees,
    which scikit-learn's forests too compare as float32, and leaves are rounded to float32.

    Parameters
    ----------
    estimator
        A trained random forest, extra trees, gradient boosting (also by histograms) or isolation forest, of one output.
        An isolation forest gives scores: those of ``score_samples`` with the other sign.
    **parameters
        Of WasmRandomForest: ``backend``, ``device``, ``max_gpu_memory``, ``threads``, ``timeout``.

    Raises
    ------
    ValueError
        Not trained (scikit-learn's NotFittedError), or more than can be imported: several targets with classes, splits
        on categories.
    TypeError
        No estimator of scikit-learn.
    ImportError
        treelite or scikit-learn is missing.
    """
    treelite = _treelite()
    _sklearn()
    from sklearn.base import BaseEstimator
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"estimator: {_kind(estimator)} is no estimator of scikit-learn")
    check_is_fitted(estimator)
    try:
        model = treelite.sklearn.import_model(estimator)
    except (treelite.TreeliteError, NotImplementedError, AssertionError) as error:
        raise ValueError(f"estimator: {_kind(estimator)} cannot be imported: {error}") from error
    return from_treelite(
        model,
        feature_names=getattr(estimator, "feature_names_in_", None),
        classes=getattr(estimator, "classes_", None),
        **parameters,
    )


def from_treelite(
    model: treelite.Model | bytes,
    *,
    feature_names: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
    target: str | None = None,
    **parameters: Any,
) -> WasmRandomForest:
    """Takes over a forest of Treelite 4, and through it one of XGBoost, LightGBM or cuML.

    Its predictions are those of ``treelite.gtil.predict`` for float32 rows, within 1e-6.

    Parameters
    ----------
    model : treelite.Model or bytes
        Bytes as ``Model.serialize_bytes`` and ``Model.serialize`` write them (Treelite need not be installed then).
    feature_names : sequence of str, optional
        Treelite keeps none.
    classes : sequence, optional
        Labels of a classification, in order; else 0, 1, …
    target : str, optional
        Its name, for the model file.
    **parameters
        Of WasmRandomForest: ``backend``, ``device``, ``max_gpu_memory``, ``threads``, ``timeout``.

    Raises
    ------
    ValueError
        The bytes are no such model, or more than can be read, such as splits on categories; names that do not fit.
    TypeError
        Neither a model of Treelite nor bytes.
    """
    from .wrapper import WasmRandomForest

    if hasattr(model, "serialize_bytes"):
        data = model.serialize_bytes()
    elif isinstance(model, (bytes, bytearray, memoryview)):
        data = model
    else:
        raise TypeError(f"model: {_kind(model)} is neither a treelite.Model nor bytes")
    forest = Forest.from_treelite(data, device=_device(parameters))
    known = forest.info()
    labels = None
    if known["task"] == "classification":
        n_classes = len(known["classes"])
        labels = np.arange(n_classes) if classes is None else np.array(classes)
        if labels.shape != (n_classes,):
            raise ValueError(f"classes: the forest has {n_classes}, not {len(labels)} labels")
    elif classes is not None:
        raise ValueError(f"classes: the forest is for {known['task']}")
    if feature_names is not None and len(feature_names) != forest.n_features:
        raise ValueError(f"feature_names: there are {len(feature_names)}, but {forest.n_features} features")
    forest.set_names(
        target=target,
        features=None if feature_names is None else [str(name) for name in feature_names],
        classes=None if labels is None else labels_to_texts(labels),
    )
    return WasmRandomForest._of_forest(forest, classes=labels, **parameters)


def to_treelite(model: Model) -> treelite.Model:
    """The forest as a model of Treelite 4, for its predictor, cuML's FIL and others.

    Categories become their places in the model's list, from 0, which rows must then hold; a warning says so. Names are
    not kept.

    Parameters
    ----------
    model : WasmRandomForest, RandomForestClassifier, RandomForestRegressor or Forest

    Raises
    ------
    ValueError
        Not trained.
    ImportError
        treelite is missing.
    """
    treelite = _treelite()
    forest = _forest_of(model)
    for feature in forest.info()["features"]:
        if feature.get("categories"):
            warnings.warn(
                f"column {feature['name']!r}: the exported forest takes the numbers of categories, from 0",
                UserWarning,
                stacklevel=2,
            )
    return treelite.Model.deserialize_bytes(forest.to_treelite())


def to_sklearn(model: Model) -> RandomForestClassifier | RandomForestRegressor:
    """The same forest as an estimator of scikit-learn, for whatever takes one: SHAP's TreeExplainer, skl2onnx, PMML.

    Trees are node for node the same; predictions, rounded to float32, are equal to the last bit for forests that were
    grown here. Inner nodes have the mean of the rows below. Of a regression a leaf's own impurity is not known and
    counts as 0; importances do not depend on it.

    Parameters
    ----------
    model : WasmRandomForest, RandomForestClassifier, RandomForestRegressor or Forest
        Whose trees are averaged: random forests and extra trees, not boosted ones.

    Raises
    ------
    ValueError
        Not trained, or no forest of averaged trees.
    ImportError
        treelite or scikit-learn is missing.
    """
    treelite = _treelite()
    _sklearn()
    forest = _forest_of(model)
    known = forest.info()
    exported = to_treelite(model)
    try:
        estimator = treelite.sklearn.export_model(exported)
    except (treelite.TreeliteError, NotImplementedError) as error:
        raise ValueError(f"the forest cannot be one of scikit-learn: {error}") from error
    estimator.set_params(n_estimators=len(estimator.estimators_))
    for tree in estimator.estimators_:
        tree.n_features_in_ = estimator.n_features_in_
        _complete(tree.tree_, known["task"], forest.leaves == "classes")
    if known["task"] == "classification":
        labels = getattr(model, "classes_", None)
        if labels is None:
            labels = labels_from_texts(known["classes"])
        estimator.classes_ = np.asarray(labels)
        if len(estimator.classes_) < estimator.n_classes_:  # one class, which a model file cannot have
            for one in (estimator, *estimator.estimators_):
                one.n_classes_ = len(estimator.classes_)
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        estimator.feature_names_in_ = np.asarray(names, dtype=object)
    return estimator


def save(model: Model, path: AnyPath) -> None:
    """Writes the forest to a model file (docs/model-format.md), which `load` and the program wasm_ml read.

    The file has the trees, and as texts the names of features, classes and categories; text that looks like a number is
    put into double quotes. Parameters that do not belong to the trees are not in it; pickle and joblib keep an object
    as it is. A file is replaced only by a complete one.

    Parameters
    ----------
    model : WasmRandomForest, RandomForestClassifier, RandomForestRegressor or Forest
    path : path

    Raises
    ------
    ValueError
        Not trained.
    OSError
        The file cannot be written.
    """
    forest = _forest_of(model)
    if not isinstance(model, Forest) and type(model).__module__ == f"{__package__}.ensemble":
        return model.save(path)
    write_whole(path, forest.save())


def load(path: AnyPath, **parameters: Any) -> WasmRandomForest:
    """Reads a model file, whoever wrote it: nothing in it is executed.

    Parameters
    ----------
    path : path
    **parameters
        Of WasmRandomForest: ``backend``, ``device``, ``max_gpu_memory``, ``threads``, ``timeout``.

    Returns
    -------
    WasmRandomForest
        Its ``classes_`` are whole numbers, floats or booleans where all texts in the file are written like that, else
        texts. RandomForestClassifier.load and RandomForestRegressor.load give estimators.

    Raises
    ------
    ValueError
        The file is no model, or damaged: the text names it and says what is wrong.
    MemoryError
        The model needs more than ``max_gpu_memory``.
    OSError
        The file cannot be read.
    """
    from .wrapper import WasmRandomForest

    data = Path(path).read_bytes()
    try:
        forest = Forest.load(data, device=_device(parameters))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from error
    return WasmRandomForest._of_forest(forest, **parameters)


def _forest_of(model: Model) -> Forest:
    if isinstance(model, Forest):
        return model
    forest = getattr(model, "forest_", None)
    if isinstance(forest, Forest):
        return forest
    if hasattr(model, "train") or hasattr(model, "fit"):
        from .wrapper import _not_fitted

        if type(model).__module__.partition(".")[0] == "wasm_ml":
            raise _not_fitted(f"this {type(model).__name__} is not trained yet")
    raise TypeError(f"model: {_kind(model)} is no forest of wasm_ml; from_sklearn and from_treelite make one")


def _device(parameters: dict) -> Device:
    # The cpu backend is the one that keeps forests itself.
    return Device("cpu", None, parameters.get("max_gpu_memory"), parameters.get("threads"))


def _complete(tree: Any, task: str, on_grid: bool) -> None:
    """Gives a tree of scikit-learn what Treelite does not keep: inner nodes' values, and impurities.

    ``on_grid``: its leaves are shares of classes as the engine predicts them (docs/forest-numerics.md, section 7).
    """
    values = tree.value[:, 0, :]
    weights = tree.weighted_n_node_samples
    is_leaf = tree.children_left < 0
    if np.isnan(weights).any():
        return  # not known: only leaves have values
    if on_grid:
        # Treelite has them as f32, not yet on the grid.
        counts = np.rint(values[is_leaf] * weights[is_leaf, None])
        total = weights[is_leaf, None]
        shares = np.floor((counts * 2**25 + total) / (2 * total)) / 2**24
        if shares.shape[1] == 2:
            shares[:, 0] = 1 - shares[:, 1]
        values[is_leaf] = shares
    impurities = tree.impurity
    impurities[:] = 0
    for parents in _levels(tree)[::-1]:
        left, right = tree.children_left[parents], tree.children_right[parents]
        left_share = (weights[left] / (weights[left] + weights[right]))[:, None]
        values[parents] = left_share * values[left] + (1 - left_share) * values[right]
        if task != "classification":
            below = left_share * (impurities[left][:, None] + (values[left] - values[parents]) ** 2)
            below += (1 - left_share) * (impurities[right][:, None] + (values[right] - values[parents]) ** 2)
            impurities[parents] = below.mean(axis=1)
    if task == "classification":
        impurities[:] = 1 - (values**2).sum(axis=1)


def _levels(tree: Any) -> list[np.ndarray]:
    """The inner nodes of each depth."""
    levels: list[np.ndarray] = []
    nodes = np.zeros(1, np.intp)
    while True:
        nodes = nodes[tree.children_left[nodes] >= 0]
        if len(nodes) == 0:
            return levels
        levels.append(nodes)
        nodes = np.concatenate([tree.children_left[nodes], tree.children_right[nodes]])


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _treelite() -> Any:
    try:
        import treelite
        import treelite.sklearn
    except ImportError as error:
        raise ImportError(f"this needs Treelite 4: pip install wasm-ml[interchange] ({error})") from None
    if int(treelite.__version__.partition(".")[0]) != 4:
        raise ImportError(f"this needs Treelite 4, not {treelite.__version__}: pip install 'treelite>=4,<5'")
    return treelite


def _sklearn() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise ImportError(f"this needs scikit-learn: pip install wasm-ml[interchange] ({error})") from None
