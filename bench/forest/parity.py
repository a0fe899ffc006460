#!/usr/bin/env python3
"""Are our forests as good as scikit-learn's (docs/forest.md)? scripts/bench-forest --parity runs this.

Both grow forests of the same rows, for a number of seeds; ours in the sandbox. In the mean ours must not be worse
by more than 3 standard errors of the difference, or 0.003 where that is more. Prints a table; writes FILE.json. Exit
code 1 where a case is worse, 2 for an error.
"""

import argparse
import dataclasses
import datetime
import functools
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import time

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

from run import THREADS, Ours, machine, say
from workloads import airline, clusters, friedman

SEEDS, QUICK_SEEDS = 20, 10
ERRORS_ALLOWED, LEAST_ALLOWED = 3, 0.003
THIRD = 1 / 3


@dataclasses.dataclass
class Rows:
    """To train with, and to test."""

    x: np.ndarray
    test_x: np.ndarray
    y: np.ndarray
    test_y: np.ndarray
    weights: np.ndarray | None = None

    @classmethod
    def split(cls, x, y, seed, test_size=0.3):
        return cls(*train_test_split(np.float32(x), y, test_size=test_size, random_state=seed))


# What follows makes the rows for a seed.


def bundled(name):
    """A data set that comes with scikit-learn."""
    load = functools.cache(lambda: getattr(datasets, f"load_{name}")(return_X_y=True))
    return lambda seed: Rows.split(*load(), seed)


def made_up(make, rows, test_rows=20_000):
    """A new table for each seed."""

    def split(seed):
        x, y = make(rows + test_rows, seed)
        return Rows(np.float32(x[:rows]), np.float32(x[rows:]), y[:rows], y[rows:])

    return split


def dealt(make, rows, test_rows=20_000):
    """One table, divided by the seed."""
    load = functools.cache(lambda: make(rows + test_rows))
    return lambda seed: Rows.split(*load(), seed, test_rows)


def with_missing(split, in_training=True):
    def changed(seed):
        rows, random = split(seed), np.random.default_rng(seed)
        for x in [rows.test_x] + [rows.x] * in_training:
            x[random.random(x.shape) < 0.2] = np.nan
        return rows

    return changed


def with_weights(split):
    def changed(seed):
        rows = split(seed)
        return dataclasses.replace(rows, weights=np.random.default_rng(seed).exponential(size=len(rows.y)))

    return changed


def unbalanced(rows, seed):
    return datasets.make_classification(
        rows, 20, n_informative=6, n_classes=3, weights=[0.85, 0.1], class_sep=0.8, random_state=seed
    )


def grid(seed):
    """All points of 300 x 300: blocks of 3 x 3, a checkerboard of larger ones, noise."""
    random = np.random.default_rng(seed)
    x = np.stack(np.meshgrid(np.arange(300), np.arange(300)), -1).reshape(-1, 2)
    y = random.standard_normal((100, 100))[x[:, 0] // 3, x[:, 1] // 3] + (x // 25).sum(1) % 2
    return Rows.split(x, y + 0.3 * random.standard_normal(len(x)), seed, 0.2)


def top_hundredth(waves, rows, seed):
    """The highest hundredth of a column has all the signal."""
    random = np.random.default_rng(seed)
    x = random.random((rows, 4), dtype=np.float32)
    inside = np.clip((x[:, 0] - 0.99) / 0.01, 0, 1)
    return x, 10 * np.sin(2 * np.pi * waves * inside) + 0.05 * random.standard_normal(rows)


def heavy_tail(rows, seed):
    x, y = friedman(rows, seed)
    return x, np.exp((y - 14.4) / 4)


def things(rows, seed):
    """Whole numbers that stand for 2000 and 300 things, each with an effect of its own."""
    random = np.random.default_rng(seed)
    x = np.column_stack([random.integers(0, size, rows) for size in (2000, 300, 9)])
    y = random.standard_normal(2000)[x[:, 0]] + random.standard_normal(300)[x[:, 1]] + 0.3 * x[:, 2]
    return x, y + 0.3 * random.standard_normal(rows)


@dataclasses.dataclass
class Case:
    name: str
    split: callable
    score: callable
    parameters: dict  # scikit-learn's, where not its defaults
    seeds: int = SEEDS
    large: bool = False

    def describe(self):
        texts = {True: "on", False: "off", THIRD: "third"}
        shown = {key: value for key, value in self.parameters.items() if key != "oob_score"}
        return ", ".join(f"{key} {texts.get(value, value)}" for key, value in shown.items()) or "defaults"


def cases():
    def regression(name, split, **parameters):
        return Case(name, split, r2_score, parameters)

    def classification(name, split, **parameters):
        return Case(name, split, accuracy_score, parameters)

    def large(case, seeds):
        return dataclasses.replace(case, seeds=seeds, large=True)

    diabetes, wine, breast_cancer, digits = map(bundled, ("diabetes", "wine", "breast_cancer", "digits"))
    everywhere = [dict(oob_score=True), dict(max_depth=8), dict(min_samples_leaf=5), dict(max_samples=0.5)]
    yield from (regression("diabetes", diabetes, **parameters) for parameters in everywhere)
    yield regression("diabetes", diabetes, max_features=THIRD)
    yield regression("diabetes", diabetes, max_features=THIRD, bootstrap=False)
    for name, split in (("breast_cancer", breast_cancer), ("wine", wine), ("digits", digits)):
        yield from (classification(name, split, **parameters) for parameters in everywhere)
        yield classification(name, split, bootstrap=False)
    yield classification("digits", digits, max_features=THIRD, bootstrap=False)

    yield regression("diabetes, row weights", with_weights(diabetes))
    yield regression("diabetes, row weights", with_weights(diabetes), max_samples=0.5)
    yield regression("diabetes, row weights", with_weights(diabetes), max_features=THIRD, bootstrap=False)
    for parameters in (
        {},
        dict(class_weight="balanced"),
        dict(class_weight="balanced_subsample"),
        dict(class_weight="balanced", bootstrap=False),
        dict(class_weight="balanced", max_depth=8, min_samples_leaf=5),
        dict(class_weight="balanced_subsample", max_depth=8, min_samples_leaf=5),
    ):
        yield Case("unbalanced classes", made_up(unbalanced, 1500), balanced_accuracy_score, parameters)

    yield regression("diabetes, 20 % missing", with_missing(diabetes))
    yield regression("diabetes, 20 % missing", with_missing(diabetes), max_features=THIRD, min_samples_leaf=5)
    yield classification("wine, 20 % missing", with_missing(wine))
    yield classification("wine, 20 % missing", with_missing(wine), bootstrap=False)
    yield regression("diabetes, missing in test only", with_missing(diabetes, in_training=False))

    yield regression("friedman, 5k", made_up(friedman, 5000), max_features=THIRD, oob_score=True)

    yield regression("heavy tail, 5k", made_up(heavy_tail, 5000), n_estimators=50)
    yield regression("numbers of things, 20k", made_up(things, 20_000), n_estimators=20)
    yield classification("airline, 20k", dealt(airline, 20_000), n_estimators=30)
    yield regression("top 1 %, 2 waves, 20k", made_up(functools.partial(top_hundredth, 2), 20_000), n_estimators=20)
    yield regression("top 1 %, 6 waves, 20k", made_up(functools.partial(top_hundredth, 6), 20_000), n_estimators=20)
    top_100k = made_up(functools.partial(top_hundredth, 6), 100_000)
    yield large(regression("top 1 %, 6 waves, 100k", top_100k, n_estimators=10), 5)
    yield large(regression("grid of 300 × 300", grid, n_estimators=10), SEEDS)

    def two_classes(rows):
        return clusters(rows, 40, 2)

    for rows, trees, seeds in ((20_000, 30, SEEDS), (100_000, 10, 5)):
        thousands, deep = f"{rows // 1000}k", dict(n_estimators=trees, max_depth=16)
        third = dict(n_estimators=trees, max_features=THIRD)
        yield large(regression(f"friedman_{thousands}", made_up(friedman, rows), **deep), seeds)
        yield large(regression(f"friedman_{thousands}_third", made_up(friedman, rows), **third), seeds)
        yield large(classification(f"class_{thousands}", dealt(two_classes, rows), **deep), seeds)
    # Bins are made from a sample of so many rows.
    yield large(
        regression("friedman_400k", made_up(friedman, 400_000), n_estimators=5, max_features=THIRD, max_depth=12), 3
    )


def theirs(case, rows, seed):
    """Their scores, for rows to test and perhaps out of the bag, and the number of nodes."""
    kind = RandomForestRegressor if case.score is r2_score else RandomForestClassifier
    model = kind(**case.parameters, random_state=seed, n_jobs=THREADS).fit(rows.x, rows.y, sample_weight=rows.weights)
    scores = [case.score(rows.test_y, model.predict(rows.test_x))]
    if case.parameters.get("oob_score"):
        scores.append(model.oob_score_)
    return scores, sum(tree.tree_.node_count for tree in model.estimators_)


def pack(case, rows, seed):
    """The same as a task for parity_forest.cpp."""
    known = ("n_estimators", "max_depth", "max_features", "min_samples_leaf", "max_samples", "bootstrap")
    unknown = set(case.parameters) - {*known, "class_weight", "oob_score"}
    if unknown:
        raise RuntimeError(f"{case.name}: what are {unknown}?")
    get, (n, features) = case.parameters.get, rows.x.shape
    classes = 0 if case.score is r2_score else int(rows.y.max()) + 1
    tried = get("max_features", "sqrt" if classes else 1.0)
    tried = max(1, int(math.sqrt(features) if tried == "sqrt" else tried * features))
    weights, bootstrap = rows.weights, get("bootstrap", True)
    if get("class_weight") == "balanced":
        weights = compute_sample_weight("balanced", rows.y) * (1 if weights is None else weights)
    draws = n if bootstrap else 0
    if bootstrap and get("max_samples"):
        draws = int(get("max_samples") * (n if weights is None else weights.sum()))
    task = struct.pack(
        "13I",
        n,
        len(rows.test_x),
        features,
        classes,
        get("n_estimators", 100),
        get("max_depth", 0),
        tried,
        get("min_samples_leaf", 1),
        draws,
        0 if weights is None else 1 if bootstrap else 2,
        get("class_weight") == "balanced_subsample",
        get("oob_score", False),
        seed,
    )
    arrays = [rows.x, rows.test_x, np.float64(rows.y)] + ([] if weights is None else [np.float64(weights)])
    return task + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def ours(case, tables, command):
    """For each seed what `theirs` returns."""
    tasks = b"".join(pack(case, rows, seed) for seed, rows in enumerate(tables))
    run = subprocess.run(command, input=tasks, capture_output=True)
    if run.returncode:
        raise RuntimeError(f"{case.name}: {run.stderr.decode().strip()}")
    numbers, at, results = np.frombuffer(run.stdout), 0, []

    def take(count):
        nonlocal at
        at += count
        return numbers[at - count : at]

    def score(y):
        if case.score is r2_score:
            return case.score(y, take(len(y)))
        classes = int(rows.y.max()) + 1
        return case.score(y, take(len(y) * classes).reshape(-1, classes).argmax(1))

    for rows in tables:
        scores = [score(rows.test_y)]
        if case.parameters.get("oob_score"):
            scores.append(score(rows.y))
        results.append((scores, int(take(1)[0])))
    if at != len(numbers):
        raise RuntimeError(f"{case.name}: {len(numbers)} numbers instead of {at}")
    return results


def compare(case, command, seeds):
    begin = time.perf_counter()
    tables = [case.split(seed) for seed in range(seeds)]
    our_results = ours(case, tables, command)
    our_seconds = time.perf_counter() - begin
    their_results = [theirs(case, rows, seed) for seed, rows in enumerate(tables)]
    for i, kind in enumerate(("test", "out of bag")[: len(our_results[0][0])]):
        sides = [np.array([scores[i] for scores, _ in results]) for results in (our_results, their_results)]
        error = lambda scores: float(scores.std(ddof=1) / math.sqrt(seeds))
        difference = sides[0] - sides[1]
        allowed = max(ERRORS_ALLOWED * error(difference), LEAST_ALLOWED)
        yield dict(
            name=case.name,
            parameters=case.describe(),
            score=f"{case.score.__name__}, {kind}",
            seeds=seeds,
            ours=float(sides[0].mean()),
            ours_error=error(sides[0]),
            theirs=float(sides[1].mean()),
            theirs_error=error(sides[1]),
            difference=float(difference.mean()),
            difference_error=error(difference),
            allowed=allowed,
            ok=bool(difference.mean() >= -allowed),
            ours_nodes=float(np.mean([nodes for _, nodes in our_results])),
            theirs_nodes=float(np.mean([nodes for _, nodes in their_results])),
            ours_scores=sides[0].tolist(),
            theirs_scores=sides[1].tolist(),
        )
    say(f"{case.name}, {case.describe()}: {our_seconds:.1f} s, {time.perf_counter() - begin - our_seconds:.1f} s")


def line(result):
    name = result["name"] + (", out of bag" if result["score"].endswith("out of bag") else "")
    cells = [
        name,
        result["parameters"],
        result["seeds"],
        *(f"{result[side]:.4f} ± {result[side + '_error']:.4f}" for side in ("ours", "theirs")),
        f"{result['difference']:+.4f}".replace("-", "−"),
        f"−{result['allowed']:.4f}",
        "ok" if result["ok"] else "WORSE",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-forest --parity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only cases whose name begins so")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SEEDS} seeds, not the large ones")
    parser.add_argument(
        "--out", type=pathlib.Path, default="build/forest-parity", metavar="FILE", help="(default: %(default)s)"
    )
    options = parser.parse_args()
    chosen = [
        case
        for case in cases()
        if (not options.names or case.name.startswith(tuple(options.names))) and not (options.quick and case.large)
    ]
    if not chosen:
        parser.error("no case has such a name")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    command = [Ours(options.build).program, *f"--backend cpu -G threads={THREADS} -W max-memory-size=4G".split()]
    command.append(options.build / "bench/forest/parity_forest.wasm")
    report = dict(
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        machine=machine(),
        scikit_learn=sklearn.__version__,
        results=[],
    )
    print("| rows | parameters | seeds | ours | scikit-learn | difference | allowed | |")
    print("|---|---|--:|--:|--:|--:|--:|---|", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for case in chosen:
        for result in compare(case, command, min(case.seeds, QUICK_SEEDS) if options.quick else case.seeds):
            print(line(result), flush=True)
            report["results"].append(result)
        options.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(result["ok"] for result in report["results"]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        say(f"error: {error}")
        sys.exit(2)
