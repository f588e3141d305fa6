"""The parts of a model description: what there can be, with the limits of every number.

Integers only; FORMAT.md, "Description", gives their meaning. The constants are the kernels' too.
"""

from dataclasses import dataclass, fields

from cmixpy.mixers import MIXERS
from cmixpy.pretrained import NETWORKS
from cmixpy.primer import MOST_PRIMED, PRIMERS

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
FIRST_CELL_BIT = 24  # parameters of text contexts from here on: cells (model/text.py)
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
    30: 256, 31: 65536, 32: 65536, 33: 32, 34: 64, 35: 512, 36: 1024, 37: 1024,
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

    LIMITS = ((0, 14), (0, MASK32), (0, MASK32), (1, 26), (1, 127), (0, 1), (0, 1), (0, 30))


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

    LIMITS = ((0, 37), (0, 16), (0, 1))

    def rows(self, bits: int) -> int:
        """Rows of weights."""
        return self.values << bits if self.partial else self.values * bits


@dataclass(frozen=True)
class Stage(Selecting):
    """One SSE stage; `share` of 16 in the final probability."""

    share: int
    limit: int
    start: int

    LIMITS = ((0, 37), (0, 16), (0, 16), (1, 1023), (0, 1023))

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

    def known(self, bits: int) -> int:
        """Rows of the embedding that stand for one thing: the last symbol, the match's symbol."""
        return (1 << bits) + (self.told & TOLD_MATCH) * ((1 << bits) + 1)

    def features(self, bits: int) -> int:
        """Rows of the embedding: the last symbol's, and those of what else it is told."""
        return self.known(bits) + (self.told & ~TOLD_MATCH).bit_count() * TOLD_ROWS

    @property
    def picked(self) -> int:
        """Rows of the embedding that a symbol picks."""
        return 1 + self.told.bit_count()

    def changed(self, bits: int, lanes: int) -> int:
        """Rows of the embedding that a learning from `lanes` lanes changes, at most."""
        return min(self.features(bits), self.horizon * lanes * self.picked)


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


@dataclass(frozen=True)
class Pretrained:
    """The LSTM begins with the weights of pretrained `network`."""

    network: int

    LIMITS = ((1, max(NETWORKS)),)


@dataclass(frozen=True)
class PretrainedMixer:
    """Behind the primer, weights and counted entries are those of pretrained `mixer`."""

    mixer: int

    LIMITS = ((1, max(MIXERS)),)


@dataclass(frozen=True)
class Floor:
    """What the LSTM's weights learn with, a mean gradient's size, is never below `mean` / 2^20."""

    mean: int

    LIMITS = ((2, 1 << 23),)


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
PRETRAINED_PARTS = (("pretrained", Pretrained, 1, 1),)
MIXER_PARTS = (("mixer", PretrainedMixer, 1, 1),)
FLOOR_PARTS = (("floor", Floor, 1, 1),)
# These are behind the others; each is left out if it and all behind it are empty.
LATER_PARTS = (
    LSTM_PARTS, START_PARTS, EAGER_PARTS, THRESHOLD_PARTS, PRETRAINED_PARTS, MIXER_PARTS,
    FLOOR_PARTS,
)  # fmt: skip


def check_part(part, where: str) -> None:
    """ValueError when a number of a part is outside its limits; `where` says which part."""
    for field, (low, high) in zip(fields(part), part.LIMITS, strict=True):
        value = getattr(part, field.name)
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{where}: {field.name} is {value!r}, not in {low} … {high}")
