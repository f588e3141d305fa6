"""The model description: which functions run, in which order, with which parameters.

It travels in the archive (or its digest does, when the description is a shipped frozen one), so
that editing a preset never breaks an old archive. It holds integers only; nothing in it is
compiled. What it is made of: parts.py. FORMAT.md, "The model", gives the meaning of every number.
"""

from dataclasses import astuple, dataclass, fields
from functools import cache, cached_property
from operator import length_hint
from pathlib import Path

import xxhash

from cmixpy import mixers
from cmixpy import pretrained as networks
from cmixpy.parts import (
    FIRST_CELL_BIT,
    FRAME_ENTRIES,
    HASHED,
    LATER_PARTS,
    MOST_INPUTS,
    PARTS,
    RULE,
    SELECTORS,
    TOLD_MATCH,
    Context,
    Eager,
    Experts,
    Floor,
    Gate,
    Lstm,
    Match,
    Pretrained,
    PretrainedMixer,
    Rates,
    Selecting,
    Selector,
    Stage,
    Start,
    Threshold,
    check_part,
)
from cmixpy.primer import PRIMERS
from cmixpy.varint import pack, unpack


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
    pretrained: tuple[Pretrained, ...] = ()
    mixer: tuple[PretrainedMixer, ...] = ()
    floor: tuple[Floor, ...] = ()

    def __post_init__(self):
        if self.symbol_bits not in (2, 8):
            raise ValueError(f"symbol width {self.symbol_bits} is neither 2 nor 8")
        check_part(self.rates, "rates")
        for name, _, least, most in self._parts:
            parts = getattr(self, name)
            if not least <= len(parts) <= most:
                raise ValueError(f"{len(parts)} {name}, not {least} … {most}")
            for i, part in enumerate(parts):
                check_part(part, f"{name} {i}")
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
        if self.floor and not self.lstm:
            raise ValueError("there is a floor without an LSTM")
        if self.symbol_bits == 2 and any(m.told & ~TOLD_MATCH for m in self.lstm):
            raise ValueError("only bytes make words")
        if self.lstm and self.lstm[0].cells % 32:
            raise ValueError(f"{self.lstm[0].cells} cells are not a multiple of 32")
        for i, gate in enumerate(self.gates):
            if gate.index >= (1, len(self.sets), self.inputs)[gate.source]:
                raise ValueError(f"gates {i}: there is no logit {gate.index}")
        for pretrained in self.pretrained:
            if networks.NETWORKS[pretrained.network][:3] != self._network_shape:
                raise ValueError(f"pretrained network {pretrained.network} does not fit the LSTM")
        for given in self.mixer:
            if not mixers.fits(given.mixer, self.mixer_shape):
                raise ValueError(f"pretrained mixer {given.mixer} does not fit the model")
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
    def _network_shape(self) -> tuple[int, int, int] | None:
        """What a pretrained network has to fit: cells, what they are told, gates."""
        if not self.lstm or self.symbol_bits != 8:
            return None
        return self.lstm[0].cells, self.lstm[0].told, len(self.gates)

    @property
    def set_rows(self) -> tuple[int, ...]:
        """Rows of each weight set of the first layer."""
        return tuple(part.rows(self.symbol_bits) for part in self.sets)

    @property
    def final_rows(self) -> tuple[int, ...]:
        """Rows of each weight set of the second layer."""
        return tuple(part.rows(self.symbol_bits) for part in self.finals)

    @property
    def mixer_shape(self) -> tuple[int, ...]:
        """What a pretrained mixer has to fit: inputs, sets, their rows, finals, theirs, entries."""
        sets, finals = self.set_rows, self.final_rows
        return self.inputs, len(sets), sum(sets), len(finals), sum(finals), self.entries

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
        return (
            any(c.function == 12 for c in self.contexts)
            or any(20 <= s.function <= 30 for s in self._selecting)
            or self.reads_cells
        )

    @property
    def reads_cells(self) -> bool:
        """Whether some part needs the cells of delimited text (model/cells.py)."""
        return any(c.function == 12 and c.a >> FIRST_CELL_BIT for c in self.contexts) or any(
            s.function in (34, 35) for s in self._selecting
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
    def least_mean(self) -> int:
        """What the LSTM divides gradients by is at least this, 2^-20."""
        return max((floor.mean for floor in self.floor), default=1)

    @property
    def network(self) -> networks.Network | None:
        """The weights that the LSTM begins with, if it is pretrained."""
        for part in self.pretrained:
            m, bits = self.lstm[0], self.symbol_bits
            return networks.network(part.network, m.known(bits), m.features(bits))
        return None

    @property
    def pretrained_mixer(self) -> mixers.Mixer | None:
        """What the model is given behind the primer, if there is a pretrained mixer."""
        for given in self.mixer:
            return mixers.mixer(
                given.mixer, self.inputs, self.set_rows, self.final_rows, self.entries
            )
        return None

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
