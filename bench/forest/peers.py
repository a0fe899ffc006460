#!/usr/bin/env python3
"""A peer, for run.py: peers.py PEER FOLDER THREADS SECONDS [score]

Trains on what write_task (workloads.py) wrote. Prints lines of JSON: its version when it is ready, the seconds of one
training after the other until SECONDS are spent, and with `score` how good the forest is on the test rows.
"""

import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np

from workloads import Task


def scikit_learn(task, threads, module):
    kind = module.RandomForestClassifier if task.classes else module.RandomForestRegressor
    x, y = task.x, task.y.astype(np.int64 if task.classes else np.float64)
    model = kind(task.trees, max_depth=task.depth or None, max_features=task.mtry, n_jobs=threads, random_state=0)
    predict = model.predict_proba if task.classes else model.predict
    return lambda: model.fit(x, y), lambda: predict(task.test_x)


def sklearn(task, threads):
    import sklearn.ensemble

    return scikit_learn(task, threads, sklearn.ensemble)


def onedal(task, threads):
    import sklearnex.ensemble

    return scikit_learn(task, threads, sklearnex.ensemble)


def ydf(task, threads):
    import ydf

    ydf.verbose(0)
    learner = ydf.RandomForestLearner(
        label="y",
        task=ydf.Task.CLASSIFICATION if task.classes else ydf.Task.REGRESSION,
        num_trees=task.trees,
        max_depth=task.depth or -1,
        num_threads=threads,
        compute_oob_performances=False,
        winner_take_all=False,
        num_candidate_attributes=task.mtry if task.mtry < task.features else -1,
        min_examples=1,
        discretize_numerical_columns=True,
    )
    columns = lambda x: {f"f{i}": np.ascontiguousarray(x[:, i]) for i in range(task.features)}
    data = columns(task.x) | {"y": task.y.astype(np.int64) if task.classes else task.y}
    model = None

    def fit():
        nonlocal model
        model = learner.train(data)

    return fit, lambda: model.predict(columns(task.test_x), num_threads=threads)


def xgboost(task, threads):
    import xgboost

    kind = xgboost.XGBRFClassifier if task.classes else xgboost.XGBRFRegressor
    # The share is rounded down to whole features.
    model = kind(
        n_estimators=task.trees,
        max_depth=task.depth,
        colsample_bynode=min(1, (task.mtry + 0.01) / task.features),
        subsample=0.632,
        tree_method="hist",
        n_jobs=threads,
        reg_lambda=0,
        min_child_weight=1e-6,
        random_state=0,
    )
    y = task.y.astype(np.int32) if task.classes else task.y
    predict = model.predict_proba if task.classes else model.predict
    return lambda: model.fit(task.x, y), lambda: predict(task.test_x)


def lightgbm(task, threads):
    import lightgbm

    objective = "regression" if not task.classes else "binary" if task.classes == 2 else "multiclass"
    options = dict(
        boosting="rf",
        objective=objective,
        num_leaves=min(2 ** (task.depth or 17), 2**17),
        max_depth=task.depth or -1,
        bagging_freq=1,
        bagging_fraction=0.632,
        min_data_in_leaf=1,
        feature_fraction_bynode=task.mtry / task.features,
        min_sum_hessian_in_leaf=0,
        num_threads=threads,
        num_class=task.classes if task.classes > 2 else 1,
        verbose=-1,
    )
    model = None

    def fit():
        nonlocal model
        model = lightgbm.train(options, lightgbm.Dataset(task.x, task.y), num_boost_round=task.trees)

    return fit, lambda: model.predict(task.test_x)


PEERS = {  # key: name, package, what makes it
    "onedal": ("oneDAL", "scikit-learn-intelex", onedal),
    "sklearn": ("scikit-learn", "scikit-learn", sklearn),
    "ydf": ("YDF", "ydf", ydf),
    "xgboost": ("XGBoost rf", "xgboost", xgboost),
    "lightgbm": ("LightGBM rf", "lightgbm", lightgbm),
}


def say(**what):
    print(json.dumps(what), flush=True)


def main():
    warnings.simplefilter("ignore")
    key, folder, threads, enough = sys.argv[1:5]
    fit, predict = PEERS[key][2](task := Task(folder), int(threads))
    say(version=importlib.metadata.version(PEERS[key][1]))
    spent = 0
    while spent < float(enough):
        begin = time.perf_counter()
        fit()
        seconds = time.perf_counter() - begin
        say(seconds=seconds)
        spent += seconds
    if "score" in sys.argv[5:]:
        say(score=task.score(predict()))


if __name__ == "__main__":
    main()
