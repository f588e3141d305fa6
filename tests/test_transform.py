"""The nucleotide transform: exactly inverted for any bytes, cheap for DNA, safe with lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.numbers import Numbers

from cmixpy import varint
from cmixpy.errors import DamagedError
from cmixpy.model.numbers import decode_numbers, encode_numbers
from cmixpy.transform import apply_nucleotides, undo_nucleotides

LETTERS = st.sampled_from(b"ACGTacgtNnU\n\r>x\x00\xff")


def as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8)


def round_trip(data: bytes) -> tuple[np.ndarray, bytes]:
    symbols, parameters = apply_nucleotides(as_array(data))
    assert undo_nucleotides(symbols, parameters, len(data)).tobytes() == data
    assert symbols.dtype == np.uint8
    assert len(symbols) == 0 or symbols.max() < 4
    return symbols, parameters


@given(st.lists(LETTERS, max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_mixture_comes_back(values):
    round_trip(bytes(values))


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_come_back(data):
    round_trip(data)


def test_every_byte_value_comes_back():
    round_trip(bytes(range(256)) * 3)


def test_symbols_are_in_the_order_of_the_complement():
    assert round_trip(b"ACGT")[0].tolist() == [0, 1, 2, 3]
    assert round_trip(b"acgt")[0].tolist() == [0, 1, 2, 3]
    assert round_trip(b"ACGU")[0].tolist() == [0, 1, 2, 3]


def fasta(records: int, bases: int, width: int) -> bytes:
    generator = np.random.default_rng(7)
    out = []
    for record in range(records):
        sequence = as_array(b"ACGT")[generator.integers(0, 4, bases)].tobytes()
        sequence = sequence[:100] + sequence[100:900].lower() + b"N" * 5000 + sequence[900:]
        lines = [sequence[i : i + width] for i in range(0, len(sequence), width)]
        out += [b">chr%d" % record, *lines]
    return b"\n".join(out) + b"\n"


def test_wrapped_fasta_with_masks_and_gaps_costs_little():
    data = fasta(records=3, bases=20_000, width=60)
    symbols, parameters = round_trip(data)
    # A few dozen bytes a record, most of them for its header line.
    assert len(parameters) < 150
    assert len(symbols) >= 60_000


def test_empty():
    symbols, parameters = round_trip(b"")
    assert (len(symbols), len(parameters)) == (0, 4)


@given(st.lists(LETTERS, min_size=1, max_size=100), st.data())
@settings(max_examples=300, deadline=None)
def test_altered_parameters_never_make_more_than_the_length(values, draw):
    data = bytes(values)
    symbols, parameters = apply_nucleotides(as_array(data))
    altered = bytearray(parameters)
    place = draw.draw(st.integers(0, len(altered) - 1))
    altered[place] = draw.draw(st.integers(0, 255))
    try:
        out = undo_nucleotides(symbols, bytes(altered), len(data))
    except DamagedError:
        return
    assert len(out) == len(data)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [0, 0, 0],
        [2, 0, 0, 0],
        [0, 1 << 34, 0, 0],
        [0, 1, 0, 0, 1 << 30, 1 << 30],
        [0, 0, 1, 0, 1 << 30, 1 << 30],
        [0, 0, 0, 1, 1 << 30, 1 << 30, 65],
    ],
)
def test_lying_parameters_are_refused(values):
    parameters = b"".join(map(varint.pack, values[:4]))
    numbers = np.array(values[4:], dtype=np.int64)
    if len(numbers):
        kinds = [(0, 1), (2, 3), (4, 5, 6)][values[1:4].index(1)]
        parameters += encode_numbers(numbers, np.array(kinds, dtype=np.uint8))
    with pytest.raises(DamagedError, match="nucleotide parameters"):
        undo_nucleotides(np.zeros(10, dtype=np.uint8), parameters, 11)


def test_many_records_cost_little():
    """Headers are text and line lengths repeat: a few bytes a record."""
    line = b">NP_%06d.1 hypothetical protein\n" + b"ACGT" * 15 + b"\n"
    records = (line % (7 * i) for i in range(500))
    parameters = round_trip(b"".join(records))[1]
    assert len(parameters) < 500 * 8


@given(st.lists(st.integers(0, (1 << 31) - 1), max_size=60), st.data())
@settings(max_examples=100, deadline=None)
def test_numbers_of_every_kind_come_back(values, draw):
    kinds = draw.draw(st.lists(st.integers(0, 6), min_size=len(values), max_size=len(values)))
    kinds = np.array(kinds, dtype=np.uint8)
    numbers = np.array(values, dtype=np.int64)
    numbers[kinds == 6] &= 255
    code = encode_numbers(numbers, kinds)
    assert decode_numbers(code, kinds).tolist() == numbers.tolist()
    reference = Numbers(code)
    assert [reference.take(kind) for kind in kinds.tolist()] == numbers.tolist()
