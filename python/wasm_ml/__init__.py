"""Machine learning in a WebAssembly sandbox, on whatever device there is.

``WasmRandomForest`` is the plain way to a random forest; ``RandomForestClassifier`` and ``RandomForestRegressor`` have
scikit-learn's habits; ``Host`` runs any module. All of the work happens inside WebAssembly modules, which can reach
nothing but what they are given. Names are loaded when they are first used: only the estimators import scikit-learn.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from . import dask, errors, interchange, plotting
    from ._comparison import compare_with_rapids
    from ._engine import Device, Forest, Growth, module_path
    from ._host import Host, Instance, Module, Run
    from ._tables import Table
    from .ensemble import RandomForestClassifier, RandomForestRegressor
    from .interchange import from_sklearn, from_treelite, load, save, to_sklearn, to_treelite
    from .plotting import plot_comparison, plot_importances
    from .wrapper import WasmRandomForest, infer_model, train_model

__version__ = "0.1.0"

_HOMES = {
    "Device": "_engine",
    "Forest": "_engine",
    "Growth": "_engine",
    "Host": "_host",
    "Instance": "_host",
    "Module": "_host",
    "RandomForestClassifier": "ensemble",
    "RandomForestRegressor": "ensemble",
    "Run": "_host",
    "Table": "_tables",
    "WasmRandomForest": "wrapper",
    "compare_with_rapids": "_comparison",
    "from_sklearn": "interchange",
    "from_treelite": "interchange",
    "infer_model": "wrapper",
    "load": "interchange",
    "module_path": "_engine",
    "plot_comparison": "plotting",
    "plot_importances": "plotting",
    "save": "interchange",
    "to_sklearn": "interchange",
    "to_treelite": "interchange",
    "train_model": "wrapper",
}
_MODULES = ["dask", "ensemble", "errors", "interchange", "plotting"]

__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name):
    if name in _MODULES:
        return _import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
