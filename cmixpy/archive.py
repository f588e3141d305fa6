"""The container: headers and bytes, no models. FORMAT.md is the specification.

An archive is a magic number, a version and a chain of segments. Every segment header ends in a
check that is seeded with the check of the header before, so a segment that is lost, doubled or
moved shows; the last header says that it is the last, which makes truncation show. The codes
have a check of their own, since the last bits of an arithmetic code may not matter to what it
decodes to, and since damage is better found before hours of decoding than after.
"""

from collections.abc import Iterator
from typing import BinaryIO

from cmixpy.errors import DamagedError, UnsupportedError
from cmixpy.header import HeaderReader, ModelName, Segment, check_of, pack_header
from cmixpy.source import Source

MAGIC = b"CMX"
VERSION = 2
# The top bit of the version byte is set: no text file that begins with CMX is taken for an archive.
VERSION_FLAG = 0x80


def _first_seed() -> int:
    return check_of(MAGIC + bytes([VERSION_FLAG | VERSION]), 0)


class Writer:
    """Writes one archive to a stream, front to back, without seeking."""

    def __init__(self, sink: BinaryIO):
        self._sink = sink
        self._names: list[ModelName] = []
        self._seed = _first_seed()
        self._sink.write(MAGIC + bytes([VERSION_FLAG | VERSION]))
        self.size = len(MAGIC) + 1

    def write(self, segment: Segment, payload: list[bytes]) -> None:
        """Append a segment: `payload` is its bytes, or its parameters and its lanes' codes."""
        header = pack_header(segment, self._names)
        self._seed = check_of(header, self._seed)
        parts = [header, self._seed.to_bytes(4, "little"), *payload]
        if segment.model is not None:
            parts.append(check_of(b"".join(payload), self._seed).to_bytes(4, "little"))
        for part in parts:
            self._sink.write(part)
            self.size += len(part)


class Reader:
    """Iterates over the segments of one or more archives in a stream.

    Between two segments the caller may take `payload()`; otherwise it is skipped. The last
    segment of the stream is followed by nothing: what is there and is no archive is an error.
    """

    def __init__(self, source: Source):
        self.source = source
        self.archives = 0
        self._names: list[ModelName] = []
        # The segment whose payload lies ahead, until it is taken or skipped.
        self._ahead: Segment | None = None

    def __iter__(self) -> Iterator[Segment]:
        index = 0
        while self._begin():
            last, seed = False, _first_seed()
            self._names = []
            while not last:
                index += 1
                segment = HeaderReader(self.source, self._names, seed, index).read()
                last, seed = segment.last, segment.check
                self._ahead = segment
                yield segment
                if self._ahead is not None:
                    self.source.skip(segment.payload_length, _payload_of(segment))

    def payload(self) -> list[bytes]:
        """The current segment's bytes, or its parameters and codes, checked."""
        segment = self._ahead
        assert segment is not None, "the payload is read once"
        data = self.source.read(segment.payload_length, _payload_of(segment))
        self._ahead = None
        model = segment.model
        if model is None:
            return [data]
        if check_of(data[:-4], segment.check) != int.from_bytes(data[-4:], "little"):
            raise DamagedError(f"segment {segment.index} is damaged: its codes' check is wrong")
        pieces, start = [], 0
        for count in (model.parameter_length, *model.code_lengths):
            pieces.append(data[start : start + count])
            start += count
        return pieces

    def _begin(self) -> bool:
        """Read an archive's magic and version; False at the end of the stream."""
        offset = self.source.offset
        start = self.source.read_up_to(len(MAGIC) + 1)
        if not start and self.archives:
            return False
        magic, version = start[: len(MAGIC)], start[len(MAGIC) :]
        if magic != MAGIC or (version and version[0] < VERSION_FLAG):
            if self.archives:
                raise DamagedError(f"trailing garbage: no archive begins at offset {offset}")
            raise DamagedError("not a cmixpy archive" + ("" if start else ": it is empty"))
        if not version:
            raise DamagedError("truncated: the file ends inside the magic number")
        if version[0] != VERSION_FLAG | VERSION:
            theirs = version[0] - VERSION_FLAG
            raise UnsupportedError(
                f"the archive has format version {theirs}, this cmixpy reads version {VERSION}"
            )
        self.archives += 1
        return True


def _payload_of(segment: Segment) -> str:
    what = "stored bytes" if segment.model is None else "codes"
    return f"the {what} of segment {segment.index}"
