"""RESULTS.md and its plots, from scaling.tsv and results.tsv; nothing is measured here."""

import csv
from pathlib import Path

from benchmarks import results
from benchmarks.markdown import table
from benchmarks.projection import projection
from benchmarks.report import PLOTS
from benchmarks.scaling import STORED

PAGE = results.FOLDER / "RESULTS.md"
MEGABYTE = 1_000_000
SECONDS = ("compress_s", "decompress_s", "compress_cpu")
MEASURED = (*SECONDS, "decompress_cpu", "compress_mib", "decompress_mib")
# What changes in each study, its heading, and what the figures mean.
ABOUT = {
    "lanes": (
        "lanes", "Lanes",
        "Lanes are coded side by side over shared tables. More of them give the threads more work "
        "between two barriers and cost bytes: a lane sees what the others have learnt, but not "
        "what they are just coding, and knows its own neighbourhood only.",
    ),
    "threads": (
        "threads", "Threads",
        "The same lanes on more threads: the bytes are the same. CPU time beyond that of one "
        "thread is spent waiting at barriers, or shared memory was the bottleneck.",
    ),
    "lengths": (
        "size", "Length",
        "The corpora one after the other, text first, and generated text where they end, preset "
        "chosen by the program. Time per byte grows where tables outgrow the caches; short inputs "
        "pay for starting Python and for cold tables.",
    ),
    "levels": (
        "level", "Levels",
        "From fast to small. Each level adds contexts, weight sets and memory; from 7 on an LSTM "
        "takes part in the mix.",
    ),
}  # fmt: skip


def read(path: Path | None = None) -> list[dict]:
    """The lines of scaling.tsv, oldest first."""
    path = path or STORED
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def latest(rows: list[dict], study: str) -> list[dict]:
    """A line for each setting, in order: of the last commit and machine of the study.

    Where a setting was run more than once, times and memory are medians.
    """
    kept: dict[tuple[int, ...], list[dict]] = {}
    for row in results.last_run([row for row in rows if row["study"] == study]):
        setting = tuple(int(row[name]) for name in ("size", "level", "lanes", "threads"))
        kept.setdefault(setting, []).append(row)
    return [results.middle(group, MEASURED) for _, group in sorted(kept.items())]


def study_table(rows: list[dict], column: str) -> str:
    """Bytes, time both ways, CPU, memory; per cent and speed-up against the first line."""
    first, lines = rows[0], []
    # The default's lanes depend on length and level.
    shown = [column, *(["lanes"] if column in ("size", "level") else [])]
    for row in rows:
        size = int(row["size"])
        grown = int(row["bytes"]) / size / (int(first["bytes"]) / int(first["size"])) - 1
        faster = float(first["compress_s"]) / float(row["compress_s"])
        faster *= size / int(first["size"])
        lines.append([
            *(f"{int(row[name]):,}" for name in shown), f"{int(row['bytes']):,}",
            f"{8 * int(row['bytes']) / size:.4f}",
            f"{100 * grown:+.2f} %", *(f"{float(row[name]):.2f}" for name in SECONDS),
            f"{float(row['compress_s']) * 1e9 / size:,.0f}", f"{faster:.2f}",
            f"{max(float(row['compress_mib']), float(row['decompress_mib'])):.0f}",
        ])  # fmt: skip
    headers = [
        *shown, "bytes", "bpc", "to first", "c, s", "d, s", "c, CPU s", "c, ns/B", "speed-up",
        "MiB",
    ]  # fmt: skip
    return table(headers, lines)


def finding(rows: list[dict], study: str) -> str:
    """What a study's figures say, in a sentence or two."""

    def more(row: dict, other: dict) -> float:
        """Per cent that `row` has more bytes of archive to a byte than `other`."""
        shares = [int(one["bytes"]) / int(one["size"]) for one in (row, other)]
        return 100 * (shares[0] / shares[1] - 1)

    def pace(row: dict, way: str = "compress") -> float:
        return float(row[f"{way}_s"]) / int(row["size"])

    first, last = rows[0], rows[-1]
    if study == "lanes":
        fastest = min(rows, key=pace)
        losses = (f"{int(row['lanes']):,} lanes {more(row, first):+.2f} %" for row in rows[1:])
        return (
            f"Against {first['lanes']} lane: {', '.join(losses)}. The fastest here are "
            f"{fastest['lanes']} lanes, {pace(first) / pace(fastest):.2f} times as fast as "
            f"{first['lanes']}."
        )
    if study == "threads":
        faster = [pace(first, way) / pace(last, way) for way in ("compress", "decompress")]
        cpu = float(last["compress_cpu"]) / float(first["compress_cpu"])
        return (
            f"{last['threads']} threads compress {faster[0]:.2f} times and decompress "
            f"{faster[1]:.2f} times as fast as {first['threads']}, for {cpu:.2f} times the CPU "
            "time."
        )
    if study == "lengths":
        base = next((row for row in rows if int(row["size"]) >= MEGABYTE), first)
        parts = (
            f"{int(row['size']) / MEGABYTE:g} MB {100 * (pace(row) / pace(base) - 1):+.0f} %"
            for row in rows if int(row["size"]) > int(base["size"])
        )  # fmt: skip
        return (
            f"Time per byte of compressing, against {int(base['size']) / MEGABYTE:g} MB: "
            f"{', '.join(parts)}."
        )
    return (
        f"Level {last['level']} is {-more(last, first):.1f} % smaller than level "
        f"{first['level']} and takes {pace(last) / pace(first):.1f} times as long."
    )


def study_plot(rows: list[dict], column: str, path: Path) -> None:
    """bpc and ns per byte against what changes; SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "cmixpy", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    xs = [int(row[column]) for row in rows]
    drawing, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot(xs, [8 * int(r["bytes"]) / int(r["size"]) for r in rows], marker=".", color="#c0392b")
    left.set_ylabel("bpc")
    for way, colour in (("compress", "#34495e"), ("decompress", "#7fb3d5")):
        times = [float(row[f"{way}_s"]) * 1e9 / int(row["size"]) for row in rows]
        right.plot(xs, times, marker=".", color=colour, label=way)
    right.set(ylabel="ns per byte, wall", yscale="log")
    right.legend()
    for axis in (left, right):
        axis.set_xlabel(column)
        axis.grid(True, which="both", color="#eee")
        if column != "level":
            axis.set_xscale("log", base=10 if column == "size" else 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, metadata={"Date": None})
    pyplot.close(drawing)


def write() -> str:
    """RESULTS.md and its plots; the text."""
    rows = read()
    parts = [
        "# Scaling",
        "Made by `python -m benchmarks scaling` from scaling.tsv; not to be edited. Whole "
        "processes with compiled kernels; every round trip was compared. c: compressing, d: "
        "decompressing; to first, speed-up: against the first line, by the byte. Medians where "
        "there was more than one round.",
    ]
    for study, (column, title, about) in ABOUT.items():
        found = latest(rows, study)
        parts += [f"## {title}", about]
        if not found:
            parts.append(f"Not measured yet: `python -m benchmarks scaling {study}`.")
            continue
        path = PLOTS / f"scaling-{study}.svg"
        study_plot(found, column, path)
        run = found[-1]
        fixed = f"level {run['level']}, " if study != "levels" else ""
        files = run["file"] if study != "lengths" else "the corpora in a row"
        parts += [
            f"{run['machine']}, {run['cores']} cores; {run['date']}, commit {run['commit']}; "
            f"{fixed}{files}.",
            study_table(found, column),
            *([finding(found, study)] if len(found) > 1 else []),
            f"![bpc and time against {column}](plots/{path.name})",
        ]
    parts += ["## enwik9", projection(results.latest())]
    text = "\n\n".join(parts) + "\n"
    PAGE.write_text(text)
    return text
