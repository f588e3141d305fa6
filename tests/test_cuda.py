"""The CUDA path where there is no GPU: twins, numba's simulator, PTX, and what users are told.

Simulator and PTX compiler need environments of their own, so they run as programs
(cuda_equality.py, cuda_ptx.py). On hardware: test_gpu.py.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
from cuda_ptx import FUNCTIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numba.core.dispatcher import Dispatcher

import cmixpy
from cmixpy import devices, presets
from cmixpy.cuda import availability, device
from cmixpy.cuda.twins import Twins
from cmixpy.errors import MemoryLimitError, OptionError, UnsupportedError
from cmixpy.model import atomics, counted, hashing, history, logistic, slots

HERE = Path(__file__).parent
NEXT_STATE = history.next_state_table()
RECIPROCAL = logistic.reciprocal_table(1024 + 2048 * 8)
FLOAT = re.compile(r"\.(f16|f16x2|bf16|bf16x2|f32|f64)\b|\btf32\b")
# What the LSTM's kernels do with the operands and results of products: they are copied, and
# converted to integers of 64 bits and from integers.
CONVERTED = re.compile(
    r"^\s*(\.reg \.f64|(ld|st)\.global\.f64|mov\.f64|cvt\.rn\.f64\.s(32|64)|cvt\.rzi\.s64\.f64)\s"
)


def start(program: str, *arguments: str, simulated: bool = False) -> subprocess.Popen:
    """A Python program of tests/, with or without the simulator."""
    environment = {name: value for name, value in os.environ.items() if "CUDASIM" not in name}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), str(HERE)])
    if simulated:
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    return subprocess.Popen(
        [sys.executable, program, *arguments], cwd=HERE, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def compiled_twin(dispatcher):
    return njit(error_model="numpy")(Twins().of(dispatcher.py_func))


TWINS = {block: compiled_twin(block) for block in
         (hashing.mix, slots.update_node, counted.apply_counted)}  # fmt: skip


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
@settings(max_examples=200, deadline=None)
def test_twin_of_mix(first, second):
    assert TWINS[hashing.mix](first, second) == hashing.mix(first, second)


@given(st.integers(0, 131071), st.integers(0, 127), st.integers(0, 208), st.integers(0, 1),
       st.integers(1, 127))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_twin_of_update_node(probability, count, state, bit, limit):
    arguments = probability << 15 | count << 8 | state, bit, limit, NEXT_STATE, RECIPROCAL
    assert TWINS[slots.update_node](*arguments) == slots.update_node(*arguments)


@given(st.integers(64, 4194239), st.integers(0, 1023), st.integers(0, 2048 * 8),
       st.integers(0, 2048 * 8), st.integers(1, 1023))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_twin_of_apply_counted(probability, count, touched, ones, limit):
    arguments = probability << 10 | count, touched, min(ones, touched), limit, RECIPROCAL
    assert TWINS[counted.apply_counted](*arguments) == counted.apply_counted(*arguments)


def called(function: FunctionType, seen: dict) -> dict:
    """All dispatchers that a twin calls, directly or not, by name."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        assert value is not atomics.prefetch_row
        assert value is not atomics.cycles
        if isinstance(value, Dispatcher) and name not in seen:
            seen[name] = value
            called(value.py_func, seen)
    return seen


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_that_kernels_call_is_inlined(name):
    """The one form that compiles without a driver."""
    found = called(device.twin(*FUNCTIONS[name]), {})
    assert found or name in ("lstm_turn_over", "lstm_sum_rows")
    for callee in found.values():
        assert callee.targetoptions["inline"] == "always"


CASES = ("--symbols", "512", "--archives", "--lstm")


def test_simulator():
    """Every preset in both directions: the same state after every step, the same archives.

    And models with a small LSTM: the same weights.
    """
    # One program, which compiles what all presets call once.
    run = start("cuda_equality.py", *presets.PRESETS, *CASES, simulated=True)
    said = run.communicate()[0]
    assert run.returncode == 0, said
    assert said.endswith("equal\n"), said


def calculated(ptx: str, name: str) -> list[str]:
    """Lines of a kernel that do with floats what they must not."""
    lines = [line for line in ptx.splitlines() if FLOAT.search(line)]
    if name.startswith("lstm_"):
        lines = [line for line in lines if not CONVERTED.match(line)]
    return lines


def test_ptx_calculates_without_floats(tmp_path):
    runs = [start("cuda_ptx.py", str(tmp_path), "--capability", cc) for cc in ("8.0", "9.0")]
    for run in runs:
        said = run.communicate()[0]
        assert run.returncode == 0, said
    found = sorted(tmp_path.glob("*.ptx"))
    assert len(found) == 2 * len(FUNCTIONS)
    for path in found:
        ptx = path.read_text()
        assert ".visible .entry" in ptx, path
        assert not calculated(ptx, path.name), path


def test_pattern_finds_floats():
    assert FLOAT.search("fma.rn.f32 %f1, %f2, %f3, %f4;")
    assert FLOAT.search("cvt.rn.f64.s64 %fd1, %rd1;")
    allowed = (
        ".reg .f64 %fd<9>;", "ld.global.f64 %fd1, [%rd2];", "st.global.f64 [%rd2+8], %fd1;",
        "cvt.rn.f64.s64 %fd1, %rd1;", "cvt.rn.f64.s32 %fd1, %r1;", "cvt.rzi.s64.f64 %rd1, %fd1;",
        "mov.f64 %fd1, %fd2;",
    )  # fmt: skip
    refused = (
        "fma.rn.f64 %fd1, %fd2, %fd3, %fd4;", "add.f64 %fd1, %fd2, %fd3;",
        "@%p1 mul.rn.f64 %fd1, %fd2, %fd3;", "div.rn.f64 %fd1, %fd2, %fd3;",
        "cvt.rn.f32.f64 %f1, %fd1;", "cvt.rni.s64.f64 %rd1, %fd1;", "cvt.rn.f64.u64 %fd1, %rd1;",
        "setp.gt.f64 %p1, %fd1, %fd2;", "min.f64 %fd1, %fd2, %fd3;", "neg.f64 %fd1, %fd2;",
        "ld.global.f32 %f1, [%rd2];", "selp.f64 %fd1, %fd2, %fd3, %p1;",
        "atom.global.add.f64 %fd1, [%rd1], %fd2;",
    )  # fmt: skip
    for line in allowed:
        assert calculated(f"	{line}", "code") == [f"	{line}"]
        assert not calculated(f"	{line}", "lstm_take"), line
    for line in refused:
        assert calculated(f"	{line}", "lstm_take") == [f"	{line}"]


def test_devices_that_cannot_be_used():
    with pytest.raises(OptionError, match="devices are auto, cpu, cuda"):
        devices.require("tpu")
    devices.require("cpu")


def test_auto_takes_a_gpu_for_many_lanes(monkeypatch):
    asked = []
    few, many = (presets.choose(5, "text", 1 << 20, lanes) for lanes in (64, 256))
    with_lstm = presets.choose(7, "text", 1 << 20, 256)
    monkeypatch.setattr("cmixpy.cuda.availability.why_not", lambda: asked.append(1))
    assert not devices._on_gpu("auto", few)
    assert not asked
    assert devices._on_gpu("auto", many)
    assert devices._on_gpu("cuda", few)
    assert not devices._on_gpu("cpu", many)
    monkeypatch.setattr("cmixpy.cuda.availability.why_no_lstm", lambda: "no torch")
    assert not devices._on_gpu("auto", with_lstm)
    assert devices._on_gpu("auto", many)
    monkeypatch.setattr("cmixpy.cuda.availability.why_not", lambda: "no GPU")
    assert not devices._on_gpu("auto", many)


def test_a_gpu_that_is_too_small(monkeypatch):
    data = bytes(range(97, 123)) * 40

    def full(*_):
        raise MemoryLimitError("the model needs more")

    monkeypatch.setattr("cmixpy.cuda.availability.why_not", lambda: None)
    monkeypatch.setattr("cmixpy.cuda.engine.encode_segment", full)
    archive = cmixpy.compress(data, level=1, preset="text", lanes=200, device="auto")
    assert archive == cmixpy.compress(data, level=1, preset="text", lanes=200, device="cpu")
    with pytest.raises(MemoryLimitError):
        cmixpy.compress(data, level=1, preset="text", lanes=200, device="cuda")


def test_an_lstm_needs_a_torch_with_cuda(monkeypatch):
    with_lstm = presets.choose(7, "text", 1 << 20)
    for usable in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda usable=usable: usable)
        for plan in (presets.choose(6, "text", 1 << 20), with_lstm):
            for name in ("cpu", "cuda"):
                if name == "cuda" and plan is with_lstm and not usable:
                    with pytest.raises(UnsupportedError, match="install a torch with CUDA"):
                        devices.require_for(name, plan)
                else:
                    devices.require_for(name, plan)
    assert availability.why_no_lstm() is None


def test_without_the_package(monkeypatch):
    monkeypatch.setattr("cmixpy.cuda.availability.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"pip install 'cmixpy\[cuda\]'"):
        devices.require("cuda")


def test_without_a_driver(monkeypatch, capsys):
    monkeypatch.setattr(device.cuda, "is_available", lambda: False)
    devices.list_devices()
    cpu, cuda = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"cpu   usable: \d+ cores", cpu)
    assert cuda.startswith("cuda  not usable: no NVIDIA driver")


def test_nothing_of_cuda_is_imported_unasked():
    code = "import sys, cmixpy; cmixpy.decompress(cmixpy.compress(b'ab' * 50)); "
    code += "print([m for m in sys.modules if m.startswith(('numba.cuda', 'cmixpy.cuda'))])"
    run = start("-c", code)
    assert run.communicate()[0].strip().endswith("[]"), run
    assert np.int64(run.returncode) == 0
