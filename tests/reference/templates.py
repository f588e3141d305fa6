"""FORMAT.md, "Templates": lines, numbers folded; fields and numbers by what stands before."""

from collections import defaultdict
from dataclasses import dataclass, field

M32 = 0xFFFFFFFF
FIELD_CLASSES = (2, 3, 4, 7, 8)


def add(h: int, value: int) -> int:
    x = (h + value + 1) * 0x2B4C5ED5 & M32
    return x ^ x >> 15


def bytes_at(place: int | None, same: int, history) -> int:
    """field_bytes, keyed_bytes, cell_bytes: what stands at a place that is followed."""
    value = 0
    if place is not None:
        value = history[place] + 256 * (history[place + 1] or 0) + 65536
    return value | same << 17


@dataclass
class Number:
    """What the last number in a slot was; `unit` is the power of ten of its first digit, or 0."""

    value: int = 0
    unit: int = 0
    step: int = 0


@dataclass
class Templates:
    template: int = 0
    template1: int = 0
    template2: int = 0
    digits: int = 0
    reading: Number = field(default_factory=Number)
    numbers: dict[int, Number] = field(default_factory=lambda: defaultdict(Number))
    slot: int = 0
    coming: int = 0
    power: int = 0
    stepped: int = 0
    stepped_same: int = 0
    fields: dict[int, int] = field(default_factory=dict)
    field: int | None = None
    field_same: int = 0

    def slot_here(self) -> int:
        t = self.template
        return (t ^ t >> 9 ^ t >> 19) & 127

    def take(self, s: int, kind: int, before: int, here: int, history: list) -> None:
        self._take_line(s, kind, before)
        if kind == 4:
            self._take_digit(s - 48, before)
        else:
            self._leave_number(before)
        self._note_step()
        if kind not in FIELD_CLASSES:
            slot = self.slot_here()
            self.field, self.field_same = self.fields.get(slot), 1
            self.fields[slot] = here + 1
        elif self.field is not None:
            if history[self.field] != s:
                self.field_same = 0
            self.field += 1

    def _take_line(self, s, kind, before) -> None:
        if s == 10:
            self.template2, self.template1, self.template = self.template1, self.template, 0
        elif kind != 4 or before != 4:
            self.template = add(self.template, 48 if kind == 4 else s)
        self.digits = add(self.digits, s) if kind == 4 else 0

    def _take_digit(self, digit, before) -> None:
        if digit != self.stepped & 15:
            self.stepped_same = 0
        self.power //= 10
        r = self.reading
        if before != 4:
            r.value, r.unit = digit, 1
        elif 0 < r.unit < 10**16:
            r.value, r.unit = r.value * 10 + digit, r.unit * 10
        else:
            r.value = r.unit = 0

    def _leave_number(self, before) -> None:
        if before == 4:
            last, r = self.numbers[self.slot], self.reading
            step = r.value - last.value if last.unit > 0 else last.step
            self.numbers[self.slot] = Number(r.value, r.unit, step)
        self.slot = self.slot_here()
        last = self.numbers[self.slot]
        self.coming, self.power, self.stepped_same = last.value + last.step, last.unit, 1
        if self.coming < 0:
            self.power = 0
        elif self.coming >= 10 * self.power:
            self.power *= 10

    def _note_step(self) -> None:
        last = self.numbers[self.slot]
        self.stepped = self.coming // self.power % 10 if self.power > 0 else 10
        self.stepped |= self.stepped_same << 4 | (last.unit > 0) << 5
        if last.unit > 0 and last.step == 0:
            self.stepped |= 64
        if self.power >= 10:
            self.stepped |= 128 | self.coming // (self.power // 10) % 10 << 8

    def field_bytes(self, history) -> int:
        return bytes_at(self.field, self.field_same, history)

    def picks(self, history) -> list[int]:
        """What bits 19 to 23 of a text context pick."""
        whole = self.template + self.digits & M32
        return [whole, self.template1, self.template2, self.field_bytes(history), self.stepped]
