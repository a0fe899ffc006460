"""The forest in its sandbox, under the name that the guide gives it: all of it is in the package wasm_ml (python/).

    from wasm_wrapper import WasmRandomForest

`python wasm_wrapper.py` runs the base test and prints its figures.
"""

import sys

try:
    from wasm_ml._comparison import compare_with_rapids, main
    from wasm_ml.wrapper import WasmRandomForest, infer_model, train_model
except ModuleNotFoundError as error:
    if error.name != "wasm_ml":
        raise
    raise ModuleNotFoundError(
        "the package wasm_ml is not installed: pip install ./python (in the repository's folder)", name="wasm_ml"
    ) from None

__all__ = ["WasmRandomForest", "compare_with_rapids", "infer_model", "train_model"]

if __name__ == "__main__":
    sys.exit(main())
