"""Plots without a display."""

import subprocess
import sys

import numpy as np
import pytest

from wasm_ml import WasmRandomForest, plot_comparison, plot_importances

matplotlib = pytest.importorskip("matplotlib")

RESULTS = {
    "ours": {"train_ms": 10.0, "predict_ms": 1.0, "r2": 0.5},
    "ours, GPU": {"predict_ms": 2.0, "r2": 0.5},
    "theirs": {"train_ms": 40.0, "predict_ms": 4.0, "r2": 0.4},
}


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X = rng.random((200, 4), dtype=np.float32)
    return WasmRandomForest(10).train(X, X[:, 2] * 3 + X[:, 0])


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def saves(figure, path):
    figure.savefig(path)
    return path.read_bytes().startswith(b"\x89PNG")


def test_importances(model, tmp_path):
    figure = plot_importances(model)
    (ax,) = figure.axes
    assert labels(ax.yaxis)[:2] == ["2", "0"]
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], np.sort(model.feature_importances_)[::-1])
    assert ax.yaxis_inverted()
    assert saves(figure, tmp_path / "plot.png")


def test_importances_of_some_with_names(model):
    figure = plot_importances(model.forest_, names=list("abcd"), max_features=2)
    (ax,) = figure.axes
    assert labels(ax.yaxis) == ["c", "a"]
    assert ax.get_title() == "2 of 4 features"
    with pytest.raises(ValueError, match="names: there are 1, but 4"):
        plot_importances(model, names=["a"])
    with pytest.raises(ValueError, match="max_features"):
        plot_importances(model, max_features=0)
    with pytest.raises(ValueError, match="not trained"):
        plot_importances(WasmRandomForest())


def test_importances_of_other_libraries_and_names_of_columns(model):
    pandas = pytest.importorskip("pandas")
    ensemble = pytest.importorskip("sklearn.ensemble")
    frame = pandas.DataFrame(np.random.default_rng(0).random((50, 2)), columns=["wide", "long"])
    theirs = ensemble.RandomForestRegressor(3).fit(frame, frame["long"])
    for forest in (theirs, WasmRandomForest(3).train(frame, frame["long"])):
        assert labels(plot_importances(forest).axes[0].yaxis)[0] == "long"


def test_importances_on_axes_of_ones_own(model):
    figure = matplotlib.figure.Figure()
    ax = figure.add_subplot()
    assert plot_importances(model, ax=ax) is figure
    assert len(ax.patches) == 4


def test_comparison(tmp_path):
    figure = plot_comparison({"results": RESULTS, "peer": "theirs"})
    assert [ax.get_title() for ax in figure.axes] == ["training (ms)", "prediction (ms)", "R²"]
    assert labels(figure.axes[0].yaxis) == list(RESULTS)
    assert [bar.get_width() for bar in figure.axes[1].patches] == [1, 2, 4]
    assert [text.get_text() for text in figure.axes[0].texts] == ["10", "", "40"]
    assert saves(figure, tmp_path / "plot.png")


def test_comparison_of_some_metrics_on_axes_of_ones_own():
    figure = matplotlib.figure.Figure()
    axes = figure.subplots(1, 2)
    assert plot_comparison(RESULTS, metrics=["r2", "predict_ms"], axes=axes) is figure
    assert [ax.get_title() for ax in axes] == ["R²", "prediction (ms)"]
    assert plot_comparison(RESULTS, metrics=["r2"], axes=figure.add_subplot()) is figure
    with pytest.raises(ValueError, match="axes: there are 2, but 3 metrics"):
        plot_comparison(RESULTS, axes=axes)
    with pytest.raises(ValueError, match="no competitor has 'speed'"):
        plot_comparison(RESULTS, metrics=["speed"])
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_comparison({})


def test_pyplot_is_taken_only_where_it_is_in_use():
    code = (
        "import sys; from wasm_ml import plot_comparison; figure = plot_comparison({'a': {'r2': 1.0}})\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'sklearn' not in sys.modules\n"
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt\n"
        "assert plot_comparison({'a': {'r2': 1.0}}).number in plt.get_fignums()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_without_matplotlib_the_remedy_is_named(model, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install wasm-ml\[plot\]"):
        plot_importances(model)
