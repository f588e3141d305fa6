"""The LSTM mixer: exact in torch, equal to its reference in int64, and in whole segments."""

import random
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from delayed_kernel import uncached
from reference.lstm import SIGMOID, TANH, Lstm, splitmix
from small_models import byte_symbols, lstm_from, mild, tight
from test_kernels import FLOATS
from test_reference import EVENTS, compare, compare_decoding

import cmixpy
from cmixpy import description, engine, parts, presets
from cmixpy.errors import UnsupportedError
from cmixpy.lstm import network, tables
from cmixpy.lstm.arrays import build_network
from cmixpy.lstm.forward import forward, learning_before, take_learnt
from cmixpy.lstm.selftest import require_exact_products
from cmixpy.parts import Floor, Gate
from cmixpy.plan import Plan

SETTINGS = parts.Lstm(
    cells=32, horizon=6, spread=700, forget=500, first=40000, last=10000, half=2, memory=3,
    head_first=40000, head_last=20000, head_half=50, scalar_share=64, bias_input=2048, stride=4,
    told=15, common_rate=20000,
)  # fmt: skip


def small_plan(lanes: int, groups: int, shrink=mild, **settings) -> Plan:
    base = shrink(presets.describe(4, "text"), lanes)
    gates = (Gate(0, 0), Gate(1, 0), Gate(1, len(base.sets) - 1), Gate(2, 1))
    lstm = replace(SETTINGS, **settings)
    return Plan(replace(base, lstm=(lstm,), gates=gates), lanes, groups, table_bits=8)


def test_tables():
    assert tables.sigmoid_table().tolist() == SIGMOID.tolist()
    assert tables.tanh_table().tolist() == TANH.tolist()
    assert tables.uniform(3, 1000).tolist() == splitmix(3, 1000).tolist()
    x = np.arange(-tables.HALF, tables.HALF + 1) / tables.STEPS
    assert np.abs(SIGMOID / 32768 - 1 / (1 + np.exp(-x))).max() < 2**-15
    assert np.abs(TANH / 32768 - np.tanh(x)).max() < 2**-15


def permuted(a, b):
    order = np.random.default_rng(a.shape[1]).permutation(a.shape[1])
    return a[:, order] @ b[order]


def row_by_row(a, b):
    return np.concatenate([a[i : i + 1] @ b for i in range(len(a))])


def in_float(a, b):
    return np.matmul(a.astype(np.float64), b.astype(np.float64))


class Told(NamedTuple):
    """Those of the kernel's private arrays that the network reads, and `outputs`."""

    features: np.ndarray
    residuals: np.ndarray
    gradients: np.ndarray
    outputs: np.ndarray


@uncached
def make_outputs(arrays, told, step):
    """A step of one group, as the kernel makes it."""
    learning = learning_before(arrays.timing, step, 0, 1)
    if learning >= 0:
        take_learnt(arrays, learning, 0, 1)
    for lane in range(told.outputs.shape[0]):
        forward(arrays, told, step, 0, lane, lane, 0)


class Network:
    """A network of one group without the engine: the kernel's part and the driver's in turn."""

    def __init__(self, settings, lanes: int, least_mean: int = 1):
        self.weights = w = network.Weights(settings, 8, least_mean=least_mean)
        plan = small_plan(lanes, 1, **asdict(settings))
        self.arrays = build_network(plan, w.recurrent, w.embedding, 1)
        self.group = network.Group(w, self.arrays, 0, lanes)
        self.horizon, self.step = settings.horizon, 0

    def half_step(self, *told) -> None:
        make_outputs(self.arrays, Told(*told), self.step)
        trace, place = divmod(self.step, self.horizon)
        if trace and not place:
            self.group.turn_over(trace - 1)
        if self.group.go_back():
            self.group.hand_over(self.weights.updates - 1)
        self.step += 1


def state_of(weights) -> list[np.ndarray]:
    parts = weights.recurrent, weights.embedding, weights.means, weights.row_means
    return [np.asarray(part, dtype=np.int64) for part in parts]


@pytest.mark.parametrize(("threads", "least"), [(1, 1), (2, 1000000)])
def test_training_equals_the_reference(threads, least):
    """Three horizons on real bytes, and gradients that reach every clamp now and then."""
    settings = replace(SETTINGS, cells=64, spread=1500)
    lanes, rng = 5, np.random.default_rng(1)
    text = (Path(__file__).parents[1] / "README.md").read_bytes()
    symbols = np.frombuffer(text, dtype=np.uint8)[: 27 * lanes].reshape(lanes, 27).astype(np.int64)
    products = {
        "int64": np.matmul, "permuted": permuted, "rows": row_by_row, "numpy's BLAS": in_float,
        "permuted BLAS": lambda a, b: permuted(a.astype(np.float64), b.astype(np.float64)),
    }  # fmt: skip
    references = {name: Lstm(settings, 8, [lanes], p, least=least) for name, p in products.items()}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    found = Network(settings, lanes, least)
    weights = found.weights
    outputs = np.zeros((lanes, 64), dtype=np.int16)
    for t in range(symbols.shape[1]):
        residuals = rng.integers(-32768, 32768, (lanes, 8)).astype(np.int32)
        gradients = (rng.normal(0, 2**17, (lanes, 64)) ** 3 / 2**30).astype(np.int32)
        foreseen = 256 + rng.integers(0, 257, lanes)
        hashed = [513 + 4096 * i + rng.integers(0, 40, lanes) for i in range(3)]
        features = np.stack((symbols[:, t], foreseen, *hashed), axis=1)
        found.half_step(features, residuals, gradients, outputs)
        for name, reference in references.items():
            expected = reference.half_step(0, features, residuals, gradients)
            assert np.array_equal(outputs, expected), (t, name)
    torch.set_num_threads(before)
    assert weights.updates == 4
    for name, reference in references.items():
        for part, expected in zip(state_of(weights), state_of(reference), strict=True):
            assert np.array_equal(part, expected), name
    assert weights.clipped > 0
    sizes = weights.means[weights.means > 0] / 65536
    assert sizes.min() >= least
    assert (sizes == least).any() == (least > 1)
    assert np.abs(outputs).max() > 3000


def test_elements_convert_floats_and_do_not_calculate(monkeypatch):
    """Operands and results of products are float64; whole numbers are all that is done to them."""
    kernels = {
        name: uncached(getattr(network.elements, name).py_func)
        for name in ("back", "learn", "learn_rows")
    }
    for name, kernel in kernels.items():
        monkeypatch.setattr(network.elements, name, kernel)
    found = Network(SETTINGS, 2)
    zeros = [np.zeros((2, n), dtype=kind) for n, kind in
             ((5, np.int64), (8, np.int32), (32, np.int32), (32, np.int16))]  # fmt: skip
    for _ in range(3 * SETTINGS.horizon):
        found.half_step(*zeros)
    for kernel in kernels.values():
        assert kernel.inspect_llvm()
        for llvm in kernel.inspect_llvm().values():
            operations = {match.group() for match in FLOATS.finditer(llvm)}
            assert operations <= {"sitofp", "fptosi"}


def test_inexact_products_are_refused():
    require_exact_products(64, 8, 16)
    rounded = {
        "float32": lambda a, b: (a.float() @ b.float()).double(),
        "ten bits too few": lambda a, b: (a @ b) * (1 + 2.0**-43),
    }
    for name, product in rounded.items():
        with pytest.raises(UnsupportedError, match="not exact"):
            require_exact_products(64, 8, 16, product)
            pytest.fail(name)


@pytest.mark.parametrize(("lanes", "groups"), [(1, 1), (1, 2), (2, 2), (5, 2), (4, 1)])
@pytest.mark.parametrize("shrink", [mild, tight])
def test_segments_equal_the_reference(lanes, groups, shrink):
    symbols = byte_symbols(lanes, 42 * lanes + 1)
    plan = small_plan(lanes, groups, shrink)
    codes = compare(symbols, plan)
    assert compare_decoding(codes, len(symbols), plan) == symbols.tolist()


def test_rules_of_the_output_layer():
    """Rates so high that every clamp is met."""
    symbols = np.tile(byte_symbols(3, 40), 6)
    before = dict(EVENTS)
    plan = small_plan(3, 2, head_first=65535, head_last=65535, bias_input=4095, spread=2000)
    compare(symbols, plan)
    for event in ("node used by several lanes", "slope of a gate clamped", "gated logit clamped"):
        assert EVENTS[event] > before.get(event, 0), event


@pytest.mark.parametrize("lanes", [1, 2, 7])
def test_threads(lanes):
    symbols = byte_symbols(9, 1500)
    plan = small_plan(lanes, min(lanes, 2))
    codes = engine.encode_segment(symbols, plan, 1)
    for threads in (2, 4):
        assert engine.encode_segment(symbols, plan, threads) == codes
        assert (
            engine.decode_segment(codes, len(symbols), plan, threads).tolist() == symbols.tolist()
        )
    assert torch.get_num_threads() > 0


def test_the_time_left_is_told_right():
    """After a tenth, the rate so far foretells the whole within 20 %; the machine may be busy."""
    symbols = byte_symbols(3, 30000)
    for _ in range(4):
        times: list[tuple[float, float]] = []

        def progress(done, _, times=times):
            times.append((done / len(symbols), time.process_time()))

        engine.encode_segment(symbols, small_plan(4, 2), 1, progress)
        began = times[0]
        tenth = next(pair for pair in times if pair[0] >= 0.1 + began[0])
        rates = [(at[1] - began[1]) / (at[0] - began[0]) for at in (tenth, times[-1])]
        if 0.8 < rates[0] / rates[1] < 1.2:
            return
    raise AssertionError(f"{rates} s")


def test_descriptions_with_an_lstm():
    d = replace(small_plan(2, 2).description, threshold=())
    assert description.Description.from_bytes(d.to_bytes()) == d
    plain = replace(d, lstm=(), gates=())
    assert d.to_bytes().startswith(plain.to_bytes())
    bad = (
        {"gates": ()}, {"gates": (Gate(1, len(d.sets)),)}, {"lstm": ()},
        {"lstm": (replace(SETTINGS, cells=40),)}, {"lstm": (replace(SETTINGS, horizon=0),)},
        {"lstm": (replace(SETTINGS, told=16),)}, {"symbol_bits": 2}, {"floor": (Floor(1),)},
        {"lstm": (), "gates": (), "floor": (Floor(2),)},
    )  # fmt: skip
    for change in bad:
        with pytest.raises(ValueError):
            replace(d, **change)
    with pytest.raises(ValueError):
        description.Description.from_bytes(plain.to_bytes() + b"\0\0")


@pytest.mark.parametrize("level", [7, 8, 9])
def test_levels(level, monkeypatch):
    rng = random.Random(level)
    words = ["lane", "step", "the", "of", "Slots,", "<i>", "[1]", "mixer.", "\n"]
    data = " ".join(rng.choices(words, k=800)).encode()
    bases = "".join(rng.choices("ACGT", k=800)).encode()
    least = presets._preset("text")["lstm_from"]
    assert presets.choose(level, "text", least).description.lstm
    below = presets.choose(level, "text", least - 1)
    assert below == presets.choose(6, "text", least - 1)
    lstm_from(monkeypatch, "text", 2000)
    for preset, sample in (("text", data), ("text", data[:1000]), ("dna", bases)):
        archive = cmixpy.compress(sample, level=level, preset=preset, lanes=3, threads=2)
        assert cmixpy.decompress(archive, threads=1) == sample
        plan = presets.choose(level, preset, len(sample))
        assert bool(plan.description.lstm) == (sample is data)
