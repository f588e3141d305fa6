"""The experiments of the seed projects, beside published figures: SEEDS.md.

    python -m benchmarks seeds [--symbols N] [--level N] [--only GROUP …] [--write]

Sources whose entropy is known, from seeded generators (generated.py), and text and DNA of the
corpora. Archives are whole; bits are of archive per symbol. xz is Python's lzma, preset 9 extreme,
on the same bytes in the same run. Published figures are of other lengths and of the seed projects'
own files, as the issue that asked for this suite quotes them: they are marks, not measurements.
"""

import argparse
import lzma
import sys
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np

import cmixpy
from benchmarks import data, machine
from benchmarks.generated import (
    biased,
    binary_entropy,
    entropy_bytes,
    flipped,
    lagged,
    shift_register,
)
from benchmarks.markdown import table
from benchmarks.results import FOLDER
from cmixpy.codec import DEFAULT_LEVEL

PAGE = FOLDER / "SEEDS.md"
SYMBOLS = 1_000_000
# How often a symbol of the noisy sources is the other one.
NOISE = 0.2


class Experiment(NamedTuple):
    """A source: its bytes, the least bits a symbol (NaN: unknown), and what was published."""

    name: str
    make: Callable[[], np.ndarray]
    least: Callable[[np.ndarray], float] = lambda _: float("nan")
    published: str = "–"
    lanes: int | None = None


class Group(NamedTuple):
    """Experiments under one heading."""

    title: str
    about: str
    experiments: list[Experiment]


def independent(n: int) -> Group:
    """Independent letters."""

    def least(symbols: np.ndarray) -> float:
        return 8 * entropy_bytes(symbols) / len(symbols)

    return Group(
        "Independent symbols",
        "Letters a and b, b with probability p; the least is the entropy of what was drawn. One "
        "lane, the strongest setting.",
        [
            Experiment(f"p = {p:g}", lambda p=p: biased(1, n, p), least, lanes=1)
            for p in (0.5, 0.3, 0.1, 0.01)
        ],
    )  # fmt: skip


def markov(n: int) -> Group:
    """X[n] = X[n-1] xor X[n-k]: k-Markov with a single symbol of entropy k in all."""
    return Group(
        "k-Markov sources",
        "X[n] = X[n-1] xor X[n-k], letters a and b: every symbol follows from the k before it, so "
        "the least is k bits in all. Published for k = 10 … 60: 0.0001 … 1 bits a symbol for the "
        "recurrent network, 0.004 … 0.63 for xz.",
        [
            Experiment(
                f"k = {k}", lambda k=k: shift_register(k, n, k), lambda s, k=k: k / len(s),
                "0.0001 … 1" if k <= 60 else "–",
            )
            for k in (10, 20, 30, 40, 50, 60, 100, 1000)
        ],
    )  # fmt: skip


def hidden(n: int) -> Group:
    """The same behind noise: a hidden Markov source."""
    return Group(
        "The same behind noise",
        f"Each symbol of the above becomes the other one with probability {NOISE:g}. Below "
        f"{binary_entropy(NOISE):.3f}, the entropy of the noise, nothing can get; a predictor that "
        f"knows k symbols gets {binary_entropy((1 - (1 - 2 * NOISE) ** 3) / 2):.3f}.",
        [
            Experiment(
                f"k = {k}", lambda k=k: flipped(k, shift_register(k, n, k), NOISE),
                lambda _: binary_entropy(NOISE),
            )
            for k in (10, 60, 1000)
        ],
    )  # fmt: skip


def generators(n: int) -> Group:
    """Lagged-Fibonacci generators and their like, bytes."""
    kinds = [
        ("add", 24, 55), ("add", 273, 607), ("add", 576, 3217), ("subtract", 83, 258),
        ("xor", 107, 378), ("xor", 1029, 2281), ("borrow", 10, 24), ("borrow", 22, 43),
    ]  # fmt: skip
    return Group(
        "Lagged-Fibonacci generators",
        "x[n] = x[n-j] op x[n-k] modulo 256; the first symbols are random, the least is theirs.",
        [
            Experiment(
                f"{kind} {j}, {k}", lambda a=(kind, j, k): lagged(a[2], n, *a),
                lambda s, k=k: 8 * k / len(s),
            )
            for kind, j, k in kinds
        ],
    )  # fmt: skip


def corpus(title: str, about: str, files: dict[str, str], folder) -> tuple[Group, list[str]]:
    """Files of the corpora as experiments, and complaints about those that are not here."""
    pieces, complaints = data.find(files, folder)
    experiments = [
        Experiment(
            piece.name, lambda piece=piece: np.frombuffer(piece.read(), dtype=np.uint8),
            published=files[piece.name],
        )
        for piece in pieces
    ]  # fmt: skip
    return Group(title, about, experiments), complaints


def groups(n: int, folder) -> tuple[dict[str, Group], list[str]]:
    """All groups by name, and complaints about files that are not here."""
    text, no_text = corpus(
        "Text", "Bits a byte. The published figure is of all of enwik8 (16.5 MB of 100 MB); its "
        "first megabytes alone compress less.",
        {"enwik6": "1.32 (enwik8)", "enwik8.4M": "1.32 (enwik8)"}, folder,
    )  # fmt: skip
    dna, no_dna = corpus(
        "DNA", "Bits a base. Published: 1.6 for special-purpose tools, of other chromosomes.",
        {"E.coli": "1.6", "human.chr20.4M": "1.6"}, folder,
    )  # fmt: skip
    found = {
        "independent": independent(n), "markov": markov(n), "hidden": hidden(n),
        "generators": generators(n), "text": text, "dna": dna,
    }  # fmt: skip
    return found, no_text + no_dna


def xz_bytes(content: bytes) -> int:
    """Bytes of the .xz file."""
    return len(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


def measure(experiment: Experiment, level: int) -> list[str]:
    """A line of the table; the round trip is checked."""
    symbols = experiment.make()
    content = symbols.astype(np.uint8).tobytes()
    archive = cmixpy.compress(content, level=level, lanes=experiment.lanes)
    if cmixpy.decompress(archive) != content:
        raise SystemExit(f"{experiment.name}: THE ROUND TRIP FAILED")
    least = experiment.least(symbols)
    bits = [8 * size / len(content) for size in (len(archive), xz_bytes(content))]
    return [
        experiment.name, f"{len(content):,}", f"{len(archive):,}", *map(_bits, bits),
        "–" if np.isnan(least) else _bits(least), experiment.published,
    ]  # fmt: skip


def _bits(value: float) -> str:
    return f"{value:.5f}" if value < 0.1 else f"{value:.4f}"


def section(group: Group, level: int) -> str:
    """Heading, a paragraph, the table."""
    lines = []
    for experiment in group.experiments:
        lines.append(measure(experiment, level))
        print(f"{group.title}: {lines[-1][0]}: {lines[-1][3]}", file=sys.stderr)
    headers = ["source", "symbols", "bytes", "cmixpy, bits", "xz, bits", "least", "published"]
    parts = [f"## {group.title}", group.about]
    parts.append(table(headers, lines) if lines else "Not measured: the files are not here.")
    return "\n\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks seeds", description=__doc__.split("\n")[0])
    parser.add_argument("--symbols", type=int, default=SYMBOLS, help="of generated sources")
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    parser.add_argument("--only", nargs="+", metavar="GROUP")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    found, complaints = groups(chosen.symbols, data.directory(chosen.data))
    for name in chosen.only or ():
        if name not in found:
            parser.error(f"no group {name}: groups are {', '.join(found)}")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    names = chosen.only or list(found)
    about = (
        f"Made by `python -m benchmarks seeds --write` on {date.today().isoformat()}, commit "
        f"{machine.commit()}, level {chosen.level}; bytes do not depend on the machine."
    )
    text = "\n\n".join(
        ["# The experiments of the seed projects", about, __doc__.split("\n\n", 2)[2].strip()]
        + [section(found[name], chosen.level) for name in names]
    )
    print(text)
    if chosen.write:
        PAGE.write_text(text + "\n")
    return 1 if complaints else 0
