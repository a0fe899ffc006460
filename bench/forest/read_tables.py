#!/usr/bin/env python3
"""How fast wasm_ml reads tables in the sandbox, beside what Python users read them with (docs/benchmarks.md).
scripts/bench-forest --tables runs this.

Ours is a whole command: its start, the table, a prediction of every row by a single split, and the scores. Peers read
the same file in this process. Prints a table; writes FILE.json. Exit code 1 where something that is demanded is not met.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas
import pyarrow
import pyarrow.csv

from report import conclude, demand

ROWS, REPEATS, FEATURES = 20_000, 40, 20
TURNS = 5
LEAST_MB_PER_S = 200
NAMES = [str(column) for column in range(FEATURES + 1)]  # the last one is the target


def tables():
    """How numbers are written, in which file, and rows of such."""
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, FEATURES))
    y = 3 * x[:, 0] + x[:, 1] ** 2 + random.standard_normal(ROWS)
    numbers = np.column_stack([x, y])
    yield "%.7f", "table.csv", numbers
    yield "%.9g", "table.csv", numbers.astype(np.float32)
    yield "%.17g", "table.csv", numbers
    yield "%d", "table.csv", np.round(numbers * 1000)
    yield "f32", "table.npy", numbers.astype(np.float32)


def write(path, layout, rows, repeats):
    if path.suffix == ".npy":
        np.save(path, np.tile(rows, (repeats, 1)))
        return
    np.savetxt(path, rows, fmt=layout, delimiter=",", header=",".join(NAMES), comments="")
    body = path.read_bytes().split(b"\n", 1)[1]
    with open(path, "ab") as file:
        for _ in range(repeats - 1):
            file.write(body)


def least_seconds(function):
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def read_all(path):
    """What the system takes to hand the file over, a megabyte at a time."""
    block = bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(block):
            pass


def wasm_ml(options, path, command, *arguments):
    host = [options.build / "wasmtime-gpu-host", "-d", path.parent, options.build / "wasm_ml.wasm"]
    words = [*host, command, "--data", path.name, "--model", "split.model", "--json", *arguments]
    result = subprocess.run(words, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"error: wasm_ml {command}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def measure(options, path, layout, rows):
    write(path, layout, rows, 1)
    wasm_ml(options, path, "train", "--trees", "1", "--max-depth", "1")
    write(path, layout, rows, REPEATS)
    read = wasm_ml(options, path, "evaluate")["rows"]
    if read != len(rows) * REPEATS:
        sys.exit(f"error: {layout}: {read} rows were read of {len(rows) * REPEATS}")
    sides = {"ours": lambda: wasm_ml(options, path, "evaluate"), "reading alone": lambda: read_all(path)}
    if path.suffix == ".csv":
        arrow = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pyarrow.float32()))
        sides["pandas"] = lambda: pandas.read_csv(path, dtype=np.float32)
        sides["Arrow, 2 threads"] = lambda: pyarrow.csv.read_csv(path, convert_options=arrow)
    size = path.stat().st_size
    found = {name: size / least_seconds(side) / 1e6 for name, side in sides.items()}
    print(f"{path.name} {layout}: {size / 1e6:.0f} MB: {found}", file=sys.stderr, flush=True)
    return dict(file=path.name, layout=layout, bytes=size, mb_per_s=found)


def table(results):
    names = list(results[0]["mb_per_s"])
    lines = ["| MB/s | file | " + " | ".join(names) + " |", "|---|--:|" + "--:|" * len(names)]
    for result in results:
        cells = [f"{result['mb_per_s'][name]:.0f}" if name in result["mb_per_s"] else "" for name in names]
        what = f"{result['file']}, {result['layout']}"
        lines.append(f"| {what} | {result['bytes'] / 1e6:.0f} MB | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-forest --tables", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=pathlib.Path, default="build/bench-forest-tables", metavar="FILE")
    options = parser.parse_args()
    options.build = options.build.resolve()
    pyarrow.set_cpu_count(min(2, os.cpu_count() or 1))
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for layout, name, rows in tables():
            results.append(measure(options, pathlib.Path(folder) / name, layout, rows))
    first = results[0]
    found = [demand(f"CSV, {first['layout']}", first["mb_per_s"]["ours"], LEAST_MB_PER_S, "MB/s", True)]
    conclude(options.out, results, found, table(results))


if __name__ == "__main__":
    main()
