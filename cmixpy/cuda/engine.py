"""Runs the model over one segment on a device: the twin of cmixpy/engine.py."""

from functools import partial
from typing import Any

import numpy as np

from cmixpy import engine, interrupts, mixers, primer
from cmixpy.cuda import arrays, device, kernels
from cmixpy.cuda.graphs import Graph
from cmixpy.memory import format_size
from cmixpy.model import fields, state, step

# Between two looks at how far it is: about as long as a blink.
STEPS = 512
# Steps in one graph: fewer, and the device waits for the host between two of them.
CAPTURED = 16


class Segment:
    """A model and its coders on a device, at work on one segment."""

    def __init__(self, plan, length: int, decode: bool, threads: int | None = None):
        self.lanes, self.groups, self.length = plan.lanes, plan.groups, length
        self.described, self.decode = plan, decode
        lstm = bool(plan.description.lstm)
        self.order = kernels.LSTM_ORDER if lstm else kernels.ORDER
        self.threads = kernels.LSTM_THREADS if lstm else kernels.THREADS
        if threads:
            self.threads = dict.fromkeys(kernels.LSTM_THREADS, threads)
        self.network: Any = None  # network.Driver, with an LSTM
        self.nibbles = -(-plan.description.symbol_bits // 4)
        self.primer = plan.primer()
        symbols = len(self.primer) + length
        self.steps = -(-symbols // plan.lanes)
        host_plan = state.build_plan(plan, symbols)
        host_shared = state.build_shared(plan, host_plan, symbols)
        self.lesson = mixers.lesson(plan, host_plan, host_shared)
        self.host_private = arrays.build_private(plan)
        notes = arrays.build_notes(plan, host_shared, self.host_private)
        self.host_plan = host_plan
        self.bytes = arrays.size(host_plan, host_shared, self.host_private, notes)
        if lstm:
            # torch takes a second to load, so only the levels that need it do.
            from cmixpy.cuda import network

            self.bytes += network.size(plan)
        device.require_memory(self.bytes + 4 * length)
        self.stream = device.new_stream()
        self.graphs: dict[Any, Graph] = {}  # of so many steps; with an LSTM, from its state on
        self.states: dict[Any, Any] = {}  # the LSTM's after these
        self.plan = device.upload(host_plan)
        self.shared = device.upload(host_shared, ("slots", "followers"))
        self.notes = device.upload(notes, ("set_sums", "final_sums"))

    def start(self, source: np.ndarray, codes: np.ndarray, starts: np.ndarray) -> None:
        """Take the input (encoding) and the lanes' code buffers."""
        step.start_lanes(self.host_plan, self.host_private, codes, starts, self.decode)
        self.host_codes, self.host_starts = codes, starts
        self.private = device.upload(self.host_private)
        self.notes = arrays.with_views(self.notes, self.shared, self.private)
        # A copy, because the processor's kernels want the input to be read-only.
        source = engine.behind_primer(self, source).copy()
        self.streams = device.upload(arrays.CodeArrays(source, codes, starts))
        # The kernels' stream does not wait for what was told to the default one.
        device.wait()
        if self.described.description.lstm:
            from cmixpy.cuda.network import Driver

            self.network = Driver(self.described, self.private, self.stream)
            device.wait()

    def tell(self, note) -> None:
        """Tell `note` where this runs, and with how much memory."""
        if note is not None:
            note(f"{device.describe()}: {format_size(self.bytes)} of its memory")

    def run(self, first: int, last: int) -> None:
        """Launch the kernels of steps first … last - 1; does not wait for them."""
        if self.lesson is not None and self.lesson.at < last:
            self._run(first, self.lesson.at)
            with device.changing(self.shared, mixers.CHANGED) as shared:
                self.lesson.change(shared)
            first, self.lesson = self.lesson.at, None
        self._run(first, last)

    def _run(self, first: int, last: int) -> None:
        """The same, between changes of the arrays from outside."""
        while first < last and self.network is not None:
            self._run_with_lstm()
            first += 1
        while first < last:
            steps = CAPTURED if last - first >= CAPTURED else 1
            if steps not in self.graphs:
                # The first launch compiles or loads, which no graph can hold.
                self.launch_step()
                first += 1
                self.graphs[steps] = Graph(self.stream, partial(self.launch_steps, steps))
            else:
                self.graphs[steps].replay()
                first += steps

    def _run_with_lstm(self) -> None:
        """Launch the kernels of the next step, which are those of all steps at this state.

        Not before everything that can be launched has been once: it compiles or loads.
        """
        before = self.network.state
        if before in self.graphs:
            self.network.state = self.states[before]
        elif self.network.trained and not device.SIMULATED:
            self.graphs[before] = Graph(self.stream, self.launch_step)
            self.states[before] = self.network.state
        else:
            self.launch_step()
            return
        self.graphs[before].replay()

    def launch_steps(self, steps: int) -> None:
        """Launch the kernels of so many steps."""
        for _ in range(steps):
            self.launch_step()

    def launch_step(self, note=lambda: None) -> None:
        """Launch the kernels of the next step; `note` is called after each launch."""
        for group in range(self.groups):
            for name, nibble in self.order:
                self.launch(name, nibble)
                note()
            if self.network is not None:
                self.network.take(group)
                self.network.learn(group)
                note()

    def launch(self, name: str, nibble: int | None) -> None:
        """Launch one kernel."""
        arguments: tuple = (self.plan, self.shared, self.private, self.notes)
        if name == "code":
            arguments += (self.streams, self.decode)
        if nibble is not None:
            if nibble >= self.nibbles:
                return
            arguments += (nibble,)
        blocks = kernels.BLOCKS.get(name, self.described.group_lanes)
        kernels.KERNELS[name][blocks, self.threads[name], self.stream](*arguments)

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

    def close(self, note) -> None:
        """Give the graphs back; `note` is told how it went with the LSTM."""
        if self.network is not None and note is not None:
            note(self.network.close())
        for graph in self.graphs.values():
            graph.close()
        self.graphs.clear()

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
    try:
        return segment.finish() if segment.run_all(progress) else None
    finally:
        segment.close(note)


def decode_segment(codes: list[bytes], length: int, plan, progress=None, note=None) -> np.ndarray:
    """Decode a segment of `length` symbols; the twin of `encode_segment`."""
    segment = decoder(codes, length, plan)
    segment.tell(note)
    try:
        segment.run_all(progress)
        history = device.download(segment.shared.history)
    finally:
        segment.close(note)
    return primer.symbols_behind(segment.primer, plan.lanes, history)
