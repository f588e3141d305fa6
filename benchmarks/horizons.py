"""What the LSTM mixer gives against lanes and horizon: more lanes mean fewer, larger trainings.

    python -m benchmarks horizons [--bytes N …] [--lanes L …] [--horizons H …] [--level N]
                                  [--processes N] [--append]

Codes the first N bytes of the corpora in a row (data.concatenated: English first) with the level's
own models, without the LSTM and with it, in the same lanes, so that nothing but it differs. Prints
a Markdown table of bytes; `--append` adds it to LOG.md.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from typing import NamedTuple

from benchmarks import data, machine
from benchmarks.ablate import append_to_log, bytes_with
from benchmarks.markdown import table
from cmixpy.analysis.study import subject
from cmixpy.analysis.variants import without_lstm
from cmixpy.description import Description

BYTES = (4_000_000, 20_000_000)
LANES = (1, 2, 8, 32, 128)
HORIZONS = (16, 96)


class Task(NamedTuple):
    """One coding; horizon 0: without the LSTM."""

    size: int
    lanes: int
    horizon: int
    level: int
    folder: str | None


def changed(description: Description, horizon: int) -> Description:
    """With another horizon, or without the LSTM."""
    if horizon == 0:
        return without_lstm(description)
    (lstm,) = description.lstm
    return replace(description, lstm=(replace(lstm, horizon=horizon),))


def coded_bytes(task: Task) -> int:
    """Bytes of the lanes' codes."""
    content = data.concatenated(data.directory(task.folder), task.size)
    given = subject("in a row", content, task.level, "auto", task.lanes)
    return bytes_with(given, changed(given.plan.description, task.horizon))


def report(tasks: list[Task], sizes: list[int]) -> str:
    """A row for each length and number of lanes."""
    found = dict(zip(tasks, sizes, strict=True))
    horizons = sorted({task.horizon for task in tasks} - {0})
    lines = []
    for task in tasks:
        if task.horizon == 0:
            without = found[task]
            cells = [found[task._replace(horizon=horizon)] for horizon in horizons]
            lines.append([
                f"{task.size:,}", str(task.lanes), f"{without:,}",
                *(f"{size:,} ({100 * (size / without - 1):+.2f} %)" for size in cells),
            ])  # fmt: skip
    titles = (f"horizon {horizon}" for horizon in horizons)
    return table(["bytes", "lanes", "without", *titles], lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks horizons", description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, nargs="+", default=BYTES)
    parser.add_argument("--lanes", type=int, nargs="+", default=LANES)
    parser.add_argument("--horizons", type=int, nargs="+", default=HORIZONS)
    parser.add_argument("--level", type=int, default=7)
    parser.add_argument("--processes", type=int, default=machine.cores())
    parser.add_argument("--append", action="store_true", help="add the table to LOG.md")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    tasks = [
        Task(size, lanes, horizon, chosen.level, chosen.data)
        for size, lanes, horizon in product(chosen.bytes, chosen.lanes, (0, *chosen.horizons))
    ]
    sizes = []
    with ProcessPoolExecutor(chosen.processes, mp_context=get_context("spawn")) as pool:
        for task, size in zip(tasks, pool.map(coded_bytes, tasks), strict=True):
            sizes.append(size)
            print(*task[:3], size, file=sys.stderr, flush=True)
    about = f"level {chosen.level}, codes, commit {machine.commit()}"
    found = report(tasks, sizes)
    print(f"{about}\n\n{found}")
    if chosen.append:
        append_to_log(f"Lanes and horizon: {about}", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
