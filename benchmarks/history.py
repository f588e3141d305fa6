"""Bytes over the repository's history, from results.tsv: plots/history.svg and a table.

    python -m benchmarks history [--level N]

A line for each file, 100 per cent at its first measurement; a point wherever a measured commit
gave other bytes, in the order of the lines of results.tsv. What never changed is not drawn.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from benchmarks import report, results
from benchmarks.markdown import table
from cmixpy.codec import DEFAULT_LEVEL

PLOT = report.PLOTS / "history.svg"
Series = dict[tuple[str, int], list[tuple[str, int]]]


def series(rows: Iterable[dict]) -> Series:
    """(file, level) → [(commit, bytes)] wherever the bytes changed."""
    found: Series = {}
    for row in rows:
        if row["program"] != "cmixpy":
            continue
        key = row["file"], int(row["level"])
        points = found.setdefault(key, [])
        if not points or points[-1][1] != int(row["bytes"]):
            points.append((row["commit"], int(row["bytes"])))
    return found


def plot(found: Series, order: Iterable[str], path: Path) -> None:
    """Per cent of the first measurement against the number of the change; SVG.

    order : commits, the oldest first
    """
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "cmixpy", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    found = {key: points for key, points in found.items() if len(points) > 1}
    changes = {commit for points in found.values() for commit, _ in points}
    commits = [commit for commit in dict.fromkeys(order) if commit in changes]
    drawing, axis = pyplot.subplots(figsize=(9, 5), layout="constrained")
    axis.set_prop_cycle(color=mpl.colormaps["tab20"].colors)  # ten are too few
    for (file, level), points in found.items():
        shares = [100 * size / points[0][1] for _, size in points]
        places = [commits.index(commit) for commit, _ in points]
        axis.plot(
            [*places, len(commits)], [*shares, shares[-1]], drawstyle="steps-post", marker=".",
            label=f"{file} -{level}",
        )  # fmt: skip
    axis.set_xticks(range(len(commits)), commits, rotation=60, ha="right")
    axis.set_ylabel("bytes, % of the first measurement")
    axis.grid(True, color="#eee")
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, metadata={"Date": None})
    pyplot.close(drawing)


def history_table(found: Series) -> str:
    """First and last bytes of each file."""
    lines = []
    for (file, level), points in found.items():
        (first, before), (last, now) = points[0], points[-1]
        change = f"{100 * (now / before - 1):+.2f} %"
        lines.append([f"{file} -{level}", first, f"{before:,}", last, f"{now:,}", change])
    return table(["file", "first", "bytes", "last change", "bytes", "change"], lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks history", description=__doc__.split("\n")[0])
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    chosen = parser.parse_args(arguments)
    rows = results.read()
    found = {key: one for key, one in series(rows).items() if key[1] == chosen.level}
    if not found:
        raise SystemExit(f"results.tsv has nothing of level {chosen.level}")
    plot(found, (row["commit"] for row in rows), PLOT)
    print(history_table(found))
    print(f"\n{PLOT}")
    return 0
