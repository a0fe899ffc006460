#!/usr/bin/env python3
"""One turn of the Python package: FOLDER SECONDS ESTIMATOR. Prints a line of JSON. bench_python.py runs this in an
environment that has the package."""

import json
import pathlib
import sys
import time

import numpy as np

from workloads import Task


def best(function, seconds):
    """The least time of as many calls as go into so many seconds, at least one."""
    least, begin = float("inf"), time.perf_counter()
    while True:
        start = time.perf_counter()
        result = function()
        now = time.perf_counter()
        least = min(least, now - start)
        if now - begin > seconds:
            return least, result


def memory(key):
    """Bytes of this process: VmRSS now, VmHWM at most since forget_peak()."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(key + ":"))


def forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def by_forest(task, seconds):
    from wasm_ml import Forest, Growth

    growth = Growth(n_trees=task.trees, max_depth=task.depth or 0, max_features=task.mtry)
    Forest.grow(task.x[:50], task.y[:50], Growth(n_trees=1), n_classes=task.classes)  # compiles the module
    forget_peak()
    before = memory("VmRSS")
    train_s, forest = best(lambda: Forest.grow(task.x, task.y, growth, n_classes=task.classes), 0)
    peak = memory("VmHWM") - before
    predict_s, _ = best(lambda: forest.predict(task.test_x), seconds)
    times = []
    for row in range(min(1000, len(task.test_x))):
        rows = task.test_x[row : row + 1]
        start = time.perf_counter()
        forest.predict(rows)
        times.append(time.perf_counter() - start)
    return dict(
        train_s=train_s,
        predict_s=predict_s,
        one_row_s=sorted(times)[len(times) // 2],
        peak_bytes=peak,
        model_bytes=9 * forest.n_nodes,
        input_bytes=task.x.nbytes + task.y.nbytes,
    )


def by_estimator(task, seconds):
    from wasm_ml import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if task.classes else RandomForestRegressor
    estimator = kind(task.trees, max_depth=task.depth, max_features=task.mtry, random_state=0)
    y = task.y.astype(np.int64) if task.classes else task.y
    kind(1).fit(task.x[:50], y[:50])
    train_s, _ = best(lambda: estimator.fit(task.x, y), 0)
    predict = estimator.predict_proba if task.classes else estimator.predict
    predict_s, predictions = best(lambda: predict(task.test_x), seconds)
    return dict(train_s=train_s, predict_s=predict_s, score=task.score(predictions))


def main():
    folder, seconds, way = sys.argv[1:]
    task = Task(pathlib.Path(folder))
    print(json.dumps((by_estimator if way == "estimator" else by_forest)(task, float(seconds))))


if __name__ == "__main__":
    main()
