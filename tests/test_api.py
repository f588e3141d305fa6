"""The Python interface with the real model: round trips, threads, archives made to harm."""

import io
import random
from concurrent.futures import ThreadPoolExecutor

import make_golden
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmixpy
from cmixpy import archive, codec, presets
from cmixpy.header import HeaderReader, check_of, pack_header
from cmixpy.source import Source

WORDS = ["lane", "step", "slot", "mixer", "the", "of", "and", "segment", "archive", "\n"]


def words(seed: int, count: int) -> bytes:
    return " ".join(random.Random(seed).choices(WORDS, k=count)).encode()


def bases(seed: int, count: int) -> bytes:
    return "".join(random.Random(seed).choices("ACGT", k=count)).encode()


CASES = {
    "text": words(1, 700),
    "dna": b">seq\n" + bases(2, 3000) + b"\nNNNN\n" + bases(3, 800).lower(),
    "binary": np.arange(1500, dtype="<u2").tobytes(),
    "generator": make_golden.generator("api", 2000),
    "executable": np.arange(1500, dtype="<u2").tobytes(),
    "records": np.arange(1500, dtype="<u2").tobytes(),
    "bitmap": make_golden.bitmap("api", 2000),
    "lines": make_golden.lines("api", 2500),
    "log": make_golden.log("api", 2500),
    "genes": bases(4, 3000),
    "english": words(5, 700),
    "csv": make_golden.csv("api", 2500),
}


@pytest.mark.parametrize("level", presets.LEVELS)
@pytest.mark.parametrize("preset", presets.PRESETS)
def test_round_trip(level, preset):
    data = CASES[preset]
    packed = cmixpy.compress(data, level=level, preset=preset, lanes=3)
    assert len(packed) < len(data)
    assert cmixpy.decompress(packed) == data


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=40, deadline=None)
def test_anything_comes_back(data):
    assert cmixpy.decompress(cmixpy.compress(data, level=1)) == data


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads_do_not_change_the_bytes(threads):
    data = CASES["text"]
    packed = cmixpy.compress(data, lanes=8, threads=threads)
    assert packed == cmixpy.compress(data, lanes=8, threads=1)
    assert cmixpy.decompress(packed, threads=threads) == data


def test_many_callers_at_once():
    def there_and_back(seed: int) -> bool:
        data = words(seed, 500)
        return cmixpy.decompress(cmixpy.compress(data, level=2, threads=2), threads=2) == data

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(there_and_back, range(8)))


def test_very_predictable_data():
    data = b"\xff" * (1 << 18)
    packed = cmixpy.compress(data, level=1)
    assert len(packed) < 400
    assert cmixpy.decompress(packed) == data


def test_segments_are_independent():
    data = CASES["text"]
    size = len(data) // 2
    packed = cmixpy.compress(data, level=1, segment_size=size, preset="text")
    second = cmixpy.compress(data[size : 2 * size], level=1, preset="text")

    def codes(blob: bytes) -> list[list[bytes]]:
        reader = archive.Reader(Source(io.BytesIO(blob)))
        return [reader.payload() for _ in reader]

    assert codes(packed)[1] == codes(second)[0]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_forged_headers_and_codes_do_no_harm(draw):
    """Altered fields under a right check: whatever comes, it is bytes or a CmixpyError."""
    data = CASES["dna" if draw.draw(st.booleans()) else "text"][:600]
    packed = cmixpy.compress(data, level=1, lanes=2)
    start, body = packed[:4], packed[4:]
    seed = check_of(start, 0)
    segment = HeaderReader(Source(io.BytesIO(body)), [], seed, 1).read()
    assert pack_header(segment, []) == body[: segment.header_length - 4]
    header = bytearray(body[: segment.header_length - 4])
    payload = bytearray(body[segment.header_length : -4])
    for target in (header, payload):
        for _ in range(draw.draw(st.integers(0, 2))):
            target[draw.draw(st.integers(0, len(target) - 1))] = draw.draw(st.integers(0, 255))
    check = check_of(bytes(header), seed)
    forged = start + header + check.to_bytes(4, "little") + payload
    forged += check_of(bytes(payload), check).to_bytes(4, "little")
    try:
        out = codec.decompress(forged, memory_limit=4 << 30)
    except cmixpy.CmixpyError:
        return
    assert out == data
