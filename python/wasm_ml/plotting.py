"""Plots, as figures of matplotlib: what features matter, how forests compare. They need no display."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_comparison", "plot_importances"]

_TITLES = {
    "train_ms": "training (ms)",
    "predict_ms": "prediction (ms)",
    "mse": "mean squared error",
    "r2": "R²",
    "accuracy": "accuracy",
}
_INCHES_PER_BAR = 0.35


def plot_importances(
    model: Any, *, names: Sequence[str] | None = None, max_features: int | None = 20, ax: Axes | None = None
) -> Figure:
    """Draws the features' importances as bars, the greatest first.

    Parameters
    ----------
    model
        What is trained and has ``feature_importances_`` (of this package or of others), or a Forest.
    names : sequence of str, optional
        Of the features; without them those that the model knows, or their numbers.
    max_features : int or None
        How many are drawn, at most; None: all.
    ax : matplotlib Axes, optional
        Where to draw; else on a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        To show, or to save: ``figure.savefig("importances.png")``.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        There are as many names as there are not features; or the model is not trained.
    """
    importances = model.importances() if hasattr(model, "importances") else model.feature_importances_
    importances = np.asarray(importances, np.float64)
    if names is None:
        names = _names_of(model, len(importances))
    if len(names) != len(importances):
        raise ValueError(f"names: there are {len(names)}, but {len(importances)} features")
    if max_features is not None and max_features < 1:
        raise ValueError(f"max_features is {max_features}; it must be 1 or more")
    order = np.argsort(-importances, kind="stable")[:max_features]
    figure, ax = _axes(ax, (6.4, 1 + _INCHES_PER_BAR * len(order)))
    places = np.arange(len(order))
    ax.barh(places, importances[order])
    ax.set_yticks(places, [str(names[i]) for i in order])
    ax.invert_yaxis()
    ax.set_xlabel("importance")
    if len(order) < len(importances):
        ax.set_title(f"{len(order)} of {len(importances)} features")
    return figure


def plot_comparison(
    figures: Mapping[str, Any], *, metrics: Sequence[str] | None = None, axes: Any = None
) -> Figure:
    """Draws how forests compare, a panel for each metric.

    Parameters
    ----------
    figures : mapping
        What `compare_with_rapids` returns, or of each competitor's name a mapping of metrics to numbers; a metric may
        be missing.
    metrics : sequence of str, optional
        Which ones, in order; without them all.
    axes : matplotlib Axes or a sequence of them, optional
        Where to draw, one for each metric; else on a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        Nothing to draw, a metric that no competitor has, or axes that are not as many as metrics.
    """
    results = figures["results"] if "results" in figures else figures
    if metrics is None:
        metrics = list(dict.fromkeys(metric for row in results.values() for metric in row))
    for metric in metrics:
        if not any(metric in row for row in results.values()):
            raise ValueError(f"metrics: no competitor has {metric!r}")
    if not metrics:
        raise ValueError("figures: there is nothing to draw")
    if axes is None:
        size = (3.2 * len(metrics) + 1.6, 1.2 + _INCHES_PER_BAR * len(results))
        axes = _new_figure(size).subplots(1, len(metrics), sharey=True, squeeze=False)
    axes = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
    if len(axes) != len(metrics):
        raise ValueError(f"axes: there are {len(axes)}, but {len(metrics)} metrics")
    names = list(results)
    places = np.arange(len(names))
    for i, (ax, metric) in enumerate(zip(axes, metrics)):
        values = [results[name].get(metric, np.nan) for name in names]
        bars = ax.barh(places, values)
        ax.bar_label(bars, ["" if np.isnan(value) else f"{value:.4g}" for value in values], padding=3)
        ax.margins(x=0.4)
        ax.set_yticks(places, names)
        ax.tick_params(labelleft=i == 0)
        ax.set_title(_TITLES.get(metric, metric))
    axes[0].invert_yaxis()
    for ax in axes[1:]:
        ax.set_ylim(axes[0].get_ylim())
    return axes[0].figure


def _names_of(model: Any, n_features: int) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    if names is None and hasattr(model, "info"):
        names = [feature["name"] for feature in model.info()["features"]]
    return [str(i) for i in range(n_features)] if names is None else list(names)


def _axes(ax: Axes | None, size: tuple[float, float]) -> tuple[Figure, Axes]:
    if ax is None:
        ax = _new_figure(size).add_subplot()
    return cast("Figure", ax.figure), ax


def _new_figure(size: tuple[float, float]) -> Figure:
    """Where pyplot is in use, as in a notebook, one that it shows; else one that needs no display."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("plots need matplotlib: pip install wasm-ml[plot]") from None
    if "matplotlib.pyplot" in sys.modules:
        return sys.modules["matplotlib.pyplot"].figure(figsize=size, layout="constrained")
    return Figure(figsize=size, layout="constrained")
