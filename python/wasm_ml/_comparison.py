"""The forest beside cuML's or scikit-learn's on the same data, and the base test, which compares GPU and CPU.

scikit-learn, cuML and matplotlib are imported when they are used.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._kernels import GPU_BACKENDS, choose_adapter
from ._tables import Table
from .errors import DeviceError
from .wrapper import WasmRandomForest, _column, _matrix, _r2, _task_of, _to_host

if TYPE_CHECKING:
    from ._types import AnyPath, ColumnLike, TableLike

__all__ = ["compare_with_rapids", "main"]


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
        adapter = choose_adapter(model.backend, model.device)
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
    X: TableLike | None = None,
    y: ColumnLike | None = None,
    *,
    n_estimators: int = 200,
    max_depth: int = 16,
    seed: int = 42,
    test_size: float = 0.2,
    repeat: int = 5,
    plot: bool | AnyPath = True,
    verbose: bool = True,
) -> dict[str, Any]:
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

    Raises
    ------
    ValueError, TypeError
        Bad data, or a ``test_size`` that leaves no rows.
    ImportError
        Neither cuML nor scikit-learn is installed.
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


def _plot(figures: dict, plot: bool | AnyPath) -> None:
    from .plotting import plot_comparison

    try:
        figure = plot_comparison(figures)
    except ImportError as error:
        if plot is not True:
            raise
        figures["notes"].append(f"no plot: {error}")
        return
    if not isinstance(plot, bool):
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
    parser.add_argument("--backend", choices=GPU_BACKENDS, help="of predict_gpu (the best that works)")
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
