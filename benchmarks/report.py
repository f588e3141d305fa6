"""Tables and the Pareto plot of what results.tsv holds; nothing is measured here.

    python -m benchmarks report [--file NAME]

prints them for one file, or rewrites COMPARISON.md and plots/ for every file that has peers.
"""

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks import results
from benchmarks.markdown import table

COMPARISON = results.FOLDER / "COMPARISON.md"
PLOTS = results.FOLDER / "plots"
# What the large text compression benchmark (mattmahoney.net/dc/text.html) is of.
BENCHMARK_FILES = ("enwik8", "enwik9")
# What stands in for them where neither has been measured.
PREFIXES = ("enwik6", "enwik8.4M")
FIGURES = (
    "bytes", "size", "compress_kbps", "decompress_kbps", "compress_cpu", "decompress_cpu",
    "compress_mib", "decompress_mib",
)  # fmt: skip


def medians(runs: list[dict]) -> dict[str, float | None]:
    """The median of each figure over several runs; None where none of them has it."""
    found = {}
    for name in FIGURES:
        values = [float(run[name]) for run in runs if run[name]]
        found[name] = median(values) if values else None
    return found


def figures(rows: list[dict], file: str) -> dict[str, dict]:
    """Program and setting → medians of its runs, the smallest archive first."""
    groups = {name: medians(runs) for name, runs in results.side_by_side(rows, file).items()}
    return dict(sorted(groups.items(), key=lambda item: item[1]["bytes"]))


def seconds(found: Mapping, way: str) -> float:
    """Wall time of a way, from its speed."""
    return found["size"] / 1000 / found[f"{way}_kbps"]


def _time(found: Mapping, way: str) -> str:
    cpu = found[f"{way}_cpu"]
    return f"{seconds(found, way):.2f}" + ("" if cpu is None else f" / {cpu:.2f}")


def size_table(found: dict[str, dict]) -> str:
    """Programs by the size of their archives."""
    headers = ["program", "bytes", "bpc", "c: s wall / CPU", "d: s wall / CPU", "MiB c", "MiB d"]
    lines = [
        [
            name, f"{one['bytes']:,.0f}", f"{8 * one['bytes'] / one['size']:.4f}",
            _time(one, "compress"), _time(one, "decompress"),
            f"{one['compress_mib']:.0f}", f"{one['decompress_mib']:.0f}",
        ]
        for name, one in found.items()
    ]  # fmt: skip
    return table(headers, lines)


def benchmark_row(rows: list[dict]) -> str:
    """A row for each setting of cmixpy in the form of the large text compression benchmark.

    Program, options, bytes of enwik8 and enwik9, ns per byte to compress and to decompress, MiB.
    Times and memory are of the largest of the two that was measured. What was not is a dash.
    Prefixes of enwik8 take their place where neither was measured.
    """
    files, about = BENCHMARK_FILES, ""
    if not any(row["program"] == "cmixpy" and row["file"] in files for row in rows):
        files, about = PREFIXES, "Of prefixes: enwik8 and enwik9 have not been measured.\n\n"
    both = {file: figures(rows, file) for file in files}
    names = sorted({name for found in both.values() for name in found if "cmixpy" in name})
    lines = []
    for name in names:
        found = [both[file].get(name) for file in files]
        last = [one for one in found if one][-1]
        sizes = [f"{one['bytes']:,.0f}" if one else "–" for one in found]
        times = [
            f"{1e9 * seconds(last, way) / last['size']:.0f}" for way in ("compress", "decompress")
        ]
        memory = max(last["compress_mib"], last["decompress_mib"])
        program, _, options = name.partition(" ")
        lines.append([program, options, *sizes, *times, f"{memory:.0f}", "CM"])
    if not lines:
        return f"None of {' and '.join(BENCHMARK_FILES)} has been measured yet."
    headers = ["program", "options", *files, "comp ns/B", "decomp ns/B", "mem MiB", "alg"]
    return about + table(headers, lines)


def front(points: dict[str, tuple[float, float]]) -> list[str]:
    """Those that nobody beats in both coordinates, by the first one."""
    kept: list[str] = []
    for name, (_, size) in sorted(points.items(), key=lambda item: item[1]):
        if not kept or size < points[kept[-1]][1]:
            kept.append(name)
    return kept


def pareto_plot(found: dict[str, dict], file: str, about: str, path: Path) -> None:
    """Bytes against seconds of compressing and of decompressing, on log axes; SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams.update({"svg.hashsalt": "cmixpy", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    drawing, axes = pyplot.subplots(1, 2, figsize=(11, 5), sharey=True, layout="constrained")
    for axis, way in zip(axes, ("compress", "decompress"), strict=True):
        points = {name: (seconds(one, way), one["bytes"]) for name, one in found.items()}
        best = front(points)
        axis.plot(*zip(*(points[name] for name in best), strict=True), color="#bbb", zorder=1)
        for name, point in points.items():
            ours = name.startswith("cmixpy")
            axis.scatter(*point, s=28, color="#c0392b" if ours else "#34495e", zorder=2)
            # On either side, for ours stand beside peers and in a row.
            place = {"xytext": (-4, -9), "ha": "right"} if ours else {"xytext": (4, 4)}
            axis.annotate(name, point, textcoords="offset points", fontsize=8, **place)
        axis.set(xscale="log", yscale="log", xlabel=f"seconds to {way} (wall)")
        axis.margins(x=0.3, y=0.08)
        axis.grid(True, which="both", color="#eee", linewidth=0.6)
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
        low, high = (f(size for _, size in points.values()) for f in (min, max))
        axis.set_yticks(_ticks(low, high))
    axes[0].set_ylabel("bytes of the archive")
    drawing.suptitle(f"{file}: {about}", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, metadata={"Date": None})
    pyplot.close(drawing)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers of a log axis from low to high, more of them where the two are close."""
    coarse = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    steps = coarse if high > 3 * low else [n / 10 for n in (*range(10, 20), *range(20, 100, 5))]
    numbers = [step * 10**power for power in range(12) for step in steps]
    return [number for number in numbers if low * 0.95 <= number <= high * 1.05]


def about(rows: list[dict], file: str) -> str:
    """Machine, dates and commits of what a file's table shows."""
    runs = [run for group in results.side_by_side(rows, file).values() for run in group]
    machines = sorted({f"{run['machine']}, {run['cores']} cores" for run in runs})
    commits = sorted({run["commit"] for run in runs if run["program"] == "cmixpy"})
    dates = sorted({run["date"] for run in runs})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{'; '.join(machines)}; {when}; cmixpy at {', '.join(commits) or '–'}"


def compared(rows: list[dict]) -> list[str]:
    """The files on which a peer has run."""
    return list(dict.fromkeys(row["file"] for row in rows if row["program"] != "cmixpy"))


def plot_path(file: str) -> Path:
    """The plot of a file."""
    return PLOTS / f"pareto-{file.replace('/', '-').replace(':', '-')}.svg"


def write() -> str:
    """COMPARISON.md and the plots, for every file on which a peer has run; the text."""
    rows = results.read()
    parts = [
        "# Side by side",
        "Made by `python -m benchmarks report` from results.tsv; not to be edited. Programs ran in "
        "turn on one machine (levels of cmixpy that are of another commit ran apart), every output "
        "was compared with its input. Medians where there was more than one round; memory is the "
        "peak of the process (below about 50 MiB: of the one that started it). Peers use one "
        "thread; those that take only bases are given capital letters.",
        "## The large text compression benchmark's form",
        benchmark_row(rows),
    ]
    for file in compared(rows):
        found = figures(rows, file)
        size = next(iter(found.values()))["size"]
        pareto_plot(found, file, about(rows, file), plot_path(file))
        parts += [
            f"## {file}, {size:,.0f} bytes", about(rows, file) + ".", size_table(found),
            f"![bytes against time](plots/{plot_path(file).name})",
        ]  # fmt: skip
    if not compared(rows):
        parts.append("No peer has been run yet: `python -m benchmarks compare`.")
    text = "\n\n".join(parts) + "\n"
    COMPARISON.write_text(text)
    return text
