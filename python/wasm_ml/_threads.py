"""Threads that an estimator takes: all of this process's, or its share of them inside joblib and Dask."""

from __future__ import annotations

import os
import sys
import threading

import joblib
from joblib.externals.loky import process_executor


def threads_of(n_jobs: int | None) -> int:
    """Threads that ``n_jobs`` stands for here."""
    backend, around = joblib.parallel.get_active_backend()
    is_nested = bool(getattr(backend, "nesting_level", None))
    share = _share(is_nested)
    if n_jobs is None and not is_nested:
        n_jobs = around  # of joblib.parallel_config
    if n_jobs is None:
        return share
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 in Parallel has no meaning")
    return n_jobs if n_jobs > 0 else max(1, share + 1 + n_jobs)


def _share(is_nested: bool) -> int:
    """All threads of this process; of a worker of joblib or Dask what that left to it, of one of its threads 1."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    in_worker = process_executor._CURRENT_DEPTH > 0
    if (in_worker and in_main_thread) or _is_in_dask():
        limit = os.environ.get("OMP_NUM_THREADS", "")
        return int(limit) if limit.isdecimal() and int(limit) > 0 else 1
    return 1 if in_worker or is_nested else joblib.cpu_count()


def _is_in_dask() -> bool:
    if "distributed" not in sys.modules:
        return False
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return False
    return True
