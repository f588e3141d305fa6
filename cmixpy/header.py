"""A segment's header: what it says, how it is packed and how it is read back without trust."""

from dataclasses import dataclass

from xxhash import xxh3_64_intdigest

from cmixpy import varint
from cmixpy.errors import DamagedError
from cmixpy.source import Source

MAX_SEGMENT = 1 << 30
MAX_LANES = 2048
MAX_TABLE_BITS = 40
MAX_DESCRIPTION = 1 << 16
MAX_HINTS = 8
MAX_HINT = (1 << 20) - 1
# At most 2^16 bytes, or 2^18 bases, are decoded from one byte of code. An arithmetic coder with
# 16-bit probabilities cannot do much better (45426 bytes); codes that would (their trailing zeros
# are left out) are padded with zeros, so that the length of what is allocated is always paid for.
SYMBOL_BITS_PER_CODE_BYTE = 1 << 19

STORED, MODELLED = 1, 2
EARLIER, SHIPPED, EMBEDDED = 0, 1, 2
NO_TRANSFORM = 0


@dataclass(frozen=True)
class ModelName:
    """Which model description a segment needs, and where it came from.

    `digest` names a shipped description; `embedded` holds one by value. Exactly one is set.
    """

    digest: bytes | None
    embedded: bytes | None
    level: int
    preset: int


@dataclass(frozen=True)
class Model:
    """What a modelled segment's header says beyond its length and hash."""

    name: ModelName
    symbol_bits: int
    symbols: int
    lanes: int
    groups: int
    table_bits: int
    code_lengths: tuple[int, ...]
    hints: tuple[int, ...] = ()
    transform: int = NO_TRANSFORM
    parameter_length: int = 0


@dataclass(frozen=True)
class Segment:
    """One segment's header; `model` is None when the bytes are stored as they are."""

    length: int
    content_hash: int
    last: bool
    model: Model | None = None
    index: int = 0
    check: int = 0
    header_length: int = 0

    @property
    def payload_length(self) -> int:
        if self.model is None:
            return self.length
        return self.model.parameter_length + sum(self.model.code_lengths) + 4

    @property
    def size(self) -> int:
        """Bytes of the segment in the archive."""
        return self.header_length + self.payload_length


def least_code_bytes(symbols: int, symbol_bits: int) -> int:
    """Fewest bytes of code that a segment of this many symbols may have."""
    return symbols * symbol_bits // SYMBOL_BITS_PER_CODE_BYTE


def check_of(data: bytes, seed: int) -> int:
    """The low 32 bits of XXH3-64."""
    return xxh3_64_intdigest(data, seed) & 0xFFFFFFFF


def pack_header(segment: Segment, names: list[ModelName]) -> bytes:
    """A segment's header without its check; a name not met before joins `names`."""
    model = segment.model
    length = varint.pack(segment.length)
    content_hash = segment.content_hash.to_bytes(8, "little")
    if model is None:
        return bytes([STORED | segment.last << 2]) + length + content_hash
    name = model.name
    label = bytes([name.level << 4 | name.preset])
    if name in names:
        origin, reference = EARLIER, varint.pack(names.index(name))
    elif name.digest is not None:
        origin, reference = SHIPPED, label + name.digest
    else:
        assert name.embedded is not None  # where there is no digest
        origin, reference = EMBEDDED, label + varint.pack(len(name.embedded)) + name.embedded
    if origin != EARLIER:
        names.append(name)
    transformed = model.transform != NO_TRANSFORM
    tag = MODELLED | segment.last << 2 | (model.symbol_bits == 2) << 3
    tag |= (model.groups - 1) << 4 | transformed << 5 | origin << 6
    parts = [bytes([tag]), length, reference]
    if transformed:
        fields = (model.transform, model.symbols, model.parameter_length)
        parts += [varint.pack(value) for value in fields]
    parts += [varint.pack(model.lanes), bytes([model.table_bits, len(model.hints)])]
    parts += [varint.pack(hint) for hint in model.hints]
    parts += [varint.pack(count) for count in model.code_lengths]
    return b"".join([*parts, content_hash])


class HeaderReader:
    """Reads one segment header, keeping its bytes for the check."""

    def __init__(self, source: Source, names: list[ModelName], seed: int, index: int):
        self._source, self._names, self._seed, self._index = source, names, seed, index
        self._bytes = bytearray()

    def _take(self, count: int) -> bytes:
        data = self._source.read(count, f"the header of segment {self._index}")
        self._bytes += data
        return data

    def _byte(self) -> int:
        return self._take(1)[0]

    def _integer(self, most: int, what: str) -> int:
        try:
            value = varint.unpack(self._byte)
        except ValueError as error:
            raise self._damaged(f"{what}: {error}") from None
        if value > most:
            raise self._damaged(f"{what} is {value}, more than {most}")
        return value

    def _damaged(self, why: str) -> DamagedError:
        return DamagedError(f"the header of segment {self._index} is damaged: {why}")

    def read(self) -> Segment:
        tag = self._byte()
        kind, last = tag & 3, bool(tag & 4)
        if kind not in (STORED, MODELLED) or (kind == STORED and tag > 7):
            raise self._damaged(f"no segment has the tag {tag}")
        length = self._integer(MAX_SEGMENT, "its length")
        model = None
        if kind == MODELLED:
            model = self._model(tag, length)
        content_hash = int.from_bytes(self._take(8), "little")
        check = check_of(bytes(self._bytes), self._seed)
        if int.from_bytes(self._take(4), "little") != check:
            raise self._damaged("its check is wrong")
        if model is not None:
            least = least_code_bytes(model.symbols, model.symbol_bits)
            if sum(model.code_lengths) < least:
                raise self._damaged(f"its codes have fewer bytes than the least, {least}")
            if tag >> 6 != EARLIER:
                self._names.append(model.name)
        return Segment(
            length, content_hash, last, model, self._index, check, header_length=len(self._bytes)
        )

    def _model(self, tag: int, length: int) -> Model:
        name = self._name(tag >> 6)
        transform, symbols, parameter_length = NO_TRANSFORM, length, 0
        if tag & 32:
            transform = self._integer(127, "its transform")
            if transform == NO_TRANSFORM:
                raise self._damaged("its transform is none")
            symbols = self._integer(length, "its number of symbols")
            parameter_length = self._integer(length, "its parameters' length")
        lanes = self._integer(MAX_LANES, "its number of lanes")
        table_bits = self._byte()
        if not 1 <= lanes <= symbols:
            raise self._damaged(f"it has {lanes} lanes for {symbols} symbols")
        if not 1 <= table_bits <= MAX_TABLE_BITS:
            raise self._damaged(f"its tables have 2^{table_bits} slots")
        count = self._byte()
        if count > MAX_HINTS:
            raise self._damaged(f"it has {count} hints, more than {MAX_HINTS}")
        hints = tuple(self._integer(MAX_HINT, "a hint") for _ in range(count))
        code_lengths = tuple(self._integer(length, "a code's length") for _ in range(lanes))
        if parameter_length + sum(code_lengths) > length:
            raise self._damaged("its codes are longer than its bytes")
        return Model(
            name=name,
            symbol_bits=2 if tag & 8 else 8,
            symbols=symbols,
            lanes=lanes,
            groups=2 if tag & 16 else 1,
            table_bits=table_bits,
            code_lengths=code_lengths,
            hints=hints,
            transform=transform,
            parameter_length=parameter_length,
        )

    def _name(self, origin: int) -> ModelName:
        if origin == EARLIER:
            number = self._integer(MAX_SEGMENT, "its description's number")
            if number >= len(self._names):
                raise self._damaged("it names a description that did not occur")
            return self._names[number]
        if origin not in (SHIPPED, EMBEDDED):
            raise self._damaged("its description is neither shipped nor embedded")
        label = self._byte()
        digest = self._take(8) if origin == SHIPPED else None
        embedded = None
        if origin == EMBEDDED:
            embedded = self._take(self._integer(MAX_DESCRIPTION, "its description's length"))
        return ModelName(digest, embedded, label >> 4, label & 15)
