"""Pictures of tables of times, so that they cannot say anything else than the table.

    <!-- chart: oneDAL, scikit-learn over ours: How long training takes -->
    | workload | ours | oneDAL | scikit-learn |

draws, for each row, how many times the time of the column after `over` the columns before it take. Of a cell the ratio
counts that it has (`1.41 ms (10.3 ×) / 952 µs`), else the ratio of the first times, in seconds where no unit is named.
`> 25 s` is a bar with an open end. Where a cell has no time there is no bar.
"""

import html
import itertools
import math
import re

MARK = re.compile(r"^<!-- chart: (?P<peers>.+) over (?P<base>[^:]+): (?P<title>.+) -->$")
TIME = re.compile(r"\**(?P<bound>>)? ?(?P<number>\d+(?:\.\d+)?)(?: ?(?P<unit>ns|µs|ms|s)\b)?")
RATIO = re.compile(r"\((\d+(?:\.\d+)?) ×\)")
SECONDS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, None: 1.0}

WIDTH = 760
LEFT = 170  # of the labels of rows
RIGHT = 60  # for the number behind the longest bar
BAR = 15
GAP = 9
TOP = 46  # for legend and scale


class Error(Exception):
    pass


def add_to(markdown):
    """`markdown` with a picture before each marked table."""
    lines = markdown.split("\n")
    changed = []
    for at, line in enumerate(lines):
        mark = MARK.match(line)
        if mark is None:
            if line.startswith("<!-- chart:"):
                raise Error(f"not a chart: {line}")
            changed.append(line)
            continue
        table = list(itertools.takewhile(lambda row: row.startswith("|"), lines[at + 1 :]))
        number = sum(line.startswith("<figure") for line in changed) + 1
        changed += ["", chart(mark["title"], ratios(table, mark["peers"].split(", "), mark["base"]), mark["base"], number), ""]
    return "\n".join(changed)


def cells_of(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def seconds(cell):
    """(seconds, whether it is longer than that), or None."""
    time = TIME.match(cell)
    return time and (float(time["number"]) * SECONDS[time["unit"]], time["bound"] is not None)


def ratio_of(cell, ours):
    """(ratio, whether it is more than that), or None."""
    time = seconds(cell)
    if not time or not ours:
        return None
    given = RATIO.search(cell)
    return (float(given[1]) if given else time[0] / ours[0]), time[1]


def ratios(table, peers, base):
    """[(name of the row, [(peer, ratio, whether it is more than that)])]"""
    if len(table) < 3:
        raise Error("a chart without a table below it")
    header = cells_of(table[0])
    missing = {base, *peers} - set(header)
    if missing:
        raise Error(f"a chart of columns that are not there: {', '.join(sorted(missing))}")
    rows = []
    for row in table[2:]:
        cells = dict(zip(header, cells_of(row)))
        ours = seconds(cells[base])
        found = [(peer, ratio_of(cells[peer], ours)) for peer in peers]
        bars = [(peer, *ratio) for peer, ratio in found if ratio]
        if bars:
            rows.append((cells[header[0]], bars))
    if not rows:
        raise Error("a chart of a table without times")
    return rows


def scale(rows):
    """The ends of the axis, and the numbers on it: of 1, 2, 5, 10, …"""
    values = [ratio for _, bars in rows for _, ratio, _ in bars]
    ticks = [digit * 10.0**power for power in range(-3, 5) for digit in (1, 2, 5)]
    low = max(tick for tick in ticks if tick <= min([1.0, *values]))
    high = min(tick for tick in ticks if tick >= max([2.0, *values]))
    return low, high, [tick for tick in ticks if low <= tick <= high]


def short(ratio):
    return f"{ratio:.3g}"


def chart(title, rows, base, number):
    low, high, ticks = scale(rows)
    peers = list(dict.fromkeys(peer for _, bars in rows for peer, _, _ in bars))

    def x(ratio):
        # Bars to the left of 1 need room for their numbers too.
        left = LEFT + (52 if low < 1 else 0)
        return left + (WIDTH - RIGHT - left) * math.log(ratio / low) / math.log(high / low)

    def text(at, y, words, anchor="start"):
        return f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'

    shapes, y = [], TOP
    for name, bars in rows:
        shapes.append(text(LEFT - 8, y + len(bars) * BAR / 2 + 4, name, "end"))
        for peer, ratio, is_more in bars:
            begin, end = sorted((x(1), x(ratio)))
            kind = f"chart-{peers.index(peer)}" + (" chart-open" if is_more else "")
            shapes.append(f'<rect class="{kind}" x="{begin:.1f}" y="{y + 1}" width="{end - begin:.1f}" height="{BAR - 2}"/>')
            words = ("> " if is_more else "") + short(ratio) + " ×"
            shapes.append(text(end + 4, y + 11, words) if ratio >= 1 else text(begin - 4, y + 11, words, "end"))
            y += BAR
        y += GAP
    height = y
    lines = []
    for tick in ticks:
        lines.append(f'<line class="chart-{"one" if tick == 1 else "grid"}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 6}" y2="{height - GAP}"/>')
        lines.append(text(x(tick), TOP - 10, f"{tick:g}", "middle"))
    legend, at = [], 8
    if len(peers) > 1:
        for index, peer in enumerate(peers):
            legend.append(f'<rect class="chart-{index}" x="{at}" y="4" width="11" height="11"/>')
            legend.append(text(at + 16, 14, peer))
            at += 36 + 7 * len(peer)
    name = f"chart-{number}"
    what = f"Time over that of {base}, on a logarithmic scale: bars to the right of 1 are slower than {base}, to the left faster."
    return "\n".join([
        "<figure class=\"chart\">",
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-description">',
        f'<title id="{name}-title">{html.escape(title)}</title>',
        f'<desc id="{name}-description">{html.escape(what)} The table that follows has the figures.</desc>',
        *legend, *lines, *shapes,
        "</svg>",
        f"<figcaption>{html.escape(title)}. {html.escape(what)}</figcaption>",
        "</figure>",
    ])
