"""The model on an NVIDIA GPU: speed and bytes by level and lanes, time of a step by kernel.

    python -m benchmarks gpu [--file NAME[:BYTES]] [--levels N …] [--lanes N …]

Refuses where no GPU answers. Bytes and state are those of the processor (python -m pytest -m gpu).
"""

import argparse
import sys
import time

import numpy as np

from benchmarks import data, machine
from benchmarks.markdown import table
from cmixpy.analysis.study import subject

LANES = (64, 256, 1024, 2048)
# Steps of which each kernel is timed on its own, after the whole segment was coded.
TIMED_STEPS = 200


def timed(segment, kernels, cuda, name: str) -> float:
    """Microseconds of one kernel in a step, as events on the device tell."""
    shape = -(-segment.lanes // segment.groups), segment.threads
    total = 0.0
    for _ in range(TIMED_STEPS):
        for each, nibble in kernels.ORDER:
            begin, end = cuda.event(), cuda.event()
            begin.record()
            segment.launch(each, nibble, shape)
            end.record()
            end.synchronize()
            if each == name:
                total += cuda.event_elapsed_time(begin, end)
    return 1000 * total / TIMED_STEPS


def measure(symbols: np.ndarray, plan) -> list[str]:
    """A row of the table: lanes, bytes, KB/s, seconds of the first launch, µs by kernel."""
    from cmixpy.cuda import device, kernels
    from cmixpy.cuda import engine as cuda_engine

    warm = cuda_engine.encoder(symbols[: 4 * plan.lanes], plan)
    began = time.perf_counter()
    warm.run_all(None)
    first = time.perf_counter() - began
    segment = cuda_engine.encoder(symbols, plan)
    began = time.perf_counter()
    fits = segment.run_all(None)
    took = time.perf_counter() - began
    codes = segment.finish() if fits else None
    size = f"{sum(map(len, codes)):,}" if codes else "stored"
    again = cuda_engine.encoder(symbols, plan)
    parts = [f"{timed(again, kernels, device.cuda, name):.0f}" for name in kernels.KERNELS]
    return [
        str(plan.lanes), size, f"{len(symbols) / took / 1000:.1f}", f"{first:.1f}", *parts,
        f"{segment.bytes / 2**20:.0f}",
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks gpu", description=__doc__.split("\n")[0])
    parser.add_argument("--file", default="enwik8.4M", metavar="NAME[:BYTES]")
    parser.add_argument("--levels", type=int, nargs="*", default=[1, 5, 6])
    parser.add_argument("--lanes", type=int, nargs="*", default=LANES)
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    from cmixpy.cuda import availability

    reason = availability.why_not()
    if reason is not None:
        print(f"benchmarks gpu: {reason}", file=sys.stderr)
        return 1
    (piece,) = data.require([chosen.file], data.directory(chosen.data))
    content = piece.read()
    print(f"{availability.describe()}; {machine.kind()}, commit {machine.commit()}")
    print(f"{piece.name}, {piece.size:,} bytes")
    from cmixpy.cuda import kernels

    parts = [f"{name}, µs" for name in kernels.KERNELS]
    names = ["lanes", "bytes", "KB/s", "first launch, s", *parts, "MiB"]
    for level in chosen.levels:
        given = [subject(piece.name, content, level, "auto", lanes) for lanes in chosen.lanes]
        rows = [measure(one.symbols, one.plan) for one in given]
        print(f"\nLevel {level}, preset {given[0].preset}\n\n" + table(names, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
