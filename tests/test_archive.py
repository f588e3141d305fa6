"""The container: small, bounded, and every altered bit an error that names what is wrong."""

import io
import random

import pytest
from fake_model import PRESETS, fake_model  # noqa: F401 - a fixture

import cmixpy
from cmixpy import archive, codec, header, varint
from cmixpy.errors import CmixpyError, DamagedError, MemoryLimitError, UnsupportedError
from cmixpy.source import Source

pytestmark = pytest.mark.usefixtures("fake_model")

TEXT = b"In the beginning was the word, and the word was with the lanes. " * 20
DNA = b">lambda\n" + b"ACGTTGCAAC" * 400 + b"\nNNNNNNNN" + b"acgt" * 50 + b"\n"
NOISE = random.Random(1).randbytes(2000)


@pytest.mark.parametrize("data", [b"", b"a", b"ab" * 8, TEXT, DNA, NOISE, bytes(100_000)])
@pytest.mark.parametrize("preset", ["auto", *PRESETS])
@pytest.mark.parametrize("lanes", [None, 1, 7])
def test_round_trip(data, preset, lanes):
    packed = cmixpy.compress(data, preset=preset, lanes=lanes)
    assert cmixpy.decompress(packed) == data


@pytest.mark.parametrize("segment_size", [1, 17, 100, 1280, 1281, 5000])
def test_segments_of_every_size(segment_size):
    data = TEXT + DNA + NOISE if segment_size > 1 else TEXT[:50]
    packed = cmixpy.compress(data, segment_size=segment_size)
    assert cmixpy.decompress(packed) == data
    segments = list(archive.Reader(Source(io.BytesIO(packed))))
    assert [segment.length for segment in segments[:-1]] == [segment_size] * (len(segments) - 1)
    assert [segment.last for segment in segments] == [False] * (len(segments) - 1) + [True]


def test_hints_travel_and_damage_to_them_is_found():
    records = b"".join(i.to_bytes(4, "little") + b"abcdefgh" for i in range(800))
    packed = cmixpy.compress(records, level=4)  # from level 5 on there are pairs of distances too
    (segment,) = archive.Reader(Source(io.BytesIO(packed)))
    assert segment.model.hints == (12,)
    assert cmixpy.decompress(packed) == records
    place = packed.index(bytes([1, 12]))
    for value in (0, 13):
        with pytest.raises(CmixpyError):
            cmixpy.decompress(packed[: place + 1] + bytes([value]) + packed[place + 2 :])


def test_the_description_is_named_once_and_embedded_when_it_is_not_shipped():
    shipped = cmixpy.compress(TEXT * 4, segment_size=len(TEXT), preset="text")
    embedded = cmixpy.compress(TEXT * 4, segment_size=len(TEXT), preset="text", level=6)
    assert cmixpy.decompress(embedded) == TEXT * 4
    assert embedded.count(b"8experimental english") == 1
    names = [s.model.name for s in archive.Reader(Source(io.BytesIO(shipped)))]
    assert len(set(names)) == 1
    assert len(names[0].digest) == 8


def test_overhead_of_small_archives():
    packed = cmixpy.compress(TEXT, lanes=1)
    (segment,) = archive.Reader(Source(io.BytesIO(packed)))
    # Two bytes of them are the hints that tell the model where the dictionary ends.
    assert len(packed) - sum(segment.model.code_lengths) <= 44
    assert len(cmixpy.compress(b"")) == 18
    assert len(cmixpy.compress(b"x")) == 19


def test_incompressible_data_grow_little():
    data = random.Random(2).randbytes(100_000)
    for size in (None, 4096):
        packed = cmixpy.compress(data, segment_size=size)
        assert len(packed) <= len(data) * (1.001 if size is None else 1.005) + 64


def test_concatenated_archives():
    packed = cmixpy.compress(TEXT) + cmixpy.compress(b"") + cmixpy.compress(DNA, level=6)
    assert cmixpy.decompress(packed) == TEXT + DNA


def archives() -> dict[str, bytes]:
    return {
        "text": cmixpy.compress(TEXT[:400], lanes=2),
        "dna": cmixpy.compress(DNA[:900], lanes=2),
        "stored": cmixpy.compress(NOISE[:60]),
        "embedded": cmixpy.compress(TEXT[:400], level=6),
        "several": cmixpy.compress(TEXT[:600], segment_size=150, lanes=1),
        "two": cmixpy.compress(TEXT[:200], lanes=1) + cmixpy.compress(b"abc"),
    }


KINDS = ["text", "dna", "stored", "embedded", "several", "two"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seekable", [True, False])
def test_every_flipped_bit_is_an_error(kind, seekable):
    packed = archives()[kind]
    for place in range(len(packed)):
        for bit in range(8):
            altered = bytearray(packed)
            altered[place] ^= 1 << bit
            with pytest.raises(CmixpyError) as caught:
                decompress(bytes(altered), seekable)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seekable", [True, False])
def test_every_truncation_is_an_error(kind, seekable):
    packed = archives()[kind]
    whole = len(cmixpy.compress(TEXT[:200], lanes=1)) if kind == "two" else None
    for length in range(len(packed)):
        if length == whole:
            continue
        with pytest.raises(DamagedError, match=r"truncated|not a cmixpy archive|trailing garbage"):
            decompress(packed[:length], seekable)


class Pipe(io.RawIOBase):
    """Bytes that come in small pieces and cannot be sought."""

    def __init__(self, data: bytes):
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._data.readinto(memoryview(buffer)[:7])


def decompress(packed: bytes, seekable: bool) -> bytes:
    sink = io.BytesIO()
    codec.decompress_stream(io.BytesIO(packed) if seekable else Pipe(packed), sink)
    return sink.getvalue()


def test_pipes_both_ways():
    sink = io.BytesIO()
    codec.compress_stream(Pipe(TEXT), sink)
    assert sink.getvalue() == cmixpy.compress(TEXT)
    assert decompress(sink.getvalue(), seekable=False) == TEXT


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"", "not a cmixpy archive: it is empty"),
        (b"CM", "not a cmixpy archive"),
        (b"CMX", "truncated: the file ends inside the magic number"),
        (b"CMXI", "not a cmixpy archive"),
        (b"PK\x03\x04", "not a cmixpy archive"),
    ],
)
def test_what_is_no_archive(packed, message):
    with pytest.raises(DamagedError) as caught:
        cmixpy.decompress(packed)
    assert str(caught.value) == message


def test_another_version_is_refused_with_both_versions():
    packed = bytearray(cmixpy.compress(TEXT))
    packed[3] = 0x80 | 9
    with pytest.raises(UnsupportedError) as caught:
        cmixpy.decompress(bytes(packed))
    assert str(caught.value) == "the archive has format version 9, this cmixpy reads version 2"


def test_trailing_garbage():
    packed = cmixpy.compress(TEXT)
    with pytest.raises(DamagedError) as caught:
        cmixpy.decompress(packed + b"\0")
    expected = f"trailing garbage: no archive begins at offset {len(packed)}"
    assert str(caught.value) == expected


def test_moved_doubled_and_lost_segments():
    packed = cmixpy.compress(NOISE[:400], segment_size=100)
    size = (len(packed) - 4) // 4
    start, *rest = [packed[:4], *(packed[4 + i * size :][:size] for i in range(4))]
    for order in [(1, 0, 2, 3), (0, 0, 1, 2, 3), (0, 2, 3), (3,)]:
        with pytest.raises(DamagedError, match="header of segment . is damaged: its check"):
            cmixpy.decompress(start + b"".join(rest[i] for i in order))


def write(segment: header.Segment, payload: list[bytes]) -> bytes:
    sink = io.BytesIO()
    archive.Writer(sink).write(segment, payload)
    return sink.getvalue()


def model(**changes) -> header.Model:
    from fake_model import SHIPPED

    fields = {
        "name": header.ModelName(SHIPPED[0].digest, None, 5, 0),
        "symbol_bits": 8,
        "symbols": 1000,
        "lanes": 1,
        "groups": 1,
        "table_bits": 10,
        "code_lengths": (3,),
    }
    return header.Model(**{**fields, **changes})


@pytest.mark.parametrize(
    ("length", "changes", "message"),
    [
        (1 << 29, {}, "its codes have fewer bytes than the least, 8192"),
        (1 << 31, {}, "its length is 2147483648, more than 1073741824"),
        (1000, {"lanes": 2049}, "its number of lanes is 2049, more than 2048"),
        (1, {"lanes": 2, "code_lengths": (0, 1)}, "it has 2 lanes for 1 symbols"),
        (1000, {"hints": (1,) * 9}, "it has 9 hints, more than 8"),
        (1000, {"hints": (7, 1 << 20)}, "a hint is 1048576, more than 1048575"),
        (1000, {"table_bits": 41}, "its tables have 2^41 slots"),
        (2, {}, "a code's length is 3, more than 2"),
        (1000, {"lanes": 2, "code_lengths": (600, 600)}, "its codes are longer than its bytes"),
    ],
)
def test_sound_checks_on_headers_that_lie(length, changes, message):
    lie = header.Segment(length, 0, True, model(**changes))
    with pytest.raises(DamagedError) as caught:
        cmixpy.decompress(write(lie, [b"abc"]))
    assert str(caught.value) == f"the header of segment 1 is damaged: {message}"


def test_a_segment_too_large_for_the_memory_is_refused_before_it_is_read():
    lie = header.Segment(1 << 29, 0, True, model(code_lengths=(10_000,)))
    with pytest.raises(MemoryLimitError, match="decompressing segment 1 needs 1.5 GiB"):
        codec.decompress_stream(io.BytesIO(write(lie, [bytes(10_000)])), None, memory_limit=1 << 30)
    with pytest.raises(MemoryLimitError, match="compressing needs"):
        cmixpy.compress(TEXT, memory_limit=1 << 19)


def test_an_unknown_model_is_named():
    name = header.ModelName(bytes(range(8)), None, 5, 0)
    lie = header.Segment(1000, 0, True, model(name=name))
    with pytest.raises(UnsupportedError, match="segment 1 needs model 0001020304050607, which"):
        cmixpy.decompress(write(lie, [b"abc"]))


def test_wrong_hash_is_found_and_nothing_of_the_segment_written():
    packed = write(header.Segment(3, 0, True), [b"abc"])
    sink = io.BytesIO()
    with pytest.raises(
        DamagedError, match="segment 1 is damaged: its decoded bytes have the wrong"
    ):
        codec.decompress_stream(io.BytesIO(packed), sink)
    assert sink.getvalue() == b""


def test_codes_of_very_predictable_data_are_padded_to_the_least_length():
    data = bytes(1 << 20)
    packed = cmixpy.compress(data, lanes=1)
    (segment,) = archive.Reader(Source(io.BytesIO(packed)))
    assert sum(segment.model.code_lengths) >= header.least_code_bytes(1 << 20, 8) == 16
    assert cmixpy.decompress(packed) == data


def test_varints_are_written_in_one_way_only():
    for value in (0, 1, 127, 128, 300, 1 << 30, (1 << 63) - 1):
        packed = varint.pack(value)
        assert varint.unpack(iter(packed).__next__) == value
    with pytest.raises(ValueError, match="more bytes than it needs"):
        varint.unpack(iter(b"\x80\x00").__next__)
    with pytest.raises(ValueError, match="more than 63 bits"):
        varint.unpack(iter(b"\xff" * 10).__next__)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 0}, "no level 0: levels are 1 to 9"),
        ({"level": 10}, "no level 10: levels are 1 to 9"),
        ({"preset": "jpeg"}, f"no preset 'jpeg': presets are auto, {', '.join(PRESETS)}"),
        ({"lanes": 0}, "lanes must be 1 to 2048"),
        ({"threads": 0}, "threads must be 1 or more"),
        ({"segment_size": 1 << 31}, "the segment size must be 1 to 1073741824 bytes"),
    ],
)
def test_options_that_cannot_be_used(options, message):
    with pytest.raises(cmixpy.OptionError) as caught:
        cmixpy.compress(TEXT, **options)
    assert str(caught.value) == message
