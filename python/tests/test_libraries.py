"""Of two libraries of one name in a process only the first is loaded: what the wheel brings must not stand in for those
of another package, which may be newer (oneDAL's oneTBB, for example)."""

import pathlib
import subprocess
import sys

import wasm_ml

FOLDER = pathlib.Path(wasm_ml.__file__).parent / "lib"

SCRIPT = """
import numpy as np
from wasm_ml import Forest, Growth
x = np.arange(20, dtype=np.float32).reshape(10, 2)
Forest.grow(x, x[:, 0], Growth(n_trees=1))
print(open("/proc/self/maps").read())
"""


def test_libraries_have_names_of_their_own():
    names = {path.name for path in FOLDER.iterdir()} - {"libwgpu_native.so"}
    assert any("tbb" in name for name in names)
    assert all("-wasm_ml.so" in name for name in names), names


def test_no_library_of_a_common_name_is_loaded():
    maps = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True).stdout
    loaded = {line.rsplit("/", 1)[-1] for line in maps.splitlines() if ".so" in line}
    assert any(name.startswith("libtbb-wasm_ml.so") for name in loaded)
    assert not any(name.startswith(("libtbb.so", "libfmt.so", "libspdlog.so")) for name in loaded), loaded
