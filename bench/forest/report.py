"""What run.py found, as lines, a table and a picture."""

import json
import sys

from peers import PEERS
from workloads import WORKLOADS, required_ratio


def demand(name, measured, bound, unit, least):
    """A figure and what it has to be: at least, or at most."""
    return dict(
        name=name,
        measured=measured,
        bound=bound,
        unit=unit,
        least=least,
        met=measured >= bound if least else measured <= bound,
    )


def describe(entry):
    verdict, sign = "    ok" if entry["met"] else "MISSED", "≥" if entry["least"] else "≤"
    return (
        f"{verdict}  {entry['name']}: {entry['measured']:.4g} {entry['unit']} (demanded: {sign} {entry['bound']:.4g})"
    )


def conclude(out, results, found, text):
    """Writes FILE.json, prints a table and what was demanded, and exits: 1 where that is not met."""
    out.with_suffix(".json").write_text(json.dumps(dict(results=results, demands=found), indent=1))
    print(text, "", *map(describe, found), sep="\n")
    sys.exit(0 if all(entry["met"] for entry in found) else 1)


def seconds_text(side, us):
    if not side:
        return ""
    if not side["best_s"]:
        return side["failure"] if side["failure"].startswith(">") else "fails"
    ratio = "" if side is us else f" ({side['best_s'] / us['best_s']:.1f} ×)"
    return f"{side['best_s']:.3f}{ratio}"


def table(results):
    """Seconds, and how many times ours."""
    took_part = {side["name"] for result in results for side in result["sides"]}
    names = ["ours", *(name for name, *_ in PEERS.values() if name in took_part)]
    lines = [
        "| workload | " + " | ".join(names) + " | score: ours, fastest peer |",
        "|---|" + "--:|" * len(names) + "---|",
    ]
    for result in results:
        sides = {side["name"]: side for side in result["sides"]}
        us = sides["ours"]
        peers = sorted(
            (side for side in sides.values() if side is not us and side["best_s"]), key=lambda side: side["best_s"]
        )
        cells = [seconds_text(sides.get(name), us) for name in names]
        cells.append(", ".join(f"{side['score']:.4f}" if "score" in side else "-" for side in (us, *peers[:1])))
        lines.append("| " + " | ".join([result["workload"], *cells]) + " |")
    return "\n".join(lines)


def draw(results, file):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name, *_ in PEERS.values()]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.75 * len(results)), layout="constrained")
    height = 0.8 / len(names)
    for i, name in enumerate(names):
        rows, ratios = [], []
        for row, result in enumerate(results):
            sides = {side["name"]: side["best_s"] for side in result["sides"]}
            if sides.get(name):
                rows.append(row - 0.4 + (i + 0.5) * height)
                ratios.append(sides[name] / sides["ours"])
        if not rows:
            continue
        bars = axes.barh(rows, ratios, height, label=name)
        axes.bar_label(bars, [f" {ratio:.1f}" for ratio in ratios], fontsize=7)
    for row, result in enumerate(results):
        bound = required_ratio(WORKLOADS[result["workload"]])
        axes.plot([bound, bound], [row - 0.45, row + 0.45], color="black", linewidth=1, label="" if row else "demanded")
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set(
        xscale="log",
        xlabel="training time of the peer / ours",
        yticks=range(len(results)),
        yticklabels=[result["workload"] for result in results],
    )
    axes.invert_yaxis()
    figure.legend(fontsize=8, loc="outside upper center", ncols=1 + len(names))
    figure.savefig(file)
