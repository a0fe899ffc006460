import signal

import numpy as np
import pytest

# A shell starts what is to run in the background with interrupts ignored, which tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def regression():
    """X (500 × 5 float32) and y, of which three features matter."""
    rng = np.random.default_rng(3)
    X = rng.random((500, 5), dtype=np.float32)
    return X, 10 * X[:, 0] + np.where(X[:, 1] > 0.5, 5, 0) + X[:, 2] ** 2


@pytest.fixture(scope="session")
def classes(regression):
    """The same X and three classes."""
    X, y = regression
    return X, np.digitize(y, np.quantile(y, [0.3, 0.7]))
