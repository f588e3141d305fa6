"""From bytes to archive and back, for streams and for bytes in memory."""

import io
from typing import BinaryIO

import numpy as np
from xxhash import xxh3_64_intdigest

from cmixpy import archive, devices
from cmixpy.detect import detect
from cmixpy.errors import DamagedError, OptionError
from cmixpy.header import MAX_LANES, MAX_SEGMENT
from cmixpy.pace import usable_cores
from cmixpy.report import SILENT, Report
from cmixpy.segments import SegmentEncoder, decode, require_memory
from cmixpy.source import Source

DEFAULT_LEVEL = 5


def compress(
    data: bytes,
    *,
    level: int = DEFAULT_LEVEL,
    preset: str = "auto",
    lanes: int | None = None,
    threads: int | None = None,
    segment_size: int | None = None,
    memory_limit: int | None = None,
    device: str = "auto",
) -> bytes:
    """Compress bytes into an archive.

    Parameters
    ----------
    data : bytes-like
    level : int
        1 (fastest) … 9 (smallest); from 7 on with the LSTM mixer, which loads torch.
    preset : str
        "auto" chooses one of presets.PRESETS by a look at the data.
    lanes : int or None
        Streams coded in lockstep; 1 is the strongest and slowest. None: by length and level.
    threads : int or None
        Changes the speed only, never the bytes. None: as many as this process may use.
    segment_size : int or None
        Bytes that share one model. None: by level and preset.
    memory_limit : int or None
        Bytes; None: what is available.
    device : str
        "cpu", "cuda" (an NVIDIA GPU; pip install 'cmixpy[cuda]'), or "auto". Never changes the
        bytes.

    Returns
    -------
    bytes
        The same on every machine for the same arguments (`threads` and limits aside).

    Raises
    ------
    CmixpyError
        An argument cannot be used, or the memory does not suffice.
    """
    sink = io.BytesIO()
    compress_stream(
        io.BytesIO(data),
        sink,
        level=level,
        preset=preset,
        lanes=lanes,
        threads=threads,
        segment_size=segment_size,
        memory_limit=memory_limit,
        device=device,
    )
    return sink.getvalue()


def decompress(
    data: bytes,
    *,
    threads: int | None = None,
    memory_limit: int | None = None,
    device: str = "auto",
) -> bytes:
    """The bytes that an archive, or several one after the other, was made from.

    Raises
    ------
    CmixpyError
        The data are no sound archive (`DamagedError`), need a newer cmixpy
        (`UnsupportedError`), or the memory does not suffice (`MemoryLimitError`).
    """
    sink = io.BytesIO()
    decompress_stream(
        io.BytesIO(data), sink, threads=threads, memory_limit=memory_limit, device=device
    )
    return sink.getvalue()


def compress_stream(
    source: BinaryIO,
    sink: BinaryIO,
    *,
    level: int = DEFAULT_LEVEL,
    preset: str = "auto",
    lanes: int | None = None,
    threads: int | None = None,
    segment_size: int | None = None,
    memory_limit: int | None = None,
    device: str = "auto",
    report: Report = SILENT,
) -> None:
    """Compress a stream, of which the length need not be known, into another."""
    check_options(level, preset, lanes, threads, segment_size)
    devices.require(device)
    encoder = SegmentEncoder(level, lanes, threads or usable_cores(), memory_limit, report, device)
    writer = archive.Writer(sink)
    done = 0
    for data, chosen, last in _segments(source, level, preset, segment_size):

        def progress(share: float, codes: int, done=done, data=data) -> None:
            report.advance(done + int(share * len(data)), writer.size + codes)

        sure = preset != "auto"
        segment, parts = encoder.encode(data, chosen, sure=sure, last=last, progress=progress)
        writer.write(segment, parts)
        done += len(data)
        report.advance(done, writer.size)


def decompress_stream(
    source: BinaryIO,
    sink: BinaryIO | None,
    *,
    threads: int | None = None,
    memory_limit: int | None = None,
    device: str = "auto",
    report: Report = SILENT,
) -> None:
    """Decompress a stream of archives; with no `sink`, only check it.

    Where the stream can be read twice, all its headers are checked, and the memory for all its
    segments required, before the first segment is decoded. A segment is written only after its
    hash has been found right.
    """
    devices.require(device)
    threads = threads or usable_cores()
    if source.seekable():
        start = source.tell()
        total = 0
        for segment in archive.Reader(Source(source)):
            require_memory(segment, memory_limit)
            total += segment.length
        source.seek(start)
        report.begin(total)
    reader = archive.Reader(Source(source))
    done = 0
    for segment in reader:
        require_memory(segment, memory_limit)
        parts = reader.payload()

        def progress(share: float, done=done, segment=segment) -> None:
            before = reader.source.offset - segment.size
            report.advance(done + int(share * segment.length), before + int(share * segment.size))

        data = decode(segment, parts, threads, progress, report, device)
        if len(data) != segment.length or xxh3_64_intdigest(data) != segment.content_hash:
            raise DamagedError(
                f"segment {segment.index} is damaged: its decoded bytes have the wrong XXH3-64"
            )
        if sink is not None:
            sink.write(data)
        done += segment.length
        report.advance(done, reader.source.offset)


def check_options(
    level: int,
    preset: str,
    lanes: int | None,
    threads: int | None,
    segment_size: int | None,
) -> None:
    """Refuse options that no segment could be coded with."""
    from cmixpy import presets

    if level not in presets.LEVELS:
        raise OptionError(f"no level {level}: levels are {presets.LEVELS[0]} to 9")
    if preset not in ("auto", *presets.PRESETS):
        names = ", ".join(("auto", *presets.PRESETS))
        raise OptionError(f"no preset '{preset}': presets are {names}")
    if lanes is not None and not 1 <= lanes <= MAX_LANES:
        raise OptionError(f"lanes must be 1 to {MAX_LANES}")
    if threads is not None and threads < 1:
        raise OptionError("threads must be 1 or more")
    if segment_size is not None and not 1 <= segment_size <= MAX_SEGMENT:
        raise OptionError(f"the segment size must be 1 to {MAX_SEGMENT} bytes")


def _segments(source: BinaryIO, level: int, preset: str, segment_size: int | None):
    """Yield (bytes, preset, whether it is the last); one empty segment for no data."""
    from cmixpy import presets

    names = presets.PRESETS if preset == "auto" else (preset,)
    sizes = {name: segment_size or presets.segment_size(level, name) for name in names}
    reader = Source(source)
    pending = b""
    while True:
        # One byte more than a segment tells whether another follows.
        wanted = max(sizes.values()) + 1 - len(pending)
        pending += reader.read_up_to(wanted)
        chosen = preset
        if preset == "auto":
            chosen = detect(np.frombuffer(pending, dtype=np.uint8)[: max(sizes.values())])
        data, pending = pending[: sizes[chosen]], pending[sizes[chosen] :]
        yield data, chosen, not pending
        if not pending:
            return
