"""What enwik9 might take on one machine and on many, from the prefixes of enwik8 measured here.

Two ways, for nobody knows which holds: bpc goes on falling with the logarithm of the length as it
fell from prefix to prefix, or cmixpy stays as far below lpaq1 -9 as it is on the longest prefix,
and lpaq1's bytes for enwik8 and enwik9 are published (mattmahoney.net/dc/text.html, in peers.tsv).
"""

from collections.abc import Callable
from math import log10
from statistics import linear_regression

import numpy as np

from benchmarks import corpora, report, results
from benchmarks.markdown import table
from cmixpy import presets
from cmixpy.codec import DEFAULT_LEVEL

GIGABYTE = 1_000_000_000
PREFIXES = (*report.PREFIXES, "enwik8")
# What `cmixpy c` makes of a longer text unless it is told another --segment-size.
SEGMENT = presets.segment_size(DEFAULT_LEVEL, "english")
MACHINES = (1, -(-GIGABYTE // SEGMENT), 100)
PEER = "lpaq1-9"
Bpc = Callable[[int], float]


def _bpc(archive: int, size: int) -> float:
    return 8 * archive / size


def fitted(points: list[tuple[int, float]]) -> tuple[float, float]:
    """bpc = a + b·log10(bytes), by least squares."""
    sizes, bpcs = zip(*points, strict=True)
    slope, constant = linear_regression([log10(size) for size in sizes], bpcs)
    return constant, slope


def between(points: list[tuple[int, float]], size: int) -> float:
    """bpc on the line from point to point over the logarithm of the length; level at both ends."""
    sizes, bpcs = zip(*sorted(points), strict=True)
    return float(np.interp(log10(size), np.log10(sizes), bpcs))


def peer_points() -> list[tuple[int, float]]:
    """(bytes, bpc) of PEER on enwik8, enwik9 and the prefixes, measured and published."""
    return [
        (corpora.registry()[file].size, _bpc(known[PEER], corpora.registry()[file].size))
        for file, known in results.peers().items()
        if file in (*PREFIXES, *report.BENCHMARK_FILES) and PEER in known
    ]


def projection(last: dict[tuple[str, int], dict]) -> str:
    """The section of RESULTS.md; `last` is results.latest()."""
    known = [last[file, DEFAULT_LEVEL] for file in PREFIXES if (file, DEFAULT_LEVEL) in last]
    if len(known) < 2:
        return "Not enough prefixes of enwik8 have been measured to project from."
    points = [(int(row["size"]), _bpc(int(row["bytes"]), int(row["size"]))) for row in known]
    constant, slope = fitted(points)
    theirs = peer_points()
    shares = [bpc / between(theirs, size) for size, bpc in points]
    ways: list[Bpc] = [
        lambda size: constant + slope * log10(size),
        lambda size: shares[-1] * between(theirs, size),
    ]
    largest = known[-1]
    pace = 1 / (1000 * float(largest["compress_kbps"]))
    lines = []
    for machines in MACHINES:
        part = GIGABYTE // machines
        found = [way(part) for way in ways]
        sizes = [f"{bpc * GIGABYTE / 8 / 1e6:,.1f} MB" for bpc in found]
        lines.append([
            machines, f"{part:,}", *(f"{bpc:.3f}" for bpc in found), *sizes,
            f"{pace * part / 3600:,.2f} h",
        ])  # fmt: skip
    files = ", ".join(row["file"] for row in known)
    were = ", ".join(f"{share:.3f}" for share in shares)
    about = (
        f"**A projection, not a measurement**, at level {DEFAULT_LEVEL}, in two ways. *Line*: bpc "
        f"of {files} continued as a straight line over the logarithm of the length "
        f"({slope:+.3f} bpc for ten times the bytes). *Peer*: the bytes of {PEER}, which are known "
        f"for enwik8 and enwik9, times {shares[-1]:.3f}, cmixpy's share of them on "
        f"{largest['file']} ({files}: {were}). The time is that of each byte of "
        f"{largest['file']}. It is taken for granted that tables stay large "
        "enough and speed stays as it is, and neither is so for ever. Each machine codes one "
        "segment, and segments share nothing, so the bytes are those of shorter texts. "
        f"{MACHINES[1]} of them is what enwik9 has by default; another number takes "
        "`--segment-size`."
    )
    headers = [
        "machines", "bytes each", "bpc: line", "bpc: peer", "enwik9: line", "enwik9: peer",
        "time each",
    ]  # fmt: skip
    return f"{about}\n\n{table(headers, lines)}"
