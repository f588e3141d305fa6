"""Runs the model over one segment on a device: the twin of cmixpy/engine.py."""

from typing import Any

import numpy as np

from cmixpy import engine, interrupts, primer
from cmixpy.cuda import arrays, device, kernels
from cmixpy.memory import format_size
from cmixpy.model import fields, state, step

# Threads that work at one lane: a weight set of a hundred inputs keeps 32 of them busy.
THREADS = 64
# With an LSTM: the dot products of its output layer keep as many busy (gates.py).
LSTM_THREADS = 128
# Between two looks at how far it is: about as long as a blink.
STEPS = 512


class Segment:
    """A model and its coders on a device, at work on one segment."""

    def __init__(self, plan, length: int, decode: bool, threads: int | None = None):
        self.lanes, self.groups, self.length = plan.lanes, plan.groups, length
        self.described, self.decode = plan, decode
        lstm = bool(plan.description.lstm)
        self.threads = threads or (LSTM_THREADS if lstm else THREADS)
        self.order = kernels.LSTM_ORDER if lstm else kernels.ORDER
        self.network: Any = None  # network.Driver, with an LSTM
        self.nibbles = -(-plan.description.symbol_bits // 4)
        self.primer = plan.primer()
        symbols = len(self.primer) + length
        self.steps = -(-symbols // plan.lanes)
        host_plan = state.build_plan(plan, symbols)
        host_shared = state.build_shared(plan, host_plan, symbols)
        self.host_private = arrays.build_private(plan)
        notes = arrays.build_notes(plan, host_shared, self.host_private)
        self.host_plan = host_plan
        self.bytes = arrays.size(host_plan, host_shared, self.host_private, notes)
        if lstm:
            # torch takes a second to load, so only the levels that need it do.
            from cmixpy.cuda import network

            self.bytes += network.size(plan)
        device.require_memory(self.bytes + 4 * length)
        self.plan = device.upload(host_plan)
        self.shared = device.upload(host_shared)
        self.notes = device.upload(notes)

    def start(self, source: np.ndarray, codes: np.ndarray, starts: np.ndarray) -> None:
        """Take the input (encoding) and the lanes' code buffers."""
        step.start_lanes(self.host_plan, self.host_private, codes, starts, self.decode)
        self.host_codes, self.host_starts = codes, starts
        self.private = device.upload(self.host_private)
        # A copy, because the processor's kernels want the input to be read-only.
        source = engine.behind_primer(self, source).copy()
        self.streams = device.upload(arrays.CodeArrays(source, codes, starts))
        if self.described.description.lstm:
            from cmixpy.cuda.network import Driver

            self.network = Driver(self.described, self.private)

    def tell(self, note) -> None:
        """Tell `note` where this runs, and with how much memory."""
        if note is not None:
            note(f"{device.describe()}: {format_size(self.bytes)} of its memory")

    def run(self, first: int, last: int) -> None:
        """Launch the kernels of steps first … last - 1; does not wait for them."""
        shape = -(-self.lanes // self.groups), self.threads
        for number in range(first * self.groups, last * self.groups):
            for name, nibble in self.order:
                self.launch(name, nibble, shape)
            if self.network is not None:
                self.network.take(number)
                self.network.learn(number)

    def launch(self, name: str, nibble: int | None, shape: tuple[int, int]) -> None:
        """Launch one kernel."""
        arguments: tuple = (self.plan, self.shared, self.private, self.notes)
        if name == "code":
            arguments += (self.streams, self.decode)
        if nibble is not None:
            if nibble >= self.nibbles:
                return
            arguments += (nibble,)
        shape = kernels.BLOCKS.get(name, shape[0]), shape[1]
        kernels.KERNELS[name][shape](*arguments)

    def close(self, note) -> None:
        """End the LSTM; `note` is told how it went."""
        if self.network is not None and note is not None:
            note(self.network.close())

    def run_all(self, progress) -> bool:
        """Code every step, in ranges; False as soon as a lane's buffer has overflowed."""
        done = 0
        while done < self.steps:
            interrupts.check()
            until = min(self.steps, done + STEPS)
            self.run(done, until)
            done = until
            # Waits for the device: the only time it does.
            lanes = device.download(self.private.lanes)
            if progress is not None:
                counts = lanes[:, fields.CODE_COUNT].clip(min=0)
                coded = max(0, min(self.length, done * self.lanes - len(self.primer)))
                progress(coded, int(counts.sum()))
            if lanes[:, fields.OVERFLOW].any():
                return False
        return True

    def finish(self) -> list[bytes] | None:
        """The lanes' codes, once every step is encoded; None when one outgrew its lane."""
        private = self.host_private._replace(lanes=device.download(self.private.lanes))
        codes = device.download(self.streams.codes)
        return engine.finish_codes(self.host_plan, private, codes, self.host_starts)


def encoder(symbols: np.ndarray, plan, threads: int | None = None) -> Segment:
    """A segment ready to be encoded."""
    symbols, codes, starts = engine.code_buffers(symbols, plan)
    segment = Segment(plan, len(symbols), decode=False, threads=threads)
    segment.start(symbols, codes, starts)
    return segment


def decoder(codes: list[bytes], length: int, plan, threads: int | None = None) -> Segment:
    """A segment ready to be decoded."""
    segment = Segment(plan, length, decode=True, threads=threads)
    segment.start(*engine.joined_codes(codes))
    return segment


def encode_segment(symbols: np.ndarray, plan, progress=None, note=None) -> list[bytes] | None:
    """Code a segment on the device: the codes that engine.encode_segment makes."""
    segment = encoder(symbols, plan)
    segment.tell(note)
    done = segment.run_all(progress)
    segment.close(note)
    return segment.finish() if done else None


def decode_segment(codes: list[bytes], length: int, plan, progress=None, note=None) -> np.ndarray:
    """Decode a segment of `length` symbols; the twin of `encode_segment`."""
    segment = decoder(codes, length, plan)
    segment.tell(note)
    segment.run_all(progress)
    segment.close(note)
    history = device.download(segment.shared.history)
    return primer.symbols_behind(segment.primer, plan.lanes, history)
