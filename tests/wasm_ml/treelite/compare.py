"""Compares many random models with GTIL, by hand: what the test program reads, and what it writes again.

    compare.py TEST_PROGRAM [N_ROUNDS [SEED]]

TEST_PROGRAM is wasm_ml_test; the packages are those of make_models.py.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import treelite
from sklearn import ensemble

from make_models import classes, from_lightgbm, from_sklearn, from_xgboost, gtil, inputs_for, made_up, save

N_ROWS = 200


def random_models(rng):
    n_features = int(rng.integers(4, 12))
    x, missing, y = made_up(rng, int(rng.integers(50, 1000)), n_features)
    y = (y - rng.choice([0, 10])) * float(rng.choice([1e-3, 1, 1e4]))
    positive = np.maximum(y - y.min(), 0)
    k = int(rng.integers(3, 6))
    two, many = classes(y, 2), classes(y, k)
    seed = int(rng.integers(1000))
    size = int(rng.integers(1, 60))
    depth = int(rng.integers(1, 10))
    forest = {"n_estimators": size, "max_depth": depth, "random_state": seed}
    iterations = {"max_iter": size, "max_depth": depth, "random_state": seed}
    for name in ("RandomForest", "ExtraTrees", "GradientBoosting"):
        data = x if name == "GradientBoosting" else missing
        yield f"sklearn_{name}Regressor", from_sklearn(getattr(ensemble, f"{name}Regressor")(**forest), data, y)
        for label, target in (("binary", two), ("classes", many)):
            classifier = getattr(ensemble, f"{name}Classifier")(**forest)
            yield f"sklearn_{name}_{label}", from_sklearn(classifier, data, target)
    yield "sklearn_HistRegressor", from_sklearn(ensemble.HistGradientBoostingRegressor(**iterations), missing, y)
    for label, target in (("binary", two), ("classes", many)):
        yield f"sklearn_Hist_{label}", from_sklearn(
            ensemble.HistGradientBoostingClassifier(**iterations), missing, target)
    yield "sklearn_IsolationForest", from_sklearn(
        ensemble.IsolationForest(n_estimators=size, max_samples=min(64, len(x)), random_state=seed), x, None)
    yield "sklearn_RandomForest_targets", from_sklearn(
        ensemble.RandomForestRegressor(**forest), x, np.stack([y, y * x[:, 0], x[:, 1]], axis=1))

    params = {"max_depth": depth, "eta": float(rng.uniform(0.05, 1)), "seed": seed,
              "gamma": float(rng.choice([0, 0.5]))}
    rf = {"num_parallel_tree": 5, "subsample": 0.7, "colsample_bynode": 0.7}
    for objective, target in (
        ("reg:squarederror", y), ("reg:absoluteerror", y), ("reg:pseudohubererror", y), ("reg:logistic", two),
        ("binary:logistic", two), ("binary:logitraw", two), ("binary:hinge", two), ("count:poisson", positive),
        ("reg:gamma", positive + 1e-3), ("reg:tweedie", positive),
    ):
        name = objective.replace(":", "_")
        yield f"xgboost_{name}", from_xgboost({"objective": objective, **params}, missing, target, size)
        yield f"xgboost_rf_{name}", from_xgboost({"objective": objective, **params, **rf}, missing, target, 2)
    for objective in ("multi:softprob", "multi:softmax"):
        name = objective.replace(":", "_")
        multi = {"objective": objective, "num_class": k, **params}
        yield f"xgboost_{name}", from_xgboost(multi, missing, many, size // 3 + 1)
        yield f"xgboost_rf_{name}", from_xgboost({**multi, **rf}, missing, many, 2)
    yield "xgboost_rank", from_xgboost({"objective": "rank:pairwise", **params}, x, two, size, group=[len(x)])
    yield "xgboost_dart", from_xgboost(
        {"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.3, **params}, missing, y, size)
    yield "xgboost_targets", from_xgboost(
        {"objective": "reg:squarederror", **params}, missing, np.stack([y, -y], axis=1), size)
    yield "xgboost_vector_leaves", from_xgboost(
        {"objective": "reg:squarederror", "multi_strategy": "multi_output_tree", "tree_method": "hist",
         "max_depth": depth}, missing, np.stack([y, -y, x[:, 2]], axis=1), size)

    params = {"max_depth": depth, "learning_rate": float(rng.uniform(0.05, 0.5)), "seed": seed, "min_data_in_leaf": 5,
              "zero_as_missing": bool(rng.integers(2))}
    bagging = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
    for objective, target in (
        ("regression", y), ("regression_l1", y), ("huber", y), ("quantile", y), ("poisson", positive),
        ("gamma", positive + 1e-3), ("tweedie", positive), ("binary", two), ("cross_entropy", two),
        ("cross_entropy_lambda", two),
    ):
        yield f"lightgbm_{objective}", from_lightgbm({"objective": objective, **params}, missing, target, size)
        yield f"lightgbm_rf_{objective}", from_lightgbm(
            {"objective": objective, **params, **bagging}, missing, target, size)
    yield "lightgbm_sqrt", from_lightgbm({"objective": "regression", "reg_sqrt": True, **params}, missing, y, size)
    yield "lightgbm_dart", from_lightgbm({"objective": "regression", "boosting": "dart", **params}, missing, y, size)
    yield "lightgbm_rank", from_lightgbm({"objective": "lambdarank", **params}, x, two, size, group=[len(x)])
    for objective in ("multiclass", "multiclassova"):
        multi = {"objective": objective, "num_class": k, **params}
        yield f"lightgbm_{objective}", from_lightgbm(multi, missing, many, size // 3 + 1)
        yield f"lightgbm_rf_{objective}", from_lightgbm({**multi, **bagging}, missing, many, size // 3 + 1)


def difference(a, b):
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        relative = np.abs(a - b) / np.maximum(np.abs(b), np.finfo(np.float32).tiny)
    return float(np.where(same, 0, relative).max())


def check_exported(folder, stem, rng, worst):
    original = treelite.Model.deserialize(str(folder / f"{stem}.treelite"))
    exported = treelite.Model.deserialize(str(folder / f"{stem}.exported"))
    x = inputs_for(original, original.num_feature, rng, N_ROWS)
    kind = stem.split("-")[1]
    for label, options in (("raw", {"pred_margin": True}), ("processed", {})):
        key = (kind, label)
        worst[key] = max(worst.get(key, 0), difference(gtil(exported, x, **options), gtil(original, x, **options)))
    if "RandomForest" in kind or "ExtraTrees" in kind:
        estimator = treelite.sklearn.export_model(exported)
        x[~np.isfinite(x)] = 0
        predict = estimator.predict_proba if hasattr(estimator, "predict_proba") else estimator.predict
        key = (kind, "scikit-learn's")
        predicted = np.asarray(predict(x)).reshape(len(x), -1)
        worst[key] = max(worst.get(key, 0), difference(predicted, gtil(original, x)))


def main():
    program = sys.argv[1]
    n_rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rng = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(n_rounds):
            for kind, model in random_models(rng):
                save(folder, f"{i}-{kind}", model, model.num_feature, rng, N_ROWS)
        output = subprocess.run([program, "--gtest_filter=TreeliteGtilTest.ByHand"], check=True, text=True,
                                stdout=subprocess.PIPE, env={**os.environ, "WASM_ML_TREELITE_MODELS": name}).stdout
        kinds = {}
        for line in output.splitlines():
            words = line.split()
            if len(words) > 1 and words[1] == "error":
                print(line)
            elif len(words) > 1 and words[1] == "numbers":
                numbers = np.array(words[2:], np.float64)
                of = kinds.setdefault(words[0].split("-")[1], np.zeros(len(numbers)))
                of[1::2] = np.maximum(of[1::2], numbers[1::2])
                of[0::2] += numbers[0::2]
        print("greatest difference, and how many numbers differ by more than 1e-6:")
        print("model | numbers | raw, relative | to the leaves' sum | added up as GTIL does | processed, relative")
        for kind, of in sorted(kinds.items()):
            print(f"{kind} | {of[0]:.0f} |", " | ".join(f"{of[i]:.2g} {of[i + 1]:.0f}" for i in (1, 3, 5, 7)))
        worst = {}
        for path in sorted(folder.glob("*.exported")):
            check_exported(folder, path.stem, rng, worst)
        print("as exported, relative:")
        for (kind, label), value in sorted(worst.items()):
            print(f"{kind} | {label} | {value:.2g}")


if __name__ == "__main__":
    main()
