"""Bytes of an archive in order, with the offset for error messages and nothing read on trust."""

import io
import os
from typing import BinaryIO

from cmixpy import interrupts
from cmixpy.errors import DamagedError

# A header may lie about lengths; reading piece by piece never holds more than the file has.
PIECE = 1 << 20


class Source:
    """A binary stream read once, front to back; it may be a pipe.

    Attributes
    ----------
    offset : int
        Bytes consumed so far.
    """

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.offset = 0
        self._size = _size(stream)

    def read_up_to(self, count: int) -> bytes:
        """At most `count` bytes; fewer only at the end of the stream."""
        pieces, missing = [], count
        while missing:
            interrupts.check()
            piece = self._stream.read(min(missing, PIECE))
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        self.offset += len(data)
        return data

    def read(self, count: int, what: str) -> bytes:
        """Exactly `count` bytes of `what`, or an error that names it."""
        if self._size is not None and self.offset + count > self._size:
            raise self._truncated(what)
        data = self.read_up_to(count)
        if len(data) < count:
            raise self._truncated(what)
        return data

    def skip(self, count: int, what: str) -> None:
        """Pass over `count` bytes that must be there, without reading them where possible."""
        if self._size is None:
            while count:
                count -= len(self.read(min(count, PIECE), what))
        elif self.offset + count > self._size:
            raise self._truncated(what)
        else:
            self._stream.seek(count, io.SEEK_CUR)
            self.offset += count

    def _truncated(self, what: str) -> DamagedError:
        return DamagedError(f"truncated: the file ends inside {what}")


def _size(stream: BinaryIO) -> int | None:
    """Bytes from here to the end, None when the stream cannot tell."""
    try:
        if not stream.seekable():
            return None
        here = stream.tell()
        end = stream.seek(0, os.SEEK_END)
        stream.seek(here)
    except (OSError, ValueError):
        return None
    # Devices such as /dev/zero say that they end at 0.
    return end - here if end > here else None
