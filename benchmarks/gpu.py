"""The model on an NVIDIA GPU: speed both ways and bytes by level and lanes, a step by kernel.

    python -m benchmarks gpu [--file NAME[:BYTES]] [--levels N …] [--lanes N …] [--preset P]

NAME `concatenated` is all corpora in a row, `sources` Python sources (benchmarks/data.py). Refuses
where no GPU answers. What was encoded is decoded on the GPU and compared; bytes and state are those
of the processor (python -m pytest -m gpu). Two floors: what the kernels' launches take with nothing
to do, and what the device's memory takes to move the least that a step must read and write.
"""

import argparse
import sys
import time

import numpy as np

from benchmarks import data, machine
from benchmarks.markdown import table
from cmixpy.analysis.study import subject

LANES = (64, 256, 512, 1024, 2048)
CONCATENATED, SOURCES = "concatenated", "sources"
# Steps of which each kernel is timed on its own, in the middle of the segment.
WARM_STEPS, TIMED_STEPS = 256, 32
COPIED = 1 << 28  # bytes of an array whose copy shows how fast the memory is


def least_bytes(segment) -> int:
    """What a step must at least move: slots, rows of weights, counted entries, read and written."""
    private, plan = segment.host_private, segment.host_plan
    lane = private.copies[0].nbytes
    rows = private.rows.shape[1] * private.rows.shape[2]
    sets = len(plan.set_function) * private.rows.shape[1]
    lane += 4 * (sets * private.inputs.shape[2] + (rows - sets) * private.middles.shape[2])
    lane += 8 * private.touched[0].size
    return 2 * lane * segment.lanes


def bandwidth(cuda) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    one, other = (cuda.device_array(COPIED, np.uint8) for _ in range(2))
    other.copy_to_device(one)
    begin, end = cuda.event(), cuda.event()
    begin.record()
    for _ in range(8):
        other.copy_to_device(one)
    end.record()
    end.synchronize()
    return 8 * 2 * COPIED / (cuda.event_elapsed_time(begin, end) / 1000)


def empty_launch(cuda, stream) -> float:
    """Microseconds of a kernel that does nothing, one of many in a graph."""
    from cmixpy.cuda.graphs import Graph

    @cuda.jit("void()")
    def nothing():
        pass

    def launch():
        for _ in range(1000):
            nothing[1, 32, stream]()

    nothing[1, 32, stream]()  # loads it, which no graph can hold
    cuda.synchronize()
    graph = Graph(stream, launch)
    graph.replay()
    cuda.synchronize()
    began = time.perf_counter()
    graph.replay()
    cuda.synchronize()
    return (time.perf_counter() - began) * 1000


def by_kernel(segment) -> list[float]:
    """Median microseconds of each launch of a step, as events on the device tell."""
    from cmixpy.cuda import device, graphs

    segment.run(0, min(WARM_STEPS, segment.steps // 2))
    device.wait()
    clock = graphs.Clock(segment.stream)

    def launch():
        clock.mark()
        segment.launch_step(clock.mark)

    graph = graphs.Graph(segment.stream, launch)
    laps = []
    for _ in range(min(TIMED_STEPS, segment.steps // 4)):
        graph.replay()
        laps.append(clock.laps())
    graph.close()
    return np.median(np.array(laps), axis=0).tolist()


def timed(segment) -> tuple[float, bool]:
    """Seconds for the whole segment, the arrays being there; whether every lane's code fits."""
    from cmixpy.cuda import device

    device.wait()
    began = time.perf_counter()
    fits = segment.run_all(None)
    device.wait()
    return time.perf_counter() - began, fits


def measure(symbols: np.ndarray, plan, launch_floor: float, bytes_a_second: float) -> list[str]:
    """A row of the table."""
    from cmixpy import primer
    from cmixpy.cuda import device
    from cmixpy.cuda import engine as cuda_engine

    began = time.perf_counter()
    segment = cuda_engine.encoder(symbols, plan)
    device.wait()
    setup = time.perf_counter() - began
    took, fits = timed(segment)
    codes = segment.finish() if fits else None
    segment.close(None)
    backward = "-"
    if codes:
        again = cuda_engine.decoder(codes, len(symbols), plan)
        back, _ = timed(again)
        history = device.download(again.shared.history)
        if not np.array_equal(primer.symbols_behind(again.primer, plan.lanes, history), symbols):
            raise SystemExit(f"{plan.lanes} lanes: decoded to other bytes")
        again.close(None)
        backward = f"{len(symbols) / back / 1000:,.0f}"
    part = cuda_engine.encoder(symbols, plan)
    laps = by_kernel(part)
    step = sum(laps)
    moved = least_bytes(part) / bytes_a_second * 1e6
    part.close(None)
    return [
        f"{plan.lanes:,}", f"{sum(map(len, codes)):,}" if codes else "stored",
        f"{len(symbols) / took / 1000:,.0f}", backward, f"{setup:.1f}",
        f"{part.bytes / 2**20:,.0f}", " ".join(f"{lap:.0f}" for lap in laps), f"{step:.0f}",
        f"{100 * launch_floor * len(laps) / step:.0f} %", f"{100 * moved / step:.0f} %",
    ]  # fmt: skip


NAMES = (
    "lanes", "bytes", "KB/s c", "KB/s d", "set-up, s", "MiB", "µs by launch", "µs a step",
    "launch floor", "memory floor",
)  # fmt: skip


def read(name: str, folder) -> bytes:
    """A file's bytes, or those of many in a row."""
    kind, _, size = name.partition(":")
    if kind == CONCATENATED:
        return data.concatenated(folder, int(size or 1 << 30))
    if kind == SOURCES:
        return data.sources(int(size or 1 << 30))
    (piece,) = data.require([name], folder)
    return piece.read()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks gpu", description=__doc__.split("\n")[0])
    parser.add_argument("--file", default=f"{CONCATENATED}:40000000", metavar="NAME[:BYTES]")
    parser.add_argument("--levels", type=int, nargs="*", default=[1, 3, 5])
    parser.add_argument("--lanes", type=int, nargs="*", default=LANES)
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    from cmixpy.cuda import availability

    reason = availability.why_not()
    if reason is not None:
        print(f"benchmarks gpu: {reason}", file=sys.stderr)
        return 1
    from cmixpy.cuda import device, kernels

    content = read(chosen.file, data.directory(chosen.data))
    stream = device.new_stream()
    floor, bytes_a_second = empty_launch(device.cuda, stream), bandwidth(device.cuda)
    print(f"{availability.describe()}; {machine.kind()}, commit {machine.commit()}")
    print(f"{chosen.file}, {len(content):,} bytes; a copy moves {bytes_a_second / 1e9:,.0f} GB/s, ")
    print(f"an empty kernel in a graph takes {floor:.2f} µs")
    launches = [n if b is None else f"{n} {b}" for n, b in kernels.ORDER]
    print("launches: " + ", ".join(launches))
    for level in chosen.levels:
        rows = []
        for lanes in chosen.lanes:
            one = subject(chosen.file, content, level, chosen.preset, lanes)
            rows.append(measure(one.symbols, one.plan, floor, bytes_a_second))
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
        print(f"\nLevel {level}, preset {one.preset}\n\n" + table(list(NAMES), rows), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
