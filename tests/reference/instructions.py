"""FORMAT.md, "Instructions" and "Transform 2: addresses"."""

from dataclasses import dataclass

M32 = 0xFFFFFFFF
FIELD_BYTES = {6: 1, 7: 4, 8: 1, 9: 2, 10: 4, 11: 8, 12: 1, 13: 4}


def opcodes(text: str) -> set[int]:
    """The numbers of "00-03 63"."""
    found = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


ALL = "00-FF"
LOW = range(0x40)
MODRM = [
    {s for s in LOW if s & 7 < 4}
    | opcodes("63 69 6B 80-8F C0 C1 C6 C7 D0-D3 D8-DF F6 F7 FE FF"),
    opcodes("00-03 0D 10-2F 40-76 78-7F 90-9F A3-A5 AB-C7 D0-FF"),
    opcodes(ALL),
    opcodes(ALL),
]
OPERANDS = [
    {
        8: {s for s in LOW if s & 7 == 4}
        | opcodes("6A 6B 80 82 83 A8 B0-B7 C0 C1 C6 CD D4 D5 E4-E7"),
        9: opcodes("C2 C8 CA"),
        10: opcodes("A0-A3"),
        "size": {s for s in LOW if s & 7 == 5} | opcodes("68 69 81 A9 C7"),
        "width": opcodes("B8-BF"),
        12: opcodes("70-7F E0-E3 EB"),
        13: opcodes("E8 E9"),
    },
    {8: opcodes("70-73 A4 AC BA C2 C4-C6"), 13: opcodes("80-8F")},
    {},
    {8: opcodes(ALL)},
]
PREFIXES = opcodes("26 2E 36 3E 40-4F 64-67 F0 F2 F3")
PREFIX_BITS = {0x66: 10, 0xF2: 11, 0xF3: 12}
CODE = 0x3FF
MASKS = [
    0, CODE, CODE - 1, CODE - 7,
    CODE | 15 << 10 | 1 << 17,
    CODE | 7 << 21 | 1 << 16,
    CODE | 3 << 24,
    CODE | 3 << 24 | 7 << 18 | 1 << 14,
    CODE | 255 << 18,
    (1 << 26) - 1,
    (1 << 34) - 1,
    CODE | 7 << 21 | 1 << 16 | 3 << 24,
    CODE - 7 | 3 << 24,
    255 << 18 | 1 << 14 | 1 << 16,
    7 << 18 | 3 << 24 | 255 << 26 | 1 << 14 | 1 << 15,
    CODE | 7 << 18 | 3 << 24 | 255 << 26 | 1 << 14 | 1 << 15,
]  # fmt: skip


@dataclass
class Parser:
    next: int = 0
    left: int = 0
    within: int = 0
    operand: int = 0
    field: int = 0
    last_displacement: int = 0
    last_target: int = 0
    records: list[int] | None = None

    def __post_init__(self):
        self.records = [0] * 5

    @property
    def opcode(self) -> int:
        return self.records[0] & 255

    @property
    def map(self) -> int:
        return self.records[0] >> 8 & 3

    @property
    def modrm(self) -> int:
        return self.records[0] >> 18 & 255

    def take(self, s: int) -> None:
        self.within += 1
        before = self.next
        if before == 4:
            new = self._take_modrm(s)
        elif before == 5:
            self.records[0] |= s << 26
            new = self._address(self.modrm >> 6, s & 7)
        elif before == 14:
            if self.map == 0:
                self.records[0] |= max(s & 3, 1) << 8
            self.left -= 1
            new = 14 if self.left > 0 else self.map
        elif before in (0, 1, 2, 3, 15):
            new = self._take_opcode(s)
        else:
            new = self._take_field(s)
        if new != before and new in FIELD_BYTES:
            self.left, self.field = FIELD_BYTES[new], 0
        self.next = new
        if new == 0:
            self.records = [0, *self.records[:4]]
            self.within = self.left = self.field = 0

    def _address(self, mode: int, base: int) -> int:
        if mode == 1:
            return 6
        return 7 if mode == 2 or (mode == 0 and base == 5) else self.operand

    def _take_modrm(self, s: int) -> int:
        self.records[0] |= s << 18
        if self.opcode in (0xF6, 0xF7) and self.map == 0 and (s >> 3 & 7) < 2:
            four = 9 if self.records[0] >> 10 & 1 else 10
            self.operand = 8 if self.opcode == 0xF6 else four
        if s >> 6 == 3:
            return self.operand
        return 5 if s & 7 == 4 else self._address(s >> 6, s & 7)

    def _take_opcode(self, s: int) -> int:
        record, place = self.records[0], self.map
        if place == 0 and s in PREFIXES:
            if 0x40 <= s <= 0x4F:
                self.records[0] = record & ~(15 << 14) | (s & 15) << 14
            else:
                self.records[0] |= 1 << PREFIX_BITS.get(s, 13)
            return 15
        if place == 0 and s == 0x0F:
            self.records[0] |= 1 << 8
            return 1
        if place == 0 and s in (0xC5, 0xC4, 0x62):
            self.records[0] |= 1 << 13 | (s == 0xC5) << 8
            self.left = {0xC5: 1, 0xC4: 2, 0x62: 3}[s]
            return 14
        if place == 1 and s in (0x38, 0x3A):
            new = 2 if s == 0x38 else 3
            self.records[0] = record & ~(3 << 8) | new << 8
            return new
        self.records[0] |= s
        found = [kind for kind, values in OPERANDS[place].items() if s in values]
        kind = found[0] if found else 0
        if kind == "width" and record >> 17 & 1:
            kind = 11
        elif kind in ("size", "width"):
            kind = 9 if record >> 10 & 1 else 10
        self.operand = kind
        return 4 if s in MODRM[place] else kind

    def _take_field(self, s: int) -> int:
        self.field = (self.field << 8 & M32) | s
        self.left -= 1
        if self.left > 0:
            return self.next
        if self.next == 7:
            self.last_displacement = self.field
        if self.next == 13:
            self.last_target = self.field
        return self.operand if self.next in (6, 7) else 0

    def word(self, a: int, mix) -> int:
        """x of context function 10."""
        x = self.next | self.left << 4
        if a & 0x200000:
            x |= self.within << 8
        for k in range(5):
            m = a >> 4 * k & 15
            if m > 0:
                r = self.records[k] & MASKS[m]
                x = mix(x, (r ^ (r >> 32) * 0x9E3779B1) & M32) & M32
        for bit, value in (
            (0x100000, self.field), (0x400000, self.last_target),
            (0x800000, self.last_displacement),
        ):  # fmt: skip
            if a & bit:
                x = mix(x, value) & M32
        return x

    def state(self, a: int) -> int:
        """Selector 16."""
        return self.next | (min(self.within, 15) if a else self.left) << 4

    def code(self, a: int) -> int:
        """Selector 17."""
        if a > 0:
            return self.modrm | (self.next >> 1) << 8
        if self.next == 15 or self.next < 4:
            return 1024 | self.records[1] & CODE
        return self.records[0] & CODE


def undo_addresses(symbols: bytes, wide: int, pairs: list[tuple[int, int]]) -> bytes:
    """The inverse of transform 2."""
    data = bytearray(symbols)
    begin = 0
    for gap, run in pairs:
        begin += gap
        parser = Parser()
        for i in range(begin, begin + run):
            near = parser.next == 7 and wide and parser.modrm & 0xC7 == 5
            if parser.left == 4 and i + 4 <= begin + run and (parser.next == 13 or near):
                v = int.from_bytes(data[i : i + 4], "big", signed=True)
                a = i + 4
                if parser.next == 7 and parser.operand:
                    a += FIELD_BYTES[parser.operand]
                if -a <= v < 2 * len(data):
                    v = v - a if v >= 0 else v + 2 * len(data)
                data[i : i + 4] = (v & M32).to_bytes(4, "little")
            parser.take(data[i])
        begin += run
    return bytes(data)
