"""A program that ends leaves nothing to say."""

import subprocess
import sys

SCRIPT = """
import numpy as np
from wasm_ml import Forest, Growth
x = np.arange(20, dtype=np.float32).reshape(10, 2)
forest = Forest.grow(x, x[:, 0], Growth(n_trees=1))
"""


def test_nothing_is_printed_at_the_end():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
