"""The bytes do not depend on the number of threads, nor on when each of them gets there."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from delayed_kernel import delayed_run, delays, uncached
from small_models import byte_symbols
from test_kernels import FLOATS
from test_lstm import small_plan

from cmixpy import engine, presets
from cmixpy.lstm import network
from cmixpy.model import step
from cmixpy.plan import Plan

THREADS = (1, 2, 3, 8)
SIZE = 8_000


def symbols_for(preset: str) -> np.ndarray:
    rng = random.Random(preset)
    if preset in ("dna", "genes"):
        known = [rng.randrange(4) for _ in range(SIZE // 2)]
        copies = known[SIZE // 40 : SIZE // 4] + [3 - base for base in known[SIZE // 6 :][::-1]]
        return np.array((known + copies)[:SIZE], dtype=np.uint8)
    if preset == "text":
        words = ["lane", "step", "the", "of", "Slots,", "<i>", "[1]", "mixer.", "\n"]
        return np.frombuffer(" ".join(rng.choices(words, k=SIZE)).encode()[:SIZE], dtype=np.uint8)
    values = np.cumsum([rng.randrange(-9, 10) for _ in range(SIZE // 2)])
    return values.astype("<i2").view(np.uint8)


def plan_for(preset: str, length: int, lanes: int) -> Plan:
    """The default level's, with small tables and no more than the end of its primer."""
    plan = presets.choose(5, preset, length, lanes)
    start = tuple(replace(one, primed=SIZE // 4) for one in plan.description.start)
    description = replace(plan.description, start=start)
    return replace(plan, description=description, table_bits=min(plan.table_bits, 13))


@pytest.mark.parametrize("preset", presets.PRESETS)
@pytest.mark.parametrize("lanes", [3, 8])
def test_threads_and_delays(preset, lanes, monkeypatch):
    symbols = symbols_for(preset)
    plan = plan_for(preset, len(symbols), lanes)
    codes = engine.encode_segment(symbols, plan, 1)
    assert sum(map(len, codes)) < len(symbols)
    delays(monkeypatch)
    for threads, others in zip(THREADS, THREADS[::-1], strict=True):
        assert engine.encode_segment(symbols, plan, threads) == codes, threads
        assert np.array_equal(engine.decode_segment(codes, len(symbols), plan, others), symbols)


@pytest.mark.parametrize(
    ("lanes", "groups", "stride"), [(1, 1, 1), (7, 2, 4), (2, 2, 6), (5, 1, 1)]
)
def test_an_lstm_and_delays(lanes, groups, stride, monkeypatch):
    """Its learning dawdles too: now the kernel waits for it, now it for the kernel."""
    symbols = byte_symbols(lanes, SIZE // 2)
    plan = small_plan(lanes, groups, stride=stride)
    codes = engine.encode_segment(symbols, plan, 1)
    delays(monkeypatch)
    rng, go_back = random.Random(lanes), network.Group.go_back

    def late(group):
        time.sleep(rng.choice((0, 0, 0, 0.001)))
        return go_back(group)

    monkeypatch.setattr(network.Group, "go_back", late)
    for threads in THREADS:
        assert engine.encode_segment(symbols, plan, threads) == codes, threads
        decoded = engine.decode_segment(codes, len(symbols), plan, threads)
        assert np.array_equal(decoded, symbols), threads


@pytest.mark.parametrize(
    ("lanes", "threads", "helps"), [(1, 2, False), (2, 2, True), (2, 3, False)]
)
def test_the_thread_of_the_lstm_codes_lanes_too(lanes, threads, helps, monkeypatch):
    """Where a lane is left for it, and never more than once (or the state would be lost)."""
    delays(monkeypatch)
    plan = small_plan(lanes, 1)
    segment = engine.encoder(byte_symbols(lanes, SIZE // 2), plan, threads)
    for done in range(0, segment.steps, 100):
        segment.run(done, min(segment.steps, done + 100))
    assert (segment.network.helped > 0) == helps


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_state_does_not_depend_on_threads(preset, monkeypatch):
    """Not the codes alone: everything shared ends as it does with one thread."""
    delays(monkeypatch)
    symbols = symbols_for(preset)[: SIZE // 2]
    plan = plan_for(preset, len(symbols), 8)
    alone, many = (engine.encoder(symbols, plan, threads) for threads in (1, 3))
    for segment in (alone, many):
        segment.run(0, segment.steps)
    for name, expected in alone.shared._asdict().items():
        assert np.array_equal(getattr(many.shared, name), expected), name
    assert np.array_equal(many.private.lanes, alone.private.lanes)


def test_kernels_have_no_floats(monkeypatch):
    """The bytes must not depend on how a processor rounds; here, where the kernel is compiled."""
    delays(monkeypatch)
    symbols = np.arange(40, dtype=np.uint8)
    plan = presets.choose(1, "text", len(symbols), 2)
    segment = engine.encoder(symbols, plan, 1)
    lanes = segment.plan, segment.private, segment.codes, segment.starts
    start, finish = uncached(step.start_lanes.py_func), uncached(step.finish_lanes.py_func)
    start(*lanes, False)
    finish(*lanes)
    for kernel in (delayed_run(), start, finish):
        assert kernel.inspect_llvm()
        for llvm in kernel.inspect_llvm().values():
            assert "mul" in llvm or "shl" in llvm
            assert not FLOATS.search(llvm)
