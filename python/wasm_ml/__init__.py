"""Machine learning in a WebAssembly sandbox, on whatever device there is.

``WasmRandomForest`` is the plain way to a random forest; ``RandomForestClassifier`` and ``RandomForestRegressor`` have
scikit-learn's habits; ``Host`` runs any module. All of the work happens inside WebAssembly modules, which can reach
nothing but what they are given. Names are loaded when they are first used: only the estimators import scikit-learn.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # by two names, as type checkers want what is exported
    from . import dask as dask, ensemble as ensemble, errors as errors, interchange as interchange, plotting as plotting
    from ._comparison import compare_with_rapids as compare_with_rapids
    from ._engine import Device as Device, Forest as Forest, Growth as Growth, module_path as module_path
    from ._host import Host as Host, Instance as Instance, Module as Module, Run as Run
    from ._tables import Table as Table
    from .ensemble import (
        RandomForestClassifier as RandomForestClassifier,
        RandomForestRegressor as RandomForestRegressor,
    )
    from .interchange import (
        from_sklearn as from_sklearn,
        from_treelite as from_treelite,
        load as load,
        save as save,
        to_sklearn as to_sklearn,
        to_treelite as to_treelite,
    )
    from .plotting import plot_comparison as plot_comparison, plot_importances as plot_importances
    from .wrapper import WasmRandomForest as WasmRandomForest, infer_model as infer_model, train_model as train_model

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


if not TYPE_CHECKING:  # where it would say that there is any name

    def __getattr__(name):
        if name in _MODULES:
            return _import_module(f".{name}", __name__)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(_import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
