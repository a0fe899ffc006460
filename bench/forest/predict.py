#!/usr/bin/env python3
"""How fast forests predict: ours, in the sandbox, beside its peers (docs/benchmarks.md). scripts/bench-forest --predict
runs this.

Prints a table; writes FILE.json. Exit code 1 where something that is demanded was measured and is not met.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from peers import PREDICTORS
from report import conclude, demand
from workloads import WORKLOADS, Task, write_task

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 2
ENOUGH_SECONDS = 2
LIMIT = 300
DEFAULT = ["diabetes", "friedman_100k", "friedman_100k_third", "class_100k", "wide_20k"]
DOCUMENT_ROWS = 1000
LARGE_FILE = 1 << 24


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command):
    """What its lines of JSON say, together."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return dict(failure=f"> {LIMIT} s")
    if result.returncode:
        return dict(failure=(result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1][:200])
    found = {}
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            found |= json.loads(line)
    return found


def ours(build, folder, task, test_rows=None):
    names = ("rows", "features", "classes", "trees", "depth", "mtry")
    arguments = [str(task[name]) for name in names]
    command = [build / "bench/forest/predict_forest", folder, *arguments, str(ENOUGH_SECONDS)]
    found = run([*command, str(test_rows or task["test_rows"]), build / "wasm_ml.wasm"])
    if "failure" not in found and test_rows is None:
        predictions = np.fromfile(pathlib.Path(folder) / "predictions.f32", np.float32)
        found["score"] = Task(folder).score(predictions.reshape(-1, task["classes"]) if task["classes"] else predictions)
    return found


def repeat_test_rows(folder, task, rows):
    """The test rows again and again, until there are so many."""
    path = pathlib.Path(folder) / "test_x.f32"
    table = np.fromfile(path, np.float32).reshape(-1, task["features"])
    np.resize(table, (rows, task["features"])).tofile(path)


def measure(name, options):
    workload = WORKLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        task = write_task(folder, workload)
        sides = {}
        for key in options.peers:
            peer = [sys.executable, HERE / "peers.py", key, folder, str(THREADS), str(ENOUGH_SECONDS), "predict"]
            sides[PREDICTORS[key][0]] = run(peer)
            say(f"{name:22} {PREDICTORS[key][0]:14} {sides[PREDICTORS[key][0]]}")
        us = ours(options.build, folder, task)
        say(f"{name:22} {'ours':14} {us}")
        if name == "diabetes":
            repeat_test_rows(folder, task, DOCUMENT_ROWS)
            us["document_s"] = ours(options.build, folder, task, DOCUMENT_ROWS).get("predict_s")
    return dict(workload=name, ours=us, peers=sides)


def demands(result):
    name, us = result["workload"], result["ours"]
    found = []
    batches = {peer: side["predict_s"] for peer, side in result["peers"].items() if "predict_s" in side}
    if batches:
        fastest = min(batches, key=batches.get)
        bound = 1.3 if WORKLOADS[name].classes else 3
        found.append(demand(f"{name}: over {fastest}", batches[fastest] / us["predict_s"], bound, "×", True))
    onnx = result["peers"].get("ONNX Runtime", {})
    if "one_row_s" in onnx:
        found.append(demand(f"{name}: one row of ONNX Runtime's", us["one_row_s"] / onnx["one_row_s"], 0.5, "×", False))
    if us.get("document_s"):
        found.append(demand(f"{name}: {DOCUMENT_ROWS} rows", 1e3 * us["document_s"], 1, "ms", False))
    if us["file_bytes"] >= LARGE_FILE:
        found.append(demand(f"{name}: loading 100 MB", 1e11 * us["load_s"] / us["file_bytes"], 50, "ms", False))
    return found


def table(results, peers):
    names = ["ours", *(PREDICTORS[key][0] for key in peers)]
    lines = ["| workload | rows | " + " | ".join(names) + " |", "|---|--:|" + "--:|" * len(names)]
    for result in results:
        us = result["ours"]
        cells = []
        for side in (us, *(result["peers"].get(name, {}) for name in names[1:])):
            if "predict_s" not in side:
                cells.append(side.get("failure", ""))
                continue
            ratio = "" if side is us else f" ({side['predict_s'] / us['predict_s']:.1f} ×)"
            one = f" / {1e6 * side['one_row_s']:.1f} µs" if "one_row_s" in side else ""
            cells.append(f"{1e3 * side['predict_s']:.2f} ms{ratio}{one}")
        lines.append(f"| {result['workload']} | {us.get('rows', '')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-forest --predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", default=DEFAULT, help="out of " + ", ".join(WORKLOADS))
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--peers", default=",".join(PREDICTORS), help="out of " + ", ".join(PREDICTORS))
    parser.add_argument("--out", type=pathlib.Path, default="build/bench-forest-predict", metavar="FILE")
    options = parser.parse_args()
    options.peers = [key for key in options.peers.split(",") if key]
    for key in options.peers:
        if key not in PREDICTORS:
            parser.error(f"no peer {key!r}; there are {', '.join(PREDICTORS)}")
    for name in options.workloads:
        if name not in WORKLOADS:
            parser.error(f"no workload {name!r}; there are {', '.join(WORKLOADS)}")
    results = [measure(name, options) for name in options.workloads]
    failed = [result for result in results if "failure" in result["ours"]]
    if failed:
        sys.exit(f"error: {failed[0]['workload']}: ours: {failed[0]['ours']['failure']}")
    found = [entry for result in results for entry in demands(result)]
    conclude(options.out, results, found, table(results, options.peers))


if __name__ == "__main__":
    main()
