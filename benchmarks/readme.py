"""README's tables between <!-- figures --> and <!-- /figures -->, from results.tsv.

    python -m benchmarks readme [--threads N]

The last commit that was measured on a file at a level counts, medians of its runs; by default those
with the most threads.
"""

import argparse
import sys
import textwrap

from benchmarks import data, results
from benchmarks.markdown import table
from cmixpy.codec import DEFAULT_LEVEL

README = data.CHECKOUT / "README.md"
OPENING, CLOSING = "<!-- figures -->", "<!-- /figures -->"
STRONGEST = 6
PEERS = {"lpaq1-9": "lpaq1 -9", "mcm-h11": "mcm -h11", "paq8px-8": "paq8px -8"}
# The file that speed and memory in the table of levels are told of.
TIMED = "enwik8.4M"


def _size(row: dict | None) -> str:
    return f"{int(row['bytes']):,}" if row else "–"


def _bpc(row: dict | None) -> str:
    return f"{8 * int(row['bytes']) / int(row['size']):.3f}" if row else "–"


def levels_table(rows: dict[tuple[str, int], dict]) -> str:
    """Levels by what they make of the two text files."""
    headers = ["level"]
    for file in data.TEXT_FILES:
        headers += [file, "bpc"]
    headers += ["KB/s c / d", "memory"]
    lines = []
    for level in sorted({level for file, level in rows if file in data.TEXT_FILES}):
        line = [f"{level} (default)" if level == DEFAULT_LEVEL else str(level)]
        for file in data.TEXT_FILES:
            row = rows.get((file, level))
            line += [_size(row), _bpc(row)]
        timed = rows.get((TIMED, level))
        speed, memory = "–", "–"
        if timed:
            ways = [float(timed[f"{way}_kbps"]) for way in ("compress", "decompress")]
            speed = " / ".join(f"{value:.0f}" for value in ways)
            peak = max(float(timed[f"{way}_mib"]) for way in ("compress", "decompress"))
            memory = f"{peak:.0f} MiB"
        lines.append([*line, speed, memory])
    return table(headers, lines)


def files_table(rows: dict[tuple[str, int], dict]) -> str:
    """The default and the strongest level beside the peers, in bytes."""
    headers = ["file", "bytes", f"cmixpy -{DEFAULT_LEVEL}", f"cmixpy -{STRONGEST}"]
    lines = []
    for file in data.FILES:
        ours = [rows.get((file, level)) for level in (DEFAULT_LEVEL, STRONGEST)]
        known = next((row for row in ours if row), None)
        if known:
            theirs = results.peers().get(file, {})
            sizes = [f"{theirs[peer]:,}" if peer in theirs else "–" for peer in PEERS]
            lines.append([file, f"{int(known['size']):,}", *map(_size, ours), *sizes])
    return table([*headers, *PEERS.values()], lines)


def section(rows: dict[tuple[str, int], dict]) -> str:
    """What stands between the markers."""
    # Of the table of levels, the only one that tells times.
    timed = [row for (file, _), row in rows.items() if file in data.TEXT_FILES]
    machines = sorted({f"{row['machine']}, {row['cores']} cores" for row in timed})
    threads = ", ".join(sorted({row["threads"] for row in timed}))
    about = (
        "Bytes of the archive of the first 1,000,000 (enwik6) and 4,000,000 bytes (enwik8.4M) of "
        f"enwik8; KB/s of whole processes that compress and decompress {TIMED}, and their peak "
        f"memory. Machine: {'; '.join(machines)}; threads: {threads}."
    )
    beside = "Levels 5 and 6 beside peers, in bytes:"
    parts = textwrap.fill(about, 100), levels_table(rows), beside, files_table(rows)
    return "\n\n".join(parts)


def replaced(text: str, middle: str) -> str:
    """README with `middle` between the markers; the closing one is added where it is missing."""
    before, found, after = text.partition(OPENING)
    if not found:
        raise SystemExit(f"README.md has no {OPENING}")
    if CLOSING in after:
        after = after.partition(CLOSING)[2]
    return f"{before}{OPENING}\n\n{middle}\n\n{CLOSING}{after}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks readme", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int)
    rows = results.latest(parser.parse_args(arguments).threads)
    if not any(file in data.FILES for file, _ in rows):
        raise SystemExit("results.tsv has nothing to show: run python -m benchmarks ratio")
    README.write_text(replaced(README.read_text(), section(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
