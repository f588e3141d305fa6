"""Runs the model over one segment: threads over lanes, in chunks that answer to Ctrl-C.

`encode_segment` and `decode_segment` are twins around the one compiled step (model/step.py). All
threads, the calling one included, code the same range of steps and meet at the barriers inside;
between ranges the calling thread reports progress and takes interrupts.
"""

import functools
import threading
import time
from collections.abc import Callable

import numpy as np

from cmixpy import interrupts, mixers, presets, primer
from cmixpy.early import EarlyMemory, aligned_zeros
from cmixpy.lstm.arrays import no_network
from cmixpy.model import clock, fields, state, step
from cmixpy.model.jit import CACHE_DIRECTORY
from cmixpy.pace import Pace

# A range of steps lasts about this long: what an interrupt waits for, at most.
CHUNK_SECONDS = 0.1
FIRST_CHUNK = 64


def compiled() -> bool:
    """Whether the kernels are loaded or in the on-disk cache (then they load in a moment)."""
    if step.run.signatures:
        return True
    return any(CACHE_DIRECTORY.glob("*/step.build_run.*.nbc"))


def preload(first: Callable[[], None]) -> None:
    """Load the kernels in a thread, if they are in the on-disk cache.

    They are the same for all models, so the smallest does. Who needs a kernel meanwhile waits at
    numba's lock, but for what `first` has loaded before; to compile them all this way would keep
    the lock from others for a minute.
    """
    if compiled() and not step.run.signatures:
        first()
        interrupts.aside(lambda: Segment(presets.choose(1, "dna", 1), 1, 1, decode=False).loaded())


class Segment:
    """A model and its coders at work on one segment; `kernel` is step.run or step.run_timed."""

    def __init__(
        self, plan, length: int, threads: int, decode: bool, kernel=step.run,
        early: EarlyMemory | None = None,
    ):  # fmt: skip
        self.kernel = kernel
        self.early = early
        self.threads = max(1, min(threads, plan.most_threads))
        self.primer = plan.primer()
        self.length = length
        self.lanes = plan.lanes
        self.decode = decode
        symbols = len(self.primer) + length
        self.steps = -(-symbols // plan.lanes)
        self.plan = state.build_plan(plan, symbols)
        self.shared = state.reserve_shared(
            plan, self.plan, symbols, early.zeros if early else aligned_zeros
        )
        self.private = state.build_private(plan, self.threads)
        self.sync = np.zeros(48, dtype=np.int64)
        self.times = np.zeros((self.threads, clock.CLOCK_COLUMNS), dtype=np.int64)
        self.groups, self.group_lanes = plan.groups, plan.group_lanes
        self.network = None
        self.network_arrays = no_network()
        self.source, self.codes, self.starts = joined_codes([])
        # No step: it compiles the kernel, or loads it, while there is something else to do. LLVM
        # hears no interrupt for up to a minute.
        self.loaded = interrupts.aside(lambda: self._steps(0, 1, 0, 0))
        state.fill_shared(plan, self.plan, self.shared)
        self.lesson = mixers.lesson(plan, self.plan, self.shared)
        if plan.description.lstm:
            # torch takes a second to load, so only the levels that need it do.
            from cmixpy.lstm.driver import Driver

            self.network = Driver(plan, self.threads)
            self.network_arrays = self.network.arrays

    def start(self, source: np.ndarray, codes: np.ndarray, starts: np.ndarray) -> None:
        """Take the input (encoding) and the lanes' code buffers."""
        self.source, self.codes, self.starts = behind_primer(self, source), codes, starts
        self.loaded()
        step.start_lanes(self.plan, self.private, codes, starts, self.decode)
        if self.early:
            self.early.wait(self.threads)

    def _steps(self, thread: int, threads: int, first: int, last: int) -> None:
        self.kernel(
            self.plan, self.shared, self.private, self.network_arrays, self.source,
            self.codes, self.starts, self.decode, self.sync, thread, threads, first, last,
            self.times,
        )  # fmt: skip

    def run(self, first: int, last: int, threads: int | None = None) -> None:
        """Code steps first … last - 1 on `threads` threads, by default all."""
        threads = threads or self.threads
        if self.lesson is not None and self.lesson.at < last:
            self._run(first, self.lesson.at, threads)
            self.lesson.change(self.shared)
            first, self.lesson = self.lesson.at, None
        self._run(first, last, threads)

    def _run(self, first: int, last: int, threads: int) -> None:
        """The same, between changes of the arrays from outside."""
        if first == last:
            return
        first, last = first * self.groups, last * self.groups
        if self.network is None:
            self._run_threads(first, last, threads, 0, lambda: None)
        elif threads == 1:
            while first < last:
                until = min(last, self.network.run_from(first))
                self.sync[24] = first
                self._steps(0, 1, first, until)
                self.network.learn(first, until, self.sync)
                first = until
        else:
            self.sync[24] = self.sync[32] = first
            assist = None
            # A lane that changes cores loses its caches: help is for those that have more.
            if self.group_lanes >= threads:
                assist = functools.partial(self._steps, threads - 1, threads - 1)
            learn = functools.partial(self.network.learn, first, last, self.sync, assist)
            self._run_threads(first, last, threads - 1, 1, learn)

    def _run_threads(self, first: int, last: int, threads: int, helping: int, mine) -> None:
        """Half-steps first … last - 1 on `threads` threads, `helping` 1: all of them helpers.

        The calling thread does its share, or then `mine`.
        """
        failures: list[BaseException] = []

        def work(thread: int) -> None:
            try:
                self._steps(thread, threads, first, last)
            except BaseException as error:
                failures.append(error)
                self.sync[16] = 1

        helpers = [
            threading.Thread(target=work, args=(thread,), daemon=True)
            for thread in range(1 - helping, threads)
        ]
        try:
            for helper in helpers:
                helper.start()
            if helping:
                mine()
            else:
                work(0)
            for helper in helpers:
                helper.join()
        except BaseException as error:
            failures.append(error)
            # Whoever waits at a barrier for a thread that never started must not wait for ever.
            self.sync[16] = 1
        if failures:
            self.sync[16] = 1
            raise failures[0]

    def close(self, note) -> None:
        """End the LSTM's use of torch; `note` is told how it went."""
        if self.network is not None:
            line = self.network.close()
            if note is not None:
                note(line)

    def run_all(self, progress) -> bool:
        """Code every step, in ranges; False as soon as a lane's buffer has overflowed."""
        done, chunk, pace = 0, FIRST_CHUNK, Pace(self.threads)
        counts = self.private.lanes[:, fields.CODE_COUNT]
        while done < self.steps:
            interrupts.check()
            until = min(self.steps, done + max(FIRST_CHUNK, chunk // pace.part))
            began = time.perf_counter()
            threads = pace.next
            self.run(done, until, threads)
            took = time.perf_counter() - began
            pace.record(threads, (until - done) / (took + 1e-9))
            enough = int((until - done) * CHUNK_SECONDS / (took + 1e-9))
            chunk = max(FIRST_CHUNK, min(4 * chunk, enough))
            done = until
            if progress is not None:
                coded = max(0, min(self.length, done * self.lanes - len(self.primer)))
                progress(coded, int(counts.clip(min=0).sum()))
            if self.private.lanes[:, fields.OVERFLOW].any():
                return False
        return True

    def finish(self) -> list[bytes] | None:
        """The lanes' codes, once every step is encoded; None when one outgrew its lane."""
        return finish_codes(self.plan, self.private, self.codes, self.starts)


def behind_primer(segment, source: np.ndarray) -> np.ndarray:
    """What a segment's kernels read: `source`, with the lanes' primers if there are any."""
    if not len(segment.primer):
        return source
    known = None if segment.decode else source
    return primer.lay_out(segment.primer, segment.lanes, segment.length, known)


def finish_codes(plan, private, codes: np.ndarray, starts: np.ndarray) -> list[bytes] | None:
    """Flush the lanes' coders; their codes, or None when one outgrew its lane."""
    step.finish_lanes(plan, private, codes, starts)
    if private.lanes[:, fields.OVERFLOW].any():
        return None
    counts = private.lanes[:, fields.CODE_COUNT]
    # Zeros past the end are implied, so trailing ones need not be kept.
    return [
        codes[begin : begin + count].tobytes().rstrip(b"\0")
        for begin, count in zip(starts, counts, strict=False)
    ]


def code_buffers(symbols: np.ndarray, plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What an encoder starts with: the input, room for the lanes' codes, where each begins."""
    # Read-only as the decoder's stand-in is, or the kernel would be compiled for both kinds.
    symbols = np.ascontiguousarray(symbols, dtype=np.uint8).view()
    symbols.flags.writeable = False
    room = len(symbols) // plan.lanes + 1
    starts = np.arange(plan.lanes + 1, dtype=np.int64) * (room + room // 8 + 64)
    return symbols, np.empty(int(starts[-1]), dtype=np.uint8), starts


def joined_codes(codes: list[bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a decoder starts with: no input, the lanes' codes, where each begins."""
    starts = np.cumsum([0] + [len(code) for code in codes]).astype(np.int64)
    joined = np.frombuffer(b"".join(codes), dtype=np.uint8).copy()
    no_source = np.zeros(1, dtype=np.uint8)
    no_source.flags.writeable = False
    return no_source, joined, starts


def encoder(
    symbols: np.ndarray, plan, threads: int, kernel=step.run, early: EarlyMemory | None = None
) -> Segment:
    """A segment ready to be encoded, its kernel compiled or loaded."""
    symbols, codes, starts = code_buffers(symbols, plan)
    segment = Segment(plan, len(symbols), threads, decode=False, kernel=kernel, early=early)
    segment.start(symbols, codes, starts)
    return segment


def decoder(
    codes: list[bytes], length: int, plan, threads: int, early: EarlyMemory | None = None
) -> Segment:
    """A segment ready to be decoded; the twin of `encoder`."""
    segment = Segment(plan, length, threads, decode=True, early=early)
    segment.start(*joined_codes(codes))
    return segment


def encode_segment(
    symbols: np.ndarray, plan, threads: int, progress=None, note=None,
    early: EarlyMemory | None = None,
) -> list[bytes] | None:  # fmt: skip
    """Code a segment.

    Parameters
    ----------
    symbols : uint8[n], n > 0
    plan : plan.Plan
    threads : how many threads to use; the bytes do not depend on it
    progress : called as progress(symbols_done, bytes_out), about ten times a second
    note : called with a line about the LSTM, if there is one
    early : memory for the tables that has been asked for already

    Returns
    -------
    One code per lane, or None when one outgrew its lane (then store the bytes as they are).
    """
    segment = encoder(symbols, plan, threads, early=early)
    try:
        return segment.finish() if segment.run_all(progress) else None
    finally:
        segment.close(note)


def decode_segment(
    codes: list[bytes], length: int, plan, threads: int, progress=None, note=None,
    early: EarlyMemory | None = None,
):  # fmt: skip
    """Decode a segment of `length` symbols; uint8[length]. The twin of `encode_segment`.

    A damaged code decodes to something else without an error: the caller checks the hash.
    """
    segment = decoder(codes, length, plan, threads, early)
    try:
        segment.run_all(progress)
    finally:
        segment.close(note)
    return primer.symbols_behind(segment.primer, plan.lanes, segment.shared.history)
