#!/usr/bin/env python3
"""How much the Python package adds to the same engine called from C++, through the sandbox on both sides
(docs/benchmarks.md). scripts/bench-forest --python runs this, after scripts/test python has made the package.

Prints a table; writes FILE.json. Exit code 1 where something that is demanded is not met.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from predict import HERE, run
from report import conclude, demand
from workloads import WORKLOADS, write_task

TURNS = 5
ENOUGH_SECONDS = 1
DEFAULT = ["diabetes", "friedman_100k", "class_100k"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def least(runs, key):
    return min(run[key] for run in runs)


def measure(name, options):
    """Turns of each, one after the other; the least of each figure counts."""
    with tempfile.TemporaryDirectory() as folder:
        task = write_task(folder, WORKLOADS[name])
        arguments = [str(task[key]) for key in ("rows", "features", "classes", "trees", "depth", "mtry")]
        sides = {
            "C++": [
                options.build / "bench/forest/predict_forest", folder, *arguments, str(ENOUGH_SECONDS),
                str(task["test_rows"]), options.build / "wasm_ml.wasm",
            ],
            "Forest": [options.python, HERE / "python_side.py", folder, str(ENOUGH_SECONDS), "forest"],
            "estimator": [options.python, HERE / "python_side.py", folder, str(ENOUGH_SECONDS), "estimator"],
        }
        runs = {side: [] for side in sides}
        for _ in range(options.turns):
            for side, command in sides.items():
                found = run(command)
                if "failure" in found:
                    sys.exit(f"error: {name}: {side}: {found['failure']}")
                runs[side].append(found)
                say(f"{name:16} {side:10} {found}")
    return dict(workload=name, task=task, runs=runs)


def demands(result):
    name, runs, task = result["workload"], result["runs"], result["task"]
    cpp, forest = runs["C++"], runs["Forest"]
    peak = forest[0]["peak_bytes"]
    records = task["rows"] * (-(-(task["features"] + 4) // 16) * 16) * 2
    allowed = forest[0]["input_bytes"] + forest[0]["model_bytes"] + records + 16 * task["rows"] * 2
    return [
        demand(f"{name}: fit over C++", least(forest, "train_s") / least(cpp, "train_s"), 1.05, "×", False),
        demand(f"{name}: predict over C++", least(forest, "predict_s") / least(cpp, "predict_s"), 1.05, "×", False),
        demand(
            f"{name}: one row above C++", 1e6 * (least(forest, "one_row_s") - least(cpp, "one_row_s")), 5, "µs", False
        ),
        demand(f"{name}: peak memory of a fit over what it may take", peak / allowed, 1, "×", False),
    ]


def import_seconds(python):
    code = "import time; t = time.perf_counter(); import wasm_ml; print(time.perf_counter() - t)"
    return min(float(subprocess.check_output([python, "-c", code], text=True)) for _ in range(10))


def table(results):
    lines = ["| workload | figure | C++ | Forest | estimator |", "|---|---|--:|--:|--:|"]
    for result in results:
        for key in ("train_s", "predict_s", "one_row_s"):
            cells = [
                f"{1e3 * least(side, key):.3f} ms" if key in side[0] else "" for side in result["runs"].values()
            ]
            lines.append(f"| {result['workload']} | {key[:-2]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-forest --python", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", default=DEFAULT, help="out of " + ", ".join(WORKLOADS))
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--python", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--out", type=pathlib.Path, default="build/bench-forest-python", metavar="FILE")
    options = parser.parse_args()
    results = [measure(name, options) for name in options.workloads]
    found = [demand("import wasm_ml", import_seconds(options.python), 0.15, "s", False)]
    found += [entry for result in results for entry in demands(result)]
    conclude(options.out, results, found, table(results))


if __name__ == "__main__":
    main()
