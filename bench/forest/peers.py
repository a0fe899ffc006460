#!/usr/bin/env python3
"""A peer, for run.py: peers.py PEER FOLDER THREADS SECONDS [score], and for predict.py: … SECONDS predict

Trains on what write_task (workloads.py) wrote. Prints lines of JSON: its version when it is ready, the seconds of one
training after the other until SECONDS are spent, and with `score` how good the forest is on the test rows. With
`predict` it trains once and prints the seconds that it takes to predict the test rows, the fastest until SECONDS are
spent, and one row on one thread, the median over different rows.
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
    return lambda: model.fit(x, y), predict, model


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

    return fit, lambda x: model.predict(columns(x), num_threads=threads), None


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
    return lambda: model.fit(task.x, y), predict, model


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

    return fit, lambda x: model.predict(x), None


def onnxruntime(task, threads):
    """Predicts a forest of scikit-learn."""
    import onnxruntime
    from skl2onnx import to_onnx

    train, _, forest = sklearn(task, threads)
    session = name = None

    def fit():
        nonlocal session, name
        train()
        graph = to_onnx(forest, task.x[:1], options={id(forest): {"zipmap": False}} if task.classes else None)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name

    return fit, lambda x: session.run(None, {name: x})[1 if task.classes else 0], None


def treelite(task, threads):
    """The same."""
    import treelite

    train, _, forest = sklearn(task, threads)
    model = None

    def fit():
        nonlocal model
        train()
        model = treelite.sklearn.import_model(forest)

    return fit, lambda x: treelite.gtil.predict(model, x, nthread=threads), None


PEERS = {  # key: name, package, what makes it
    "onedal": ("oneDAL", "scikit-learn-intelex", onedal),
    "sklearn": ("scikit-learn", "scikit-learn", sklearn),
    "ydf": ("YDF", "ydf", ydf),
    "xgboost": ("XGBoost rf", "xgboost", xgboost),
    "lightgbm": ("LightGBM rf", "lightgbm", lightgbm),
}
PREDICTORS = {key: PEERS[key] for key in ("onedal", "sklearn", "ydf", "xgboost")} | {
    "onnxruntime": ("ONNX Runtime", "onnxruntime", onnxruntime),
    "treelite": ("Treelite GTIL", "treelite", treelite),
}


def say(**what):
    print(json.dumps(what), flush=True)


def timed(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def predictions(task, predict, model, enough):
    """Seconds for the test rows, and for one."""
    seconds, end = [timed(lambda: predict(task.test_x))], time.perf_counter() + enough
    while time.perf_counter() < end:
        seconds.append(timed(lambda: predict(task.test_x)))
    say(predict_s=min(seconds), rows=len(task.test_x))
    if model is not None:
        model.set_params(n_jobs=1)
    rows, one = [task.test_x[i : i + 1].copy() for i in range(min(1000, len(task.test_x)))], []
    end = time.perf_counter() + enough
    for row in rows:
        one.append(timed(lambda: predict(row)))
        if time.perf_counter() > end:
            break
    say(one_row_s=float(np.median(one)))


def main():
    warnings.simplefilter("ignore")
    key, folder, threads, enough = sys.argv[1:5]
    task = Task(folder)
    name, package, make = (PEERS | PREDICTORS)[key]
    fit, predict, model = make(task, int(threads))
    say(version=importlib.metadata.version(package))
    if "predict" in sys.argv[5:]:
        fit()
        predictions(task, predict, model, float(enough))
        return
    spent = 0
    while spent < float(enough):
        seconds = timed(fit)
        say(seconds=seconds)
        spent += seconds
    if "score" in sys.argv[5:]:
        say(score=task.score(predict(task.test_x)))


if __name__ == "__main__":
    main()
