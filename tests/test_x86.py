"""The address transform: exactly inverted for any bytes, found where code is, safe with lies."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.instructions import undo_addresses as reference_undo
from small_models import instructions

from cmixpy import varint, x86
from cmixpy.detect import detect
from cmixpy.errors import DamagedError
from cmixpy.model.addresses import translate_ranges


def as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8)


def linked(seed: int, calls: int, wide: bool = True) -> bytes:
    """Code that calls a few functions from many places and reads variables."""
    rng = random.Random(seed)
    size = calls * 16
    targets = [rng.randrange(size) for _ in range(20)]
    data = bytearray()
    for _ in range(calls):
        relative = rng.choice(targets) - len(data) - 5
        data += b"\xe8" + relative.to_bytes(4, "little", signed=True)
        data += (b"\x48" if wide else b"") + b"\x8b\x05"
        data += (rng.choice(targets) - len(data) - 4).to_bytes(4, "little", signed=True)
        data += rng.choice((b"\x85\xc0", b"\x50", b"\x90\x5f"))
    return bytes(data)


def test_round_trip_of_code():
    data = linked(1, 2000)
    symbols, parameters = x86.apply_addresses(as_array(data))
    assert len(parameters)
    assert symbols.tobytes() != data
    assert x86.undo_addresses(symbols, parameters).tobytes() == data
    values = varint.unpack_array(as_array(parameters)).tolist()
    pairs = list(zip(values[1::2], values[2::2], strict=True))
    assert reference_undo(symbols.tobytes(), values[0], pairs) == data


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_any_code_comes_back(seed, wide):
    data = as_array(instructions(random.Random(seed), 3000) + linked(seed, 50, wide))
    ranges = np.array([[0, 1000], [1003, len(data)]])
    symbols = data.copy()
    translate_ranges(symbols, ranges, wide, False)
    assert not np.array_equal(symbols, data)
    pairs = [(0, 1000), (3, len(data) - 1003)]
    assert reference_undo(symbols.tobytes(), int(wide), pairs) == data.tobytes()
    translate_ranges(symbols, ranges, wide, True)
    assert np.array_equal(symbols, data)


@given(st.binary(max_size=300), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_bytes_come_back(data, wide):
    whole = np.array([[0, len(data)]])
    symbols = as_array(data).copy()
    translate_ranges(symbols, whole, wide, False)
    translate_ranges(symbols, whole, wide, True)
    assert symbols.tobytes() == data


def test_code_is_told_from_other_data():
    assert detect(as_array(linked(2, 2000))) == "executable"
    assert detect(as_array(b"\x7fELF" + bytes(20_000) + linked(2, 2000))) == "executable"
    assert detect(as_array(random.Random(5).randbytes(1 << 20))) == "binary"
    assert detect(as_array((b"\xe8\0\0\0\0\0\0\0" * 9 + b"\x03") * 2000)) == "binary"
    assert x86.code_ranges(as_array(random.Random(5).randbytes(1 << 20))).tolist() == []


def test_64_bit_code_is_known_by_its_instructions():
    """Object files, whose calls lead nowhere yet; programs of one block of code."""
    unlinked = b"\x48\x89\xe5\xe8\0\0\0\0\x8b\x45\xf8\x48\x8b\x05\0\0\0\0\x5d\xc3" * 205
    assert detect(as_array(unlinked * 3 + bytes(8 * x86.BLOCK))) == "executable"
    assert detect(as_array(b"\x7fELF" + bytes(3 * x86.BLOCK) + unlinked)) == "executable"
    # Mostly something else.
    assert detect(as_array(unlinked + bytes(6 * x86.BLOCK))) == "binary"
    assert detect(as_array(linked(4, 120, wide=False) + bytes(3 * x86.BLOCK))) == "binary"


def test_only_64_bit_code_has_addresses_relative_to_itself():
    for wide in (False, True):
        data = as_array(linked(3, 2000, wide))
        _, parameters = x86.apply_addresses(data)
        assert parameters[0] == wide


@pytest.mark.parametrize("values", [[], [2], [0, 1], [1, 0, 2000], [0, 900, 200], [0, 1 << 34, 1]])
def test_lying_parameters_are_refused(values):
    parameters = varint.pack_array(np.array(values, dtype=np.int64))
    with pytest.raises(DamagedError, match="address parameters"):
        x86.undo_addresses(np.zeros(1000, dtype=np.uint8), parameters)
