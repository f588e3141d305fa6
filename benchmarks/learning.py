"""What the LSTM mixer gives as it learns: bits per byte over position, with it and without.

    python -m benchmarks learning [FILE[:BYTES] …] [--level N] [--lanes N] [--plot FILE.svg]

Both codings have the same lanes, so that nothing but the mixer differs. Prints a Markdown table of
what each quarter of a file saves.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import data, machine
from benchmarks.markdown import table
from benchmarks.report import PLOTS
from cmixpy import engine, presets
from cmixpy.analysis.study import Subject, subject
from cmixpy.model import fields

FILES = ("enwik8.4M:1000000", "xml:1000000", "misc/busybox:1000000", "misc/gensim_py.tar:1000000")
POINTS = 40  # of a curve


def curve(given: Subject) -> np.ndarray:
    """float64[POINTS + 1]: bytes of code after each fortieth of the steps behind the primer."""
    segment = engine.encoder(given.symbols, given.plan, 1)
    primed = given.plan.primed
    segment.run(0, primed)
    ends = np.linspace(primed, segment.steps, POINTS + 1).astype(int)
    found = [0.0]
    for first, last in pairwise(ends):
        segment.run(int(first), int(last))
        found.append(float(segment.private.lanes[:, fields.CODE_COUNT].sum()))
    segment.close(None)
    return np.array(found)


def quarters(without: np.ndarray, with_it: np.ndarray) -> list[str]:
    """What is saved in each quarter, and in all."""
    ends = np.linspace(0, POINTS, 5).astype(int)
    spans = [*pairwise(ends), (0, POINTS)]
    shares = [(with_it[b] - with_it[a]) / (without[b] - without[a]) - 1 for a, b in spans]
    return [f"{100 * share:+.2f} %" for share in shares]


def draw(path: Path, curves: dict[str, tuple[int, np.ndarray, np.ndarray]]) -> None:
    """A panel for each file: bits per byte of original data, between the points."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "cmixpy", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    size = (3 * len(curves), 2.8)
    drawing, panels = pyplot.subplots(1, len(curves), figsize=size, layout="constrained")
    panels = np.atleast_1d(panels)
    for axes, (name, (size, without, with_it)) in zip(panels, curves.items(), strict=True):
        places = (np.arange(POINTS) + 0.5) * size / POINTS / 1e6
        for found, label in ((without, "level 6"), (with_it, "with the LSTM")):
            axes.plot(places, 8 * np.diff(found) * POINTS / size, label=label, linewidth=1)
        axes.set_title(name)
        axes.set_xlabel("MB")
    panels[0].set_ylabel("bits per byte")
    panels[0].legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, metadata={"Date": None})
    pyplot.close(drawing)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks learning", description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE[:BYTES]")
    parser.add_argument("--level", type=int, default=9)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=PLOTS / "learning.svg")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    curves, lines = {}, []
    for piece in data.require(chosen.files or FILES, data.directory(chosen.data)):
        without, with_it = (
            curve(subject(piece.name, piece.read(), level, "auto", chosen.lanes))
            for level in (presets.LSTM_FROM - 1, chosen.level)
        )
        curves[piece.name] = piece.size, without, with_it
        lines.append([piece.name, f"{without[-1]:,.0f}", f"{with_it[-1]:,.0f}",
                      *quarters(without, with_it)])  # fmt: skip
        print(piece.name, file=sys.stderr)
    print(f"level {chosen.level}, lanes {chosen.lanes}, commit {machine.commit()}\n")
    print(table(["codes", "level 6", "LSTM", "1/4", "2/4", "3/4", "4/4", "all"], lines))
    draw(chosen.plot, curves)
    return 0


if __name__ == "__main__":
    sys.exit(main())
