"""The model description: which functions run, in which order, with which parameters.

It travels in the archive (or its digest does, when the description is a shipped frozen one), so
that editing a preset never breaks an old archive. It holds integers only; nothing in it is
compiled. FORMAT.md, "The model", gives the meaning of every number.
"""

from dataclasses import astuple, dataclass, fields
from functools import cache, cached_property
from operator import length_hint
from pathlib import Path

import numpy as np
import xxhash

from cmixpy import primer
from cmixpy.header import MAX_HINT, MAX_HINTS
from cmixpy.primer import MOST_PRIMED, PRIMERS
from cmixpy.varint import pack, unpack

MAX_CONTEXTS = 64
MAX_SETS = 28
MAX_FINALS = 8
MAX_STAGES = 8
MAX_MATCHES = 4
MOST_CELLS = 512
MOST_HORIZON = 256
MOST_GATES = 16
MOST_SAMPLES = 1 << 16
# What an LSTM is told besides the last symbol, bits: the symbol that a match expects; the word, the
# last two bytes, the last three, each of them hashed to TOLD_ROWS rows.
TOLD_MATCH, TOLD_WORD, TOLD_TWO, TOLD_THREE = 1, 2, 4, 8
TOLD_ROWS = 4096
MOST_INPUTS = 224  # so that a dot product stays below 2^31 (model/mixer.py)
MASK32 = 0xFFFFFFFF
FRAME_ENTRIES = 7168  # of the reading frames (model/frames.py)
# Selectors of stages only, with their value and the partial symbol hashed to one of 2^16 rows.
HASHED = (28, 29, 31, 32)
# The field `backwards` of a match model that copies nothing but follows the hints' rule.
RULE = 2
# Selector functions: number of values; None: 2^a (FORMAT.md, "Selectors").
SELECTORS = {
    0: 1, 1: 256, 2: 256, 3: 16, 4: 65, 5: 256, 6: 16, 7: 1024, 8: 2048, 9: None, 10: 256,
    11: 256, 12: 64, 13: 256, 14: 256, 15: 256, 16: 256, 17: 2048, 18: 1024, 19: 256,
    20: 1024, 21: 256, 22: 512, 23: 512, 24: 256, 25: 256, 26: 64, 27: 128, 28: 65536, 29: 65536,
    30: 256, 31: 65536, 32: 65536, 33: 32,
}  # fmt: skip


@dataclass(frozen=True)
class Context:
    """One context: its hash picks a slot among 2^min(bits, table_bits)."""

    function: int
    a: int
    b: int
    bits: int
    limit: int
    known: int
    local: int
    inverted: int

    LIMITS = ((0, 13), (0, MASK32), (0, MASK32), (1, 26), (1, 127), (0, 1), (0, 1), (0, 30))


@dataclass(frozen=True)
class Match:
    """One match model; `table` is the one it looks up.

    `backwards` 1 copies inverted repeats; RULE follows the rule in the hints, with its lags
    multiplied by `minimum`.
    """

    minimum: int
    backwards: int
    table: int
    bits: int
    longest: int
    window: int
    tolerance: int

    LIMITS = ((1, 31), (0, 2), (0, 3), (1, 26), (1, 65535), (0, 65535), (0, 16))


@dataclass(frozen=True)
class Selecting:
    """What a small context picks: a row of weights or of SSE."""

    function: int
    a: int

    @property
    def values(self) -> int:
        """Number of values of the selector function."""
        return SELECTORS[self.function] or 1 << self.a


@dataclass(frozen=True)
class Selector(Selecting):
    """A weight set's selector; `partial` 1: with the partial symbol, 0: with the bit position."""

    partial: int

    LIMITS = ((0, 33), (0, 16), (0, 1))


@dataclass(frozen=True)
class Stage(Selecting):
    """One SSE stage; `share` of 16 in the final probability."""

    share: int
    limit: int
    start: int

    LIMITS = ((0, 33), (0, 16), (0, 16), (1, 1023), (0, 1023))

    def rows(self, bits: int) -> int:
        """Rows of 33 entries."""
        return self.values if self.function in HASHED else self.values << bits


@dataclass(frozen=True)
class Experts:
    """Copy experts of bases: at most `limit`, from places with the same `seed` bases."""

    limit: int
    seed: int
    depth: int
    misses: int
    tolerance: int
    initial: int

    LIMITS = ((1, 31), (1, 12), (1, 255), (0, 32), (0, 16), (0, 1000))


@dataclass(frozen=True)
class Rates:
    """Learning: rates of the two layers (first, last), their half-life, lanes' exponent, …"""

    first: int
    last: int
    half: int
    final_first: int
    final_last: int
    lane_power: int
    confidence: int
    history_limit: int
    history_start: int
    match_limit: int
    match_start: int
    mix_share: int
    initial_indirect: int
    initial_direct: int
    initial_linear: int
    initial_match: int
    runs: int

    LIMITS = (
        (0, 65535), (0, 65535), (1, 1 << 30), (0, 65535), (0, 65535), (0, 1000), (1, 255),
        (1, 1023), (0, 1023), (1, 1023), (0, 1023), (0, 16), (0, 1000), (0, 1000), (0, 1000),
        (0, 1000), (0, 2),
    )  # fmt: skip


@dataclass(frozen=True)
class Lstm:
    """The LSTM mixer: its size, its learning (lstm/network.py), its output layer (model/head.py).

    Rates are in 2^-20. `half`: updates, `head_half`: symbols at a node, after which half the way
    from the first rate to the last is gone.
    """

    cells: int
    horizon: int
    spread: int
    forget: int
    first: int
    last: int
    half: int
    memory: int
    head_first: int
    head_last: int
    head_half: int
    scalar_share: int
    bias_input: int
    stride: int
    told: int
    common_rate: int

    LIMITS = (
        (32, MOST_CELLS), (1, MOST_HORIZON), (0, 2000), (0, 4000), (0, 65535), (0, 65535),
        (1, 1 << 20), (1, 1 << 16), (0, 1 << 16), (0, 1 << 16), (1, 1 << 30), (0, 256), (0, 4095),
        (1, MOST_HORIZON), (0, 15), (0, 1 << 16),
    )  # fmt: skip

    def features(self, bits: int) -> int:
        """Rows of the embedding: the last symbol's, and those of what else it is told."""
        hashed = (self.told & ~TOLD_MATCH).bit_count()
        return (1 << bits) + (self.told & TOLD_MATCH) * ((1 << bits) + 1) + hashed * TOLD_ROWS


@dataclass(frozen=True)
class Gate:
    """A logit that is gated: source 0 the mix, 1 set `index` less the mix, 2 input `index`."""

    source: int
    index: int

    LIMITS = ((0, 2), (0, MOST_INPUTS - 1))


@dataclass(frozen=True)
class Start:
    """What the model has read before the first symbol: the last `primed` bytes of a primer."""

    primer: int
    primed: int

    LIMITS = ((1, max(PRIMERS)), (1, MOST_PRIMED))


@dataclass(frozen=True)
class Eager:
    """Rows of weights that have learnt n times learn 1 + extra · half / (half + n) times faster."""

    extra: int
    half: int

    LIMITS = ((1, 15), (1, 65535))


@dataclass(frozen=True)
class Threshold:
    """A network learns nothing from a bit that it foresaw with at most this `error` / 2^16."""

    error: int

    LIMITS = ((1, 65535),)


PARTS = (
    ("contexts", Context, 1, MAX_CONTEXTS),
    ("matches", Match, 0, MAX_MATCHES),
    ("sets", Selector, 1, MAX_SETS),
    ("finals", Selector, 0, MAX_FINALS),
    ("stages", Stage, 0, MAX_STAGES),
    ("experts", Experts, 0, 1),
)
LSTM_PARTS = (("lstm", Lstm, 1, 1), ("gates", Gate, 1, MOST_GATES))
START_PARTS = (("start", Start, 1, 1),)
EAGER_PARTS = (("eager", Eager, 1, 1),)
THRESHOLD_PARTS = (("threshold", Threshold, 1, 1),)
# These are behind the others; each is left out if it and all behind it are empty.
LATER_PARTS = (LSTM_PARTS, START_PARTS, EAGER_PARTS, THRESHOLD_PARTS)


def _check(part, where: str) -> None:
    for field, (low, high) in zip(fields(part), part.LIMITS, strict=True):
        value = getattr(part, field.name)
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{where}: {field.name} is {value!r}, not in {low} … {high}")


@dataclass(frozen=True)
class Description:
    """A whole predictor. Raises ValueError when a value is outside its limits."""

    symbol_bits: int
    rates: Rates
    contexts: tuple[Context, ...]
    matches: tuple[Match, ...]
    sets: tuple[Selector, ...]
    finals: tuple[Selector, ...]
    stages: tuple[Stage, ...]
    experts: tuple[Experts, ...] = ()
    lstm: tuple[Lstm, ...] = ()
    gates: tuple[Gate, ...] = ()
    start: tuple[Start, ...] = ()
    eager: tuple[Eager, ...] = ()
    threshold: tuple[Threshold, ...] = ()

    def __post_init__(self):
        if self.symbol_bits not in (2, 8):
            raise ValueError(f"symbol width {self.symbol_bits} is neither 2 nor 8")
        _check(self.rates, "rates")
        for name, _, least, most in self._parts:
            parts = getattr(self, name)
            if not least <= len(parts) <= most:
                raise ValueError(f"{len(parts)} {name}, not {least} … {most}")
            for i, part in enumerate(parts):
                _check(part, f"{name} {i}")
        for i, match in enumerate(self.matches):
            table = self.matches[match.table] if match.table < len(self.matches) else None
            own = table is not None and table.table == match.table and not table.backwards
            if match.backwards == RULE:
                own = match.table == i
            if not own or (table.minimum, table.bits) != (match.minimum, match.bits):
                raise ValueError(f"matches {i}: table {match.table} is not one it can look up")
            if match.backwards == 1 and self.symbol_bits != 2:
                raise ValueError(f"matches {i}: only bases have inverted repeats")
        for i, context in enumerate(self.contexts):
            if (context.function in (7, 13)) != (self.symbol_bits == 2):
                raise ValueError(f"contexts {i}: function is for symbols of another width")
        for part in self._selecting:
            if part.function not in SELECTORS:
                raise ValueError(f"there is no selector {part.function}")
        if any(part.function in HASHED for part in (*self.sets, *self.finals)):
            raise ValueError("a selector of stages only")
        if self.gates and not self.lstm:
            raise ValueError("there are gates without an LSTM")
        if self.symbol_bits == 2 and any(m.told & ~TOLD_MATCH for m in self.lstm):
            raise ValueError("only bytes make words")
        if self.lstm and self.lstm[0].cells % 32:
            raise ValueError(f"{self.lstm[0].cells} cells are not a multiple of 32")
        for i, gate in enumerate(self.gates):
            if gate.index >= (1, len(self.sets), self.inputs)[gate.source]:
                raise ValueError(f"gates {i}: there is no logit {gate.index}")
        if self.start and self.symbol_bits != 8:
            raise ValueError("only bytes have a primer")
        for start in self.start:
            length = PRIMERS[start.primer].symbols
            if start.primed > length:
                raise ValueError(f"primer {start.primer} has only {length} symbols")
        if self.experts and self.symbol_bits != 2:
            raise ValueError("only bases have copy experts")
        shares = self.rates.mix_share + sum(stage.share for stage in self.stages)
        if shares != 16:
            raise ValueError(f"the shares of mix and SSE stages add up to {shares}, not 16")
        if self.inputs > MOST_INPUTS:
            raise ValueError(f"{self.inputs} inputs, more than {MOST_INPUTS}")
        if self.rates.runs and self.symbol_bits == 2:
            raise ValueError("bases have no runs")
        if self.entries >= 1 << 31:
            raise ValueError(f"{self.entries} counted entries, not below 2^31")

    @property
    def _selecting(self) -> tuple[Selecting, ...]:
        return (*self.sets, *self.finals, *self.stages)

    @property
    def _parts(self):
        found, behind = (), False
        for parts in reversed(LATER_PARTS):
            if getattr(self, parts[0][0]):
                found, behind = parts + found, True
            elif behind:
                found = tuple((name, kind, 0, most) for name, kind, _, most in parts) + found
        return PARTS + found

    @property
    def entries(self) -> int:
        """Counted entries: histories, match lengths, SSE buckets; int32 numbers name them."""
        rows = sum(stage.rows(self.symbol_bits) for stage in self.stages)
        matches = 2048 * (len(self.matches) + len(self.experts))
        frames = FRAME_ENTRIES * self.reads_frames
        return 256 * len(self.contexts) + matches + 33 * rows + 1024 * self.maps + frames

    @property
    def maps(self) -> int:
        """Maps of direct probabilities (model/maps.py): one for each context, or none."""
        return len(self.contexts) if self.rates.runs > 1 else 0

    @property
    def first_map(self) -> int:
        """Number of the maps' first counted entry; 0 without maps."""
        return self.entries - 1024 * self.maps if self.maps else 0

    @property
    def first_frame(self) -> int:
        """Number of the first counted entry of the reading frames, which are the last."""
        return self.entries - FRAME_ENTRIES * self.reads_frames

    @property
    def reads_frames(self) -> bool:
        """Whether some part needs the reading frames (model/frames.py)."""
        return self.symbol_bits == 2 and (
            any(c.function == 13 for c in self.contexts)
            or any(s.function == 33 for s in self._selecting)
        )

    @property
    def reads_instructions(self) -> bool:
        """Whether some part needs the parser of x86 instructions."""
        return any(c.function == 10 for c in self.contexts) or any(
            s.function in (16, 17) for s in self._selecting
        )

    @property
    def reads_text(self) -> bool:
        """Whether some part needs what text.py follows."""
        return any(c.function == 12 for c in self.contexts) or any(
            20 <= s.function <= 30 for s in self._selecting
        )

    def to_bytes(self) -> bytes:
        """Canonical form: varints in the order of the fields."""
        values = [self.symbol_bits, *astuple(self.rates)]
        for name, *_ in self._parts:
            parts = getattr(self, name)
            values.append(len(parts))
            for part in parts:
                values.extend(astuple(part))
        return b"".join(map(pack, values))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Description":
        """Inverse of `to_bytes`; ValueError when it is not a canonical valid description."""
        rest = iter(data)

        def take() -> int:
            try:
                return unpack(rest.__next__)
            except StopIteration:
                raise ValueError("the description ends early") from None

        def take_part(kind):
            return kind(*(take() for _ in fields(kind)))

        symbol_bits = take()
        rates = take_part(Rates)
        parts: dict[str, tuple] = {}

        def take_lists(kinds):
            for name, kind, _, most in kinds:
                count = take()
                if count > most:
                    raise ValueError(f"{count} {name}, more than {most}")
                parts[name] = tuple(take_part(kind) for _ in range(count))

        take_lists(PARTS)
        last = ""
        for later in LATER_PARTS:
            if length_hint(rest):
                take_lists(later)
                last = later[0][0]
        if last and not parts[last]:
            raise ValueError(f"a list of no {last} at the end is left out")
        if next(rest, None) is not None:
            raise ValueError("bytes after the end of the description")
        return cls(symbol_bits=symbol_bits, rates=rates, **parts)

    @cached_property
    def digest(self) -> bytes:
        """8 bytes: XXH3-64 of the canonical form."""
        return xxhash.xxh3_64_digest(self.to_bytes())

    @property
    def follows(self) -> bool:
        """Whether some context is indirect: the tables of followers are kept only then."""
        return any(context.function == 8 for context in self.contexts)

    @property
    def inputs_per_context(self) -> int:
        """Three, and with `runs` a fourth."""
        return 3 + min(self.rates.runs, 1)

    @property
    def inputs(self) -> int:
        """Inputs of the first layer, padded to whole blocks of 32."""
        used = self.inputs_per_context * len(self.contexts) + 2 * len(self.matches)
        used += 5 * len(self.experts) + 1
        return -(-used // 32) * 32

    @property
    def nanoseconds_per_symbol(self) -> int:
        """CPU time a symbol takes, nominal (benchmarks/LOG.md, phases)."""
        per_bit = 18 * len(self.contexts) + 12 * self.maps + self.inputs * len(self.sets) // 4 + 60
        recurrent = 0
        for m in self.lstm:
            per_bit += 4 * (len(self.gates) + 1) * m.cells // 10
            # Calls, shared by the lanes of a group, and the arithmetic.
            recurrent = 12000 + 6 * m.cells * m.cells // 5
        return 60 * len(self.contexts) + self.symbol_bits * per_bit + recurrent


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
            samples = self.description.lstm[0].horizon * -(-self.lanes // self.groups)
            if samples > MOST_SAMPLES:
                raise ValueError(f"{samples} samples in a training, more than {MOST_SAMPLES}")
        if len(self.hints) > MAX_HINTS:
            raise ValueError(f"{len(self.hints)} hints, more than {MAX_HINTS}")
        if not all(0 <= hint <= MAX_HINT for hint in self.hints):
            raise ValueError(f"hints {self.hints} are not all in 0 … {MAX_HINT}")

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
        rows = sum(s.values * (symbols if s.partial else d.symbol_bits) for s in d.sets)
        finals = sum(s.values * (symbols if s.partial else d.symbol_bits) for s in d.finals)
        tables = sum(4 << min(m.bits, self.table_bits + 2) for m in d.matches)
        tables += sum((4 << 2 * e.seed) + 4 * length for e in d.experts)
        lane = len(d.contexts) * 400 + d.symbol_bits * (inputs * 2 + 400) + 4096
        process = 300 << 20  # Python, numpy, numba with its compiled kernels
        for m in d.lstm:
            process += 250 << 20  # torch
            process += 6 * symbols * (len(d.gates) + 1) * m.cells
            process += 200 * m.cells * (m.cells + symbols)
            process += 40 * m.cells * m.features(d.symbol_bits)
            lane += 8 * m.cells * (12 * (m.horizon + 1) + 32) + 4096
        code = length + length // 8 + 256 * self.lanes
        return (
            process + self.table_bytes + rows * (inputs * 4 + 8) + finals * 136 + tables
            + lane * self.lanes + length + code + gathered
        )  # fmt: skip


@cache
def _frozen() -> dict[bytes, bytes]:
    """The shipped descriptions by digest, in canonical form: hexadecimal digits, a line each."""
    path = Path(__file__).with_name("frozen.txt")
    lines = path.read_text().split() if path.exists() else []
    return {xxhash.xxh3_64_digest(found): found for found in map(bytes.fromhex, lines)}


@cache
def frozen(digest: bytes) -> Description | None:
    """The shipped frozen description with this digest, if there is one."""
    found = _frozen().get(digest)
    return None if found is None else Description.from_bytes(found)
