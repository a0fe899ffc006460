#!/usr/bin/env python3
"""How fast forests grow: ours, in the sandbox, beside its peers (docs/benchmarks.md). scripts/bench-forest runs this.

Prints a table; writes FILE.json and FILE.svg. Exit code 1 where something that is demanded was measured and is not met.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import queue
import subprocess
import sys
import tempfile
import threading

import numpy as np

from peers import PEERS
from report import demand, describe, draw, table
from workloads import WORKLOADS, Task, required_ratio, write_task

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 2
START_SECONDS = 60  # to start a program and read its data
ENOUGH_SECONDS = 2  # of trainings in one turn
CHECK_TURNS = 6
MOST_CALLS = 20


class Side:
    """A program that trains; it takes a turn at a time."""

    def __init__(self, name, command, scored=None):
        self.name, self.command, self.scored = name, command, scored or command
        self.seconds, self.info, self.failure = [], {}, None

    @property
    def best(self):
        return min(self.seconds, default=None)

    def turn(self, limit, score=False):
        """One run of the program. It is killed when one training takes longer than `limit` seconds."""
        command = self.scored if score else self.command
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
            lines = queue.SimpleQueue()
            reader = threading.Thread(target=self._read, args=(process.stdout, lines))
            reader.start()
            try:
                patience = START_SECONDS + limit
                while line := lines.get(timeout=patience):
                    self._take(json.loads(line))
                    patience = limit if "version" in line else START_SECONDS + limit
                if process.wait():
                    errors.seek(0)
                    self.failure = (errors.read().strip().splitlines() or [f"exit code {process.returncode}"])[-1][:200]
            except queue.Empty:
                if not self.seconds:
                    self.failure = f"> {limit:g} s"
            finally:
                process.kill()
                reader.join()
                process.wait()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line)
        lines.put(None)

    def _take(self, line):
        seconds = line.pop("seconds", None)
        if seconds is not None:
            if not self.seconds or seconds < self.best:
                self.info |= line
            self.seconds.append(seconds)
        else:
            self.info |= line


class Ours:
    """Commands of our programs for a task in a folder."""

    def __init__(self, build):
        self.program, self.module = build / "wasmtime-gpu-host", build / "bench/forest/train_forest.wasm"
        self.native_program = build / "bench/forest/native_forest"

    @staticmethod
    def _arguments(task, seconds, rows=None):
        names = ("features", "classes", "trees", "depth", "mtry")
        return [str(rows or task["rows"]), *(str(task[name]) for name in names), str(seconds)]

    def sandbox(self, folder, task, threads=THREADS, rows=None, score=False, seconds=ENOUGH_SECONDS, options=()):
        command = [self.program, *f"--backend cpu -G threads={threads} -W max-memory-size=4G -d".split(), folder]
        command += [*options, self.module, ".", *self._arguments(task, seconds, rows)]
        return [*command, str(task["test_rows"])] if score else command

    def native(self, folder, task):
        return [self.native_program, folder, *self._arguments(task, ENOUGH_SECONDS)]

    def side(self, folder, task, **options):
        return Side("ours", self.sandbox(folder, task, **options), self.sandbox(folder, task, score=True, **options))

    def host_calls(self, folder, task):
        """Of one forest, from arrays to nodes in the module's memory."""
        command = self.sandbox(folder, task, score=True, seconds=0, options=["--stats=json"])
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(result.stderr)
        return sum(function["calls"] for function in json.loads(result.stderr.splitlines()[-1])["functions"])


def say(text):
    print(text, file=sys.stderr, flush=True)


def take_turns(sides, turns, limit):
    for turn in range(turns):
        for side in sides if turn % 2 == 0 else sides[::-1]:
            if not side.failure:
                side.turn(limit)


def check(name, workload, ours, folder, task, limit):
    """What is demanded of ours beside its peers' speed."""
    demands = []
    both = ours.side(folder, task)
    native = Side("native", ours.native(folder, task))
    one = ours.side(folder, task, threads=1)
    others = [native] * ("sandbox" in workload.checks) + [one] * ("threads" in workload.checks)
    if others:
        take_turns([both, *others], CHECK_TURNS, limit)
    for side in (both, *others):
        if side.failure:
            raise RuntimeError(f"{side.name}: {side.failure}")
        if side.info["nodes"] != both.info["nodes"]:
            raise RuntimeError(f"{side.name} grew another forest")
    if native in others:
        demands.append(demand("the sandbox costs", 100 * (both.best / native.best - 1), 3, "%", False))
    if one in others:
        demands.append(demand("two threads over one", one.best / both.best, 1.8, "×", True))
    if "rows" in workload.checks:
        with tempfile.TemporaryDirectory() as larger:
            twice = write_task(larger, workload, 2 * workload.rows)
            half = ours.side(larger, twice, rows=workload.rows)
            whole = ours.side(larger, twice)
            take_turns([half, whole], CHECK_TURNS // 2, limit)
        for side in (half, whole):
            if side.failure:
                raise RuntimeError(f"twice the rows: {side.failure}")
        demands.append(demand("twice the rows take", whole.best / half.best, 2.2, "×", False))
    if "calls" in workload.checks:
        demands.append(demand("host calls", ours.host_calls(folder, task), MOST_CALLS, "", False))
    for entry in demands:
        entry["name"] = f"{name}: {entry['name']}"
    return demands


def measure(name, ours, options):
    """A workload: everybody's figures, and what is demanded."""
    workload = WORKLOADS[name]
    keys = [key for key in options.peers if not (workload.large and key == "lightgbm") or options.slow]
    with tempfile.TemporaryDirectory() as folder:
        task = write_task(folder, workload)
        us = ours.side(folder, task)
        peers = []
        for key in keys:
            command = [sys.executable, HERE / "peers.py", key, folder, str(THREADS), str(ENOUGH_SECONDS)]
            peers.append(Side(PEERS[key][0], command, [*command, "score"]))
        sides = [us, *peers]
        for round_number in range(options.rounds):
            fastest = min((peer.best for peer in peers if peer.best), default=0)
            for side in sides if round_number % 2 == 0 else sides[::-1]:
                # Who is far from the fastest needs no second figure.
                if side.failure or (round_number and side is not us and side.best > 2 * fastest):
                    continue
                side.turn(options.limit, score=round_number == 0)
                if round_number == 0 and side is us and not us.failure:
                    predictions = np.fromfile(pathlib.Path(folder) / "predictions.f64")
                    side.info["score"] = Task(folder).score(
                        predictions.reshape(-1, workload.classes) if workload.classes else predictions
                    )
                best = f"{side.best:.3f} s" if side.best else "-"
                say(f"{name:22} {side.name:14} {best:>12} {side.failure or ''}")
        if us.failure:
            raise RuntimeError(f"{name}: ours: {us.failure}")
        demands = compare(name, workload, task, us, [peer for peer in peers if peer.best])
        if workload.checks and options.checks:
            demands += check(name, workload, ours, folder, task, options.limit)
    entries = [
        dict(name=side.name, best_s=side.best, all_s=side.seconds, failure=side.failure, **side.info) for side in sides
    ]
    return dict(workload=name, task=task, sides=entries, demands=demands)


def compare(name, workload, task, us, peers):
    if not peers:
        return []
    fastest = min(peers, key=lambda peer: peer.best)
    demands = [demand(f"{name}: over {fastest.name}", fastest.best / us.best, required_ratio(workload), "×", True)]
    if "score" in fastest.info:
        # Of one seed each, and few test rows: only that it is the same kind of forest. Parity is the tests' matter.
        worst = fastest.info["score"] - 0.01 - 0.3 / task["test_rows"] ** 0.5
        demands.append(demand(f"{name}: score", us.info["score"], worst, "", True))
    return demands


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return dict(
        cpu=model or platform.machine(),
        cores=os.cpu_count(),
        threads=THREADS,
        memory_gib=round(memory / 2**30, 1),
        system=platform.platform(),
        load=os.getloadavg()[0],
    )


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-forest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="out of " + ", ".join(WORKLOADS))
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="not the large ones, one round, and a limit of 30 seconds")
    parser.add_argument("--rounds", type=int, help="turns of each program; the best training counts (default: 3)")
    parser.add_argument("--limit", type=float, help="seconds for one training, then it is given up (default: 120)")
    parser.add_argument("--peers", default=",".join(PEERS), help="out of " + ", ".join(PEERS))
    parser.add_argument("--slow", action="store_true", help="LightGBM on the large workloads too")
    parser.add_argument("--no-checks", dest="checks", action="store_false", help="only the speed beside the peers")
    parser.add_argument(
        "--out", type=pathlib.Path, default="build/bench-forest", metavar="FILE", help="(default: %(default)s)"
    )
    options = parser.parse_args()
    options.peers = [key for key in options.peers.split(",") if key]
    for given, known in ((options.workloads, WORKLOADS), (options.peers, PEERS)):
        for name in given:
            if name not in known:
                parser.error(f"there is no {name}; there are {', '.join(known)}")
    options.workloads = options.workloads or [
        name for name in WORKLOADS if not (options.quick and WORKLOADS[name].large)
    ]
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.limit = options.limit or (30 if options.quick else 120)
    return options


def main():
    options = parse_options()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    ours = Ours(options.build)
    report = dict(
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"), machine=machine(), results=[]
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for name in options.workloads:
        report["results"].append(measure(name, ours, options))
        options.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    draw(report["results"], options.out.with_suffix(".svg"))
    print(table(report["results"]))
    demands = [entry for result in report["results"] for entry in result["demands"]]
    print("", *map(describe, demands), sep="\n")
    return 0 if all(entry["met"] for entry in demands) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        say(f"error: {error}")
        sys.exit(2)
