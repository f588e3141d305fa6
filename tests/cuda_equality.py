"""The CUDA kernels under numba's simulator against the CPU's: run as a program by test_cuda.py.

NUMBA_ENABLE_CUDASIM=1 python tests/cuda_equality.py PRESET …

On a GPU, for whoever looks for the step where the two part: with --gpu and without the simulator.
"""

import argparse
import random
import time

import cuda_turns
import numpy as np
from small_models import mild, small_lstm, symbols_for, text, tight

import cmixpy
from cmixpy import engine, presets, primer
from cmixpy.cuda import arrays, device
from cmixpy.cuda import engine as cuda_engine
from cmixpy.cuda.network import Driver
from cmixpy.cuda.packed import sum_alone
from cmixpy.model import mixer
from cmixpy.plan import Plan

# What both kinds of kernels leave behind; of the private arrays what the next step reads.
PRIVATE = ("lanes", "symbols", "inputs", "touched", "rows", "errors", "middles", "copies",
           "experts", "expert_key", "expert_touched", "features", "outputs", "gradients",
           "residuals", "gated", "gate_errors", "gate_dots", "gate_slopes", "cells")  # fmt: skip
# Of the LSTM's weights, what a training leaves behind.
WEIGHTS = ("recurrent", "embedding", "near", "means", "row_means", "row_counts", "gradients")

# Larger arrays are compared every so many steps, and at the end.
SMALL, EVERY = 1 << 18, 16


def same(step: int, cpu, cuda) -> None:
    """Assert that shared and private state are equal."""
    everything = step % EVERY == 0 or step + 1 == cpu.steps
    for group, names in (("shared", cpu.shared._fields), ("private", PRIVATE)):
        for name in names:
            wanted = getattr(getattr(cpu, group), name)
            if everything or wanted.nbytes <= SMALL:
                found = device.download(getattr(getattr(cuda, group), name))
                if not np.array_equal(found, wanted):
                    where = np.argwhere(found != wanted)[:5].tolist()
                    raise AssertionError(f"step {step}: {name} differs at {where}")


def same_network(cpu, cuda) -> None:
    """Assert that the LSTM's weights and what it says of itself are equal."""
    if cpu.network is None:
        assert cuda.network is None
        return
    for name in WEIGHTS:
        wanted = getattr(cpu.network.weights, name)
        found = device.download(getattr(cuda.network.weights, name))
        assert np.array_equal(found, wanted), name
    assert cpu.network.weights.updates > cpu.groups
    assert cuda.network.close() == cpu.network.close()


def compare(symbols: np.ndarray, plan: Plan, threads: int | None) -> list[bytes]:
    """Encode with both, step by step."""
    cpu = engine.encoder(symbols, plan, 1)
    cuda = cuda_engine.encoder(symbols, plan, threads)
    for t in range(cpu.steps):
        cpu.run(t, t + 1)
        cuda.run(t, t + 1)
        same(t, cpu, cuda)
    same_network(cpu, cuda)
    codes = cpu.finish()
    assert cuda.finish() == codes
    assert codes is not None
    return codes


def compare_decoding(symbols: np.ndarray, codes: list[bytes], plan: Plan, threads: int) -> None:
    """Decode with both, step by step."""
    cpu = engine.decoder(codes, len(symbols), plan, 1)
    cuda = cuda_engine.decoder(codes, len(symbols), plan, threads)
    for t in range(cpu.steps):
        cpu.run(t, t + 1)
        cuda.run(t, t + 1)
        same(t, cpu, cuda)
    same_network(cpu, cuda)
    history = device.download(cuda.shared.history)
    decoded = primer.symbols_behind(cpu.primer, plan.lanes, history)
    assert decoded.tolist() == symbols.tolist()


def case(
    preset: str, level: int, lanes: int, groups: int, threads: int | None, n: int, shrink, seed: int
):
    description = shrink(presets.describe(level, preset), seed)
    if description.lstm:
        description = small_lstm(description, seed)
    # A base is a byte of what was read, of which `symbols_for` packs four.
    symbols = symbols_for(description, seed, n if description.symbol_bits == 8 else n // 2)
    hints = {"records": (61, 2, 5, 11, 3), "bitmap": (3,), "lines": (61, 2)}.get(preset, ())
    plan = Plan(description, lanes, groups, table_bits=6, hints=hints)
    began = time.perf_counter()
    codes = compare(symbols, plan, threads)
    compare_decoding(symbols, codes, plan, threads)
    took = time.perf_counter() - began
    print(
        f"{preset} level {level} lanes {lanes} groups {groups} threads {threads} "
        f"{shrink.__name__}: {len(symbols)} symbols, {took:.1f} s", flush=True
    )  # fmt: skip


# Level, lanes, groups and symbols: groups of a lane or none, of lanes that end early, of many.
LSTM_CASES = ((9, 1, 1, 24), (7, 1, 2, 20), (7, 2, 2, 43), (9, 5, 2, 63), (7, 33, 1, 300),
              (7, 33, 2, 300))  # fmt: skip


def lstm_cases(threads: int | None) -> None:
    """The LSTM of both levels that differ in more than its cells."""
    for seed, (level, lanes, groups, symbols) in enumerate(LSTM_CASES):
        cuda_turns.BACKWARDS = seed % 2 == 1
        shrink = tight if seed % 3 == 1 else mild
        case("text", level, lanes, groups, threads, symbols, shrink, seed)
    # With this seed it is told enough for its pretrained network.
    assert small_lstm(presets.describe(7, "english"), 1).pretrained
    case("english", 7, 3, 2, threads, 90, mild, 1)


def periods() -> None:
    """After a group's first horizon its launches repeat, with all that they are given."""
    description = small_lstm(mild(presets.describe(7, "text"), 1), 1)
    plan = Plan(description, 3, 2, table_bits=6)
    driver = Driver(plan, arrays.build_private(plan), threads=2)
    period = plan.groups * description.lstm[0].horizon
    launched: list[tuple] = []

    def launch(name: str, *arguments, threads: int = 0) -> None:
        given = (x if isinstance(x, int) else tuple(map(id, x)) for x in arguments)
        launched.append((name, threads, *given))

    def multiply(*operands) -> None:
        launched.append(tuple((x.data_ptr(), x.shape, x.stride()) for x in operands))

    launch.threads = 2  # type: ignore[attr-defined]
    for group in driver.groups:
        group.launch, group._multiply = launch, multiply
    ends = []
    for number in range(4 * period):
        driver.take(number)
        driver.learn(number)
        ends.append(len(launched))
    first, second, third, fourth = (ends[i * period - 1] for i in (1, 2, 3, 4))
    assert launched[first:second] == launched[second:third] == launched[third:fourth]
    assert {"take", "back", "turn_over", "learn"} <= {item[0] for item in launched[first:second]}


def atomic_sums() -> None:
    """What a device does in the place of `sum_alone`; both do what the CPU does."""
    rng = np.random.default_rng(3)
    found, wanted, plain = np.zeros((3, 96), dtype=np.int32)
    for error in (1, -1, 262139, -262139, 70000):
        x = rng.integers(-3071, 3072, 96).astype(np.int16) * (rng.random(96) < 0.7)
        x = x.astype(np.int16)
        for part in range(8):
            device.cuda.jit(device.sum_each)[1, 1](found, x.view(np.int64), error, part, 8)
            sum_alone(wanted, x.view(np.int64), error, part, 8)
        mixer.add_to_sum(plain, x, np.int32(error))
    assert plain.any()
    assert np.array_equal(found, wanted)
    assert np.array_equal(found.reshape(4, 24).T.reshape(-1), plain)


def archives() -> None:
    """The whole codec: the same archive, which both devices decode."""
    rng = random.Random(5)
    presets._preset("binary")["lstm_from"] = 100
    for data, options in (
        (text(rng, 700), {"preset": "text", "level": 1, "lanes": 3}),
        (bytes(rng.choices(b"ACGT", k=900)) + b"\n", {"preset": "dna", "level": 1, "lanes": 2}),
        # Of the levels with an LSTM, one without a primer that all lanes learn first.
        (text(rng, 160), {"preset": "binary", "level": 7, "lanes": 8}),
    ):
        archive = cmixpy.compress(data, device="cpu", **options)
        assert cmixpy.compress(data, device="cuda", **options) == archive
        assert cmixpy.decompress(archive, device="cuda") == data
        print(f"archive of {len(data)} bytes, level {options['level']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("presets", nargs="*", default=presets.PRESETS)
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--lanes", type=int, nargs="*", default=[1, 2, 33])
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--symbols", type=int, default=160)
    parser.add_argument("--mild", action="store_true")
    parser.add_argument("--archives", action="store_true")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--seed", type=int, default=0, help="some make codes longer than symbols")
    parser.add_argument("--lstm", action="store_true", help="and models with an LSTM")
    options = parser.parse_args()
    assert options.gpu != device.SIMULATED
    if options.gpu:
        options.threads = None  # the engine's
    else:
        cuda_turns.install()
    for preset in options.presets:
        for seed, lanes in enumerate(options.lanes, options.seed):
            cuda_turns.BACKWARDS = seed % 2 == 1
            case(
                preset, options.level, lanes, options.groups, options.threads, options.symbols,
                mild if options.mild else tight, seed,
            )  # fmt: skip
    if options.lstm:
        periods()
        lstm_cases(options.threads)
    if options.archives:
        if not options.gpu:
            cuda_engine.THREADS = cuda_engine.LSTM_THREADS = options.threads
        atomic_sums()
        archives()
    print("equal")


if __name__ == "__main__":
    main()
