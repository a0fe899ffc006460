"""Makes the models of this folder: small ones, trained on made-up data by other libraries and brought to Treelite, each
with inputs and what GTIL, Treelite's own predictor, makes of them.

    make_models.py FOLDER

Made with scikit-learn 1.9, XGBoost 3.2, LightGBM 4.7 and Treelite 4.8. NAME.treelite is the model; NAME.predictions has
three u32 (rows, features, outputs), the inputs (f32), then of each row and output what GTIL makes of it, without and
with the postprocessor (f64).
"""

import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import treelite
import xgboost
from sklearn import ensemble

N_FEATURES = 4


def made_up(rng, n_rows=400, n_features=N_FEATURES, missing=0.1):
    x = rng.normal(size=(n_rows, n_features)).astype(np.float32)
    x[:, 0] = np.round(x[:, 0] * 2) / 2  # values that thresholds fall between, and some on them
    y = 3 * x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3] + rng.normal(scale=0.1, size=n_rows) + 10
    with_missing = np.where(rng.random(x.shape) < missing, np.float32(np.nan), x)
    return x, with_missing, y


def classes(y, n):
    return np.digitize(y, np.quantile(y, np.linspace(0, 1, n + 1)[1:-1]))


def thresholds(model):
    pairs = []
    for tree in range(model.num_tree):
        accessor = model.get_tree_accessor(tree)
        is_split = accessor.get_field("cleft") >= 0
        pairs += zip(accessor.get_field("split_index")[is_split], accessor.get_field("threshold")[is_split])
    return pairs


def inputs_for(model, n_features, rng, n_rows):
    """Ordinary values, missing and extreme ones, and thresholds hit or nearly hit."""
    x = rng.normal(scale=1.5, size=(n_rows, n_features)).astype(np.float32)
    special = np.array([np.nan, 0.0, -0.0, 3e38, -3e38, np.inf, -np.inf, 1e-45, -1e-45], np.float32)
    is_special = rng.random(x.shape) < 0.15
    x[is_special] = rng.choice(special, size=is_special.sum())
    pairs = thresholds(model)
    for row in range(0, n_rows if pairs else 0, 2):
        for _ in range(n_features):
            feature, threshold = pairs[rng.integers(len(pairs))]
            with np.errstate(over="ignore"):
                near = np.float32(threshold)
            x[row, feature] = rng.choice([near, np.nextafter(near, np.float32(np.inf)),
                                          np.nextafter(near, np.float32(-np.inf))])
    return x


def gtil(model, x, **options):
    if model.input_type == "float64":
        x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        predictions = treelite.gtil.predict(model, x, nthread=1, **options)
    return np.asarray(predictions, dtype=np.float64).reshape(len(x), -1)


def save(folder, name, model, n_features, rng, n_rows=16):
    x = inputs_for(model, n_features, rng, n_rows)
    raw = gtil(model, x, pred_margin=True)
    model.serialize(str(folder / f"{name}.treelite"))
    with open(folder / f"{name}.predictions", "wb") as file:
        np.array([n_rows, n_features, raw.shape[1]], np.uint32).tofile(file)
        x.tofile(file)
        raw.tofile(file)
        gtil(model, x).tofile(file)


def from_sklearn(estimator, x, y):
    return treelite.sklearn.import_model(estimator.fit(x, y))


def from_xgboost(params, x, y, rounds=3, **matrix):
    data = xgboost.DMatrix(x, y, **matrix)
    return treelite.frontend.from_xgboost(xgboost.train({"nthread": 1, **params}, data, rounds))


def from_lightgbm(params, x, y, rounds=3, **dataset):
    params = {"verbose": -1, "num_threads": 1, "deterministic": True, **params}
    return treelite.frontend.from_lightgbm(lightgbm.train(params, lightgbm.Dataset(x, y, **dataset), rounds))


def stump_of(threshold_type, operator, threshold, default_left, leaves=(-1.25, 2.5)):
    """A model as cuML builds them, or with an operator that no library uses."""
    n = len(leaves[0]) if isinstance(leaves[0], (list, tuple)) else 1
    builder = treelite.model_builder.ModelBuilder(
        threshold_type=threshold_type,
        leaf_output_type=threshold_type,
        metadata=treelite.model_builder.Metadata(
            num_feature=N_FEATURES,
            task_type="kMultiClf" if n > 1 else "kRegressor",
            average_tree_output=True,
            num_target=1,
            num_class=[n],
            leaf_vector_shape=(1, n),
        ),
        tree_annotation=treelite.model_builder.TreeAnnotation(
            num_tree=1, target_id=[0], class_id=[-1 if n > 1 else 0]
        ),
        postprocessor=treelite.model_builder.PostProcessorFunc(
            name="identity_multiclass" if n > 1 else "identity"
        ),
        base_scores=[0.0] * n,
    )
    builder.start_tree()
    builder.start_node(0)
    builder.numerical_test(feature_id=1, threshold=threshold, default_left=default_left, opname=operator,
                           left_child_key=1, right_child_key=2)
    builder.end_node()
    for key, leaf in enumerate(leaves, 1):
        builder.start_node(key)
        builder.leaf(list(leaf) if n > 1 else leaf)
        builder.end_node()
    builder.end_tree()
    return builder.commit()


def small_models(rng):
    x, missing, y = made_up(rng)
    two = classes(y, 2)
    three = classes(y, 3)
    forest = {"n_estimators": 3, "max_leaf_nodes": 8, "random_state": 1}
    boosting = {"n_estimators": 4, "max_leaf_nodes": 6, "random_state": 1}
    hist = {"max_iter": 4, "max_leaf_nodes": 6, "random_state": 1}
    yield "sklearn_rf_regression", from_sklearn(ensemble.RandomForestRegressor(**forest), missing, y)
    yield "sklearn_rf_targets", from_sklearn(
        ensemble.RandomForestRegressor(**forest), x, np.stack([y, -2 * y + x[:, 1]], axis=1))
    yield "sklearn_rf_binary", from_sklearn(ensemble.RandomForestClassifier(**forest), x, two)
    yield "sklearn_rf_classes", from_sklearn(ensemble.RandomForestClassifier(**forest), missing, three)
    yield "sklearn_extra_trees", from_sklearn(ensemble.ExtraTreesRegressor(**forest), x, y)
    yield "sklearn_gb_regression", from_sklearn(ensemble.GradientBoostingRegressor(**boosting), x, y)
    yield "sklearn_gb_classes", from_sklearn(
        ensemble.GradientBoostingClassifier(n_estimators=2, max_leaf_nodes=5, random_state=1), x, three)
    yield "sklearn_hist_regression", from_sklearn(ensemble.HistGradientBoostingRegressor(**hist), missing, y)
    yield "sklearn_hist_binary", from_sklearn(ensemble.HistGradientBoostingClassifier(**hist), missing, two)
    yield "sklearn_isolation", from_sklearn(
        ensemble.IsolationForest(n_estimators=3, max_samples=12, random_state=1), x, None)

    tree = {"max_depth": 3, "eta": 0.5}
    yield "xgboost_regression", from_xgboost({"objective": "reg:squarederror", **tree}, missing, y)
    yield "xgboost_binary", from_xgboost({"objective": "binary:logistic", **tree}, missing, two)
    yield "xgboost_classes", from_xgboost(
        {"objective": "multi:softprob", "num_class": 3, "max_depth": 2}, missing, three, 2)
    yield "xgboost_poisson", from_xgboost({"objective": "count:poisson", **tree}, x, np.round(np.maximum(y, 0)))
    yield "xgboost_hinge", from_xgboost({"objective": "binary:hinge", **tree}, x, two)
    yield "xgboost_rf", from_xgboost(
        {"objective": "reg:squarederror", "num_parallel_tree": 3, "subsample": 0.6, "eta": 1, "max_depth": 3}, x, y, 1)
    yield "xgboost_dart", from_xgboost(
        {"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.5, **tree}, x, y)
    yield "xgboost_targets", from_xgboost(
        {"objective": "reg:squarederror", "max_depth": 2}, x, np.stack([y, 100 - y], axis=1), 2)

    leaves = {"num_leaves": 7}
    yield "lightgbm_regression", from_lightgbm({"objective": "regression", **leaves}, missing, y)
    yield "lightgbm_sqrt", from_lightgbm({"objective": "regression", "reg_sqrt": True, **leaves}, x, y)
    yield "lightgbm_binary", from_lightgbm({"objective": "binary", "sigmoid": 0.7, **leaves}, missing, two)
    yield "lightgbm_classes", from_lightgbm(
        {"objective": "multiclass", "num_class": 3, "num_leaves": 4}, missing, three, 2)
    yield "lightgbm_ova", from_lightgbm(
        {"objective": "multiclassova", "num_class": 3, "num_leaves": 4}, x, three, 2)
    yield "lightgbm_rf", from_lightgbm(
        {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, **leaves}, x, y)
    yield "lightgbm_entropy", from_lightgbm({"objective": "cross_entropy_lambda", **leaves}, x, two)

    yield "builder_f32", stump_of("float32", "<=", 0.1, False, [(0.25, 0.75), (1.0, 0.0)])
    yield "builder_less", stump_of("float64", "<", 0.5, True)
    yield "builder_greater", stump_of("float64", ">", 0.1, True)
    yield "builder_greater_equal", stump_of("float32", ">=", -0.0, True)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    warnings.simplefilter("ignore")
    for name, model in small_models(rng):
        save(folder, name, model, N_FEATURES, rng)


if __name__ == "__main__":
    main()
