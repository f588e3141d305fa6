"""A plan: a description with what depends on the segment, and the memory that it takes."""

from dataclasses import dataclass

import numpy as np

from cmixpy import primer
from cmixpy.description import Description
from cmixpy.header import MAX_HINT, MAX_HINTS
from cmixpy.parts import MOST_SAMPLES
from cmixpy.primer import PRIMERS


@dataclass(frozen=True)
class Plan:
    """A description with what depends on the segment: lanes, groups, size of the tables, hints.

    `hints` are numbers that the encoder found in the data (record lengths, lags); functions that
    read a hint which is not there read 0.
    """

    description: Description
    lanes: int
    groups: int
    table_bits: int
    hints: tuple[int, ...] = ()

    def __post_init__(self):
        # One row would have no neighbour to be the second candidate.
        if not 1 <= self.table_bits <= 40:
            raise ValueError(f"table bits {self.table_bits} are not in 1 … 40")
        if self.description.lstm:
            # What a weight's gradient sums, so that it stays exact (lstm/network.py).
            samples = self.description.lstm[0].horizon * self.group_lanes
            if samples > MOST_SAMPLES:
                raise ValueError(f"{samples} samples in a training, more than {MOST_SAMPLES}")
        if len(self.hints) > MAX_HINTS:
            raise ValueError(f"{len(self.hints)} hints, more than {MAX_HINTS}")
        if not all(0 <= hint <= MAX_HINT for hint in self.hints):
            raise ValueError(f"hints {self.hints} are not all in 0 … {MAX_HINT}")

    @property
    def group_lanes(self) -> int:
        """Lanes of the first group; the last one may have fewer."""
        return -(-self.lanes // self.groups)

    @property
    def group_ranges(self) -> list[tuple[int, int]]:
        """The lanes of each group, first and end."""
        return [(0, self.group_lanes), (self.group_lanes, self.lanes)][: self.groups]

    @property
    def process_bytes(self) -> int:
        """Python, numpy, numba with its kernels: 170 MiB as measured (LOG.md, "Memory")."""
        return 180 << 20

    @property
    def table_bytes(self) -> int:
        """Bytes of the slots and of the counted entries, nearly all that a model needs."""
        d = self.description
        width = 64 if d.symbol_bits == 8 else 16
        return sum(width << min(c.bits, self.table_bits) for c in d.contexts) + d.entries * 8

    @property
    def primed(self) -> int:
        """Symbols of the primer that each lane learns first."""
        for start in self.description.start:
            return primer.primed_in_a_lane(start.primer, start.primed, self.lanes)
        return 0

    def primer(self) -> np.ndarray:
        """Those of all lanes, uint8[primed · lanes]."""
        if not self.primed:
            return np.zeros(0, dtype=np.uint8)
        return primer.symbols(self.description.start[0].primer)[-self.primed * self.lanes :]

    @property
    def held_trainings(self) -> int:
        """Trainings that change nothing: of a pretrained network those over the primer, which is
        not like a text as a whole (LOG.md, "Pretrained networks")."""
        d = self.description
        return self.groups * (self.primed // d.lstm[0].horizon) if d.pretrained else 0

    @property
    def listed(self) -> int:
        """Number of the list whose words have codes in the primer and behind it; 0 for none."""
        return PRIMERS[self.description.start[0].primer].words if self.description.start else 0

    @property
    def most_threads(self) -> int:
        """Threads that can have work: one for each lane, and one for the LSTM."""
        return self.lanes + len(self.description.lstm)

    def memory_bytes(self, length: int) -> int:
        """Bytes the whole process needs to decode `length` symbols; encoding adds the input."""
        d = self.description
        length += self.primed * self.lanes
        # Behind a primer the lanes' symbols have to be gathered.
        gathered = length if self.primed and self.lanes > 1 else 0
        inputs, symbols = d.inputs, 1 << d.symbol_bits
        rows, finals = sum(d.set_rows), sum(d.final_rows)
        tables = sum(4 << min(m.bits, self.table_bits + 2) for m in d.matches)
        tables += sum((4 << 2 * e.seed) + 4 * length for e in d.experts)
        lane = len(d.contexts) * 400 + d.symbol_bits * (inputs * 2 + 400) + 4096
        process = self.process_bytes
        if d.mixer:
            # Unpacked, and what it says of the entries looked up; not all of it is given back.
            process += rows * inputs * 5 + d.entries * 3
        for m in d.lstm:
            process += 250 << 20  # torch
            process += 6 * symbols * (len(d.gates) + 1) * m.cells
            process += 200 * m.cells * (m.cells + symbols)
            process += 52 * m.cells * m.features(d.symbol_bits)
            process += 24 * m.cells * m.changed(d.symbol_bits, self.group_lanes)
            lane += 8 * m.cells * (12 * (m.horizon + 1) + 32) + 4096
        code = length + length // 8 + 256 * self.lanes
        return (
            process + self.table_bytes + rows * (inputs * 4 + 8) + finals * 136 + tables
            + lane * self.lanes + length + code + gathered
        )  # fmt: skip
