"""The scalar blocks, compiled, against plain integers."""

import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from delayed_kernel import uncached
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lane as reference_lane
from reference import matches as reference_matches
from reference import tables
from reference.coder import Decoder, Encoder
from reference.shared import Counted, Entry, Node, Weights

from cmixpy.model import coder as coder_blocks
from cmixpy.model import (
    contexts,
    counted,
    fields,
    hashing,
    history,
    jit,
    logistic,
    match,
    mixer,
    slots,
    state,
)
from cmixpy.parts import MOST_INPUTS

M32 = 0xFFFFFFFF
MOST_TOUCHES = 2048 * 8  # of one entry in a half-step: every bit of every lane
RECIPROCAL = logistic.reciprocal_table(1024 + MOST_TOUCHES)
NEXT_STATE = history.next_state_table()
word = st.integers(0, M32) | st.sampled_from([0, 1, 1 << 31, M32])


@given(word, word)
@settings(max_examples=400, deadline=None)
def test_mix(first, second):
    assert hashing.mix(first, second) == reference_lane.mix(first, second)


def test_classes_and_length_slots():
    found = [contexts.character_class(byte) for byte in range(256)]
    assert found == [reference_lane.class_of(byte) for byte in range(256)]
    for length in [*range(1000), 65535]:
        assert match.length_slot(length) == reference_matches.length_slot(length), length


@given(
    st.integers(0, 131071),
    st.integers(0, 127),
    st.integers(0, 208),
    st.integers(0, 1),
    st.integers(1, 127),
)
@settings(max_examples=400, deadline=None)
def test_update_node(probability, count, history_state, bit, limit):
    node = probability << 15 | count << 8 | history_state
    found = slots.update_node(node, bit, limit, NEXT_STATE, RECIPROCAL)
    events = Counter()
    expected = Node(probability, count, history_state).learn(bit, limit, events)
    assert found == expected.probability << 15 | expected.count << 8 | expected.state
    assert not events["node probability clamped"]


@given(
    st.integers(64, 4194239),
    st.integers(0, 1023),
    st.integers(1, MOST_TOUCHES) | st.integers(1, 9),
    st.floats(0, 1) | st.sampled_from([0, 1]),
    st.integers(1, 1023),
)
@settings(max_examples=400, deadline=None)
def test_apply_counted(probability, count, touched, share, limit):
    ones = int(touched * share)
    found = counted.apply_counted(probability << 10 | count, touched, ones, limit, RECIPROCAL)
    table = Counted(None, 0, limit)
    table.entries[0] = Entry(probability, count)
    table.touches[0] = [1] * ones + [0] * (touched - ones)
    table.commit(Counter())
    assert found == table.entries[0].probability << 10 | table.entries[0].count


def test_reciprocals_and_scales():
    assert RECIPROCAL.tolist() == [tables.reciprocal(c) for c in range(len(RECIPROCAL))]
    for power in (0, 1, 600, 1000):
        for lanes in (1, 2, 7, 2048):
            assert state.integer_power(lanes, power) == tables.lane_scale(lanes, power)


def test_stretch_and_squash():
    squash = logistic.squash_table().astype(int)
    stretch = logistic.stretch_table().astype(int)
    assert squash.tolist() == [tables.squash(i) for i in range(-3071, 3072)]
    assert stretch.tolist() == [tables.stretch(i) for i in range(4096)]
    assert (np.diff(squash) >= 0).all()
    assert (np.diff(stretch) >= 0).all()
    assert squash[0] >= 1
    assert squash[-1] <= 65535
    assert np.array_equal(squash[::-1], 65536 - squash)
    assert np.array_equal(stretch[::-1], -stretch)


def test_histories():
    assert NEXT_STATE[:418].tolist() == [
        tables.next_state(s, b) for s in range(209) for b in (0, 1)
    ]
    found = history.initial_probability_table()[:209].tolist()
    assert found == [tables.history_probability(s) for s in range(209)]


# The largest input is a logit of the first layer, or a stretch or scaled probability below 2304.
WORST = [(MOST_INPUTS, 2304), (mixer.BLOCK, 3071)]


@pytest.mark.parametrize(("inputs", "largest"), WORST)
@pytest.mark.parametrize("sign", [1, -1, 0])
def test_dot(inputs, largest, sign):
    rng = np.random.default_rng(inputs)
    for limit in (mixer.WEIGHT_LIMIT, 1 << 20, 5000):
        x = rng.integers(-largest, largest + 1, inputs)
        row = rng.integers(-limit, limit + 1, inputs)
        if sign:
            x, row = np.full(inputs, largest), np.full(inputs, sign * limit)
        found = mixer.dot(x.astype(np.int16), row.astype(np.int32))
        weights = Weights("set", row.tolist(), 0)
        assert found == weights.dot(x.tolist(), 0, Counter())


@pytest.mark.parametrize("largest", [3071, 40])
@pytest.mark.parametrize("lanes", [1, 2, 2048])
@pytest.mark.parametrize("sign", [1, -1, 0])
def test_weights(lanes, largest, sign):
    """One row learnt by many lanes at once, at the largest rate, all pulling one way or not."""
    rng = np.random.default_rng(lanes)
    most = 65535 * 65535 >> 14
    first = rng.integers(-mixer.WEIGHT_LIMIT, mixer.WEIGHT_LIMIT + 1, mixer.BLOCK)
    weights = Weights("set", first.tolist(), 600)
    row = first.astype(np.int32)
    total = np.zeros(mixer.BLOCK, dtype=np.int32)
    for _ in range(lanes):
        x = rng.integers(-largest, largest + 1, mixer.BLOCK)
        error = int(rng.integers(-most, most + 1))
        if sign:
            x, error = np.full(mixer.BLOCK, largest), sign * most
        weights.note(0, x.tolist(), error)
        if lanes == 1:
            mixer.add_one(row, x.astype(np.int16), np.int32(error))
        else:
            mixer.add_to_sum(total, x.astype(np.int16), np.int32(error))
    if lanes > 1:
        mixer.apply_sum(row, total, state.integer_power(lanes, 600))
    weights.commit(Counter())
    assert row.tolist() == weights.row(0)
    assert not total.any()


@uncached
def encode_all(lane, out, probabilities, bits):
    for i in range(bits.shape[0]):
        coder_blocks.encode_bit(lane, out, probabilities[i], bits[i])
    coder_blocks.flush(lane, out)


@uncached
def decode_all(lane, code, probabilities, bits):
    for _ in range(4):
        lane[fields.CODE_VALUE] = (lane[fields.CODE_VALUE] << 8) | coder_blocks.get_byte(lane, code)
    for i in range(bits.shape[0]):
        bits[i] = coder_blocks.decode_bit(lane, code, probabilities[i])


probability = st.sampled_from([1, 2, 32768, 65534, 65535]) | st.integers(1, 65535)
# Likely bits give carries through many bytes of 255, others give none.
coded = st.lists(
    st.tuples(probability, st.integers(0, 1))
    | st.sampled_from([(65535, 1), (65535, 0), (1, 0), (1, 1)]),
    max_size=300,
)


def code_with_all(pairs, events: Counter) -> None:
    """Encode and decode pairs (probability, bit) with both coders."""
    probabilities = np.array([p for p, _ in pairs], dtype=np.int64)
    bits = np.array([bit for _, bit in pairs], dtype=np.int64)
    encoder = Encoder(events)
    for p, bit in pairs:
        encoder.bit(p, bit)
    code = encoder.finish()

    lane = np.zeros(fields.FIELDS, dtype=np.int64)
    lane[fields.CODE_RANGE], lane[fields.CODE_PENDING], lane[fields.CODE_COUNT] = M32, 1, -1
    out = np.zeros(2 * len(pairs) + 64, dtype=np.uint8)
    encode_all(lane, out, probabilities, bits)
    assert not lane[fields.OVERFLOW]
    assert out[: lane[fields.CODE_COUNT]].tobytes().rstrip(b"\0") == code

    lane[:] = 0
    lane[fields.CODE_RANGE] = M32
    found = np.zeros_like(bits)
    decode_all(lane, np.frombuffer(code, dtype=np.uint8).copy(), probabilities, found)
    assert np.array_equal(found, bits)
    decoder = Decoder(code)
    assert [decoder.bit(p, 0) for p in probabilities.tolist()] == bits.tolist()


@given(coded)
@settings(max_examples=200, deadline=None)
def test_coder(pairs):
    code_with_all(pairs, Counter())


def test_carries():
    """Bits that keep the interval across a boundary, so that a carry goes through many bytes."""
    events = Counter()
    for seed in range(400):
        rng = random.Random(seed)
        encoder, pairs = Encoder(events), []
        for _ in range(rng.randrange(60, 120)):
            p = rng.randrange(1, 65536)
            gap = (1 << 32) - (encoder.low & M32)
            bit = int(gap < encoder.range * p >> 16) ^ (rng.random() < 0.05)
            pairs.append((p, bit))
            encoder.bit(p, bit)
        code_with_all(pairs, Counter())
    assert events["carry through a byte of 255"] >= 100


FLOATS = re.compile(
    r"\b(fadd|fsub|fmul|fdiv|frem|fneg|fcmp|sitofp|uitofp|fptosi|fptoui|fpext|fptrunc)\b"
    r"|@llvm\.(fma|fmuladd|sqrt|pow|exp|log|floor|ceil|round|trunc\.f|sin|cos|f?m(in|ax)num)\b"
)


def test_pattern_finds_floats():
    @uncached
    def half(n):
        return int(n * 0.5)

    half(3)
    assert all(FLOATS.search(llvm) for llvm in half.inspect_llvm().values())


def test_every_source_of_a_kernel_is_hashed():
    """What a kernel's module imports is in the name of the cache: stale code would be run."""
    package = Path(jit.__file__).parents[1]
    for path in (path for name in jit.KERNELS for path in (package / name).glob("**/*.py")):
        text = path.read_text()
        if path.parent.name == "model" or "jit import" in text:
            for name in re.findall(r"^from cmixpy\.?(\w*)\S* import", text, re.M):
                assert name in (*jit.KERNELS, *jit.CONSTANTS), f"{path.name} imports {name}"
