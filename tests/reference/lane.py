"""FORMAT.md, "Fields", "Contexts" and "Selectors": what a lane knows and what it makes of it."""

from dataclasses import dataclass, field

from reference import records
from reference.experts import Expert, Voting, belief
from reference.instructions import Parser
from reference.text import Reader

M32 = 0xFFFFFFFF
M62 = (1 << 62) - 1
F, S, R = 0x2F0B4C47, 0x3A8F05C5, 0x1E35A7BD


def mix(first: int, second: int) -> int:
    h = (first * F + second * S) & M62
    h = h ^ h >> 31
    h = ((h & M32) * R + (h >> 32) * F) & M62
    return h ^ h >> 29


def second_nibble(h: int, partial: int) -> int:
    return mix(h & M32, ((h >> 32) + partial * 0x3D4D51CB) & M32)


def class_of(s: int) -> int:
    if 97 <= s <= 122:
        return 2
    if 65 <= s <= 90:
        return 3
    if 48 <= s <= 57:
        return 4
    if s == 32:
        return 5
    if s == 10:
        return 6
    if s >= 192:
        return 7
    if s >= 128:
        return 8
    if s in (46, 33, 63):
        return 9
    if s in (44, 59, 58):
        return 10
    if s in (34, 39):
        return 11
    if s in (60, 91, 123, 40):
        return 12
    if s in (62, 93, 125, 41):
        return 13
    if s == 0:
        return 14
    if s < 32 or s == 127:
        return 15
    return 1


@dataclass
class Copying:
    """What a lane knows of one match model: FORMAT.md, "Matches"."""

    pointer: int = -1
    length: int = 0
    misses: int = 0
    floor: int = 0
    slot: int = 0
    symbol: int = 0
    carry: int = 0


@dataclass
class Lane:
    index: int
    start: int
    length: int
    width: int
    matches: list[Copying]
    hints: list[int]
    primed: int = 0
    listed: bool = False
    position: int = 0
    low: int = 0
    zeros: int = 0
    high: int = 0
    word: int = 0
    word1: int = 0
    word2: int = 0
    word3: int = 0
    letters: int = 0
    line: int = field(init=False)
    line_before: int = field(init=False)
    line_first: int = 0
    classes: int = 0
    opened: int = 0
    opened_before: int = 0
    packed: int = 0
    reversed: int = 0
    hits: int = 0
    tag: int = 0
    tag1: int = 0
    tag2: int = 0
    name: int = 0
    state: int = 0
    quoted: int = 0
    in_quotes: int = 0
    key: int = 0
    place: list[int] = field(default_factory=lambda: [0, 0, 0])
    after: list[int] = field(default_factory=lambda: [0, 0, 0])
    followed: list[tuple[int, int]] = field(default_factory=list)
    reads_instructions: bool = False
    parser: Parser = field(default_factory=Parser)
    reader: Reader = field(default_factory=Reader)
    partial: int = 1
    agreed: int = 0
    line_changes: int = 0
    experts: list[Expert] = field(default_factory=list)
    voting: Voting = field(default_factory=lambda: Voting([], None))
    frames: list[int] = field(default_factory=lambda: [9362] * 7)
    frame: int = 0
    framed: int = 0

    def __post_init__(self):
        self.line = self.line_before = self.start

    @property
    def here(self) -> int:
        return self.start + self.position

    @property
    def column(self) -> int:
        return self.here - self.line

    def above(self, d: int, history: list) -> int:
        p = self.line_before + self.column + d
        return history[p] if self.start <= p < self.line else 0

    def take(self, s: int, history: list) -> None:
        """The fields take the coded symbol."""
        self.partial = 1
        if self.width == 2:
            self.packed = (self.packed << 2 & M62) | s
            self.reversed = (self.reversed >> 2) | (3 - s) << 60
        else:
            records.take(s, self, history)
            self._take_byte(s)
            self.reader.take(s, self, history, class_of)
        self.position += 1

    def _take_markup(self, s: int) -> None:
        def add(h: int) -> int:
            x = (h + s + 1) * 0x2B4C5ED5 & M32
            return x ^ x >> 15

        before = self.low >> 8 & 255
        if s == 60:
            self.state, self.name = 1, 0
        elif self.state > 0:
            if s == 62:
                if self.state & 3 == 1 and before != 47:
                    self.tag, self.tag1, self.tag2 = self.name, self.tag, self.tag1
                elif self.state & 3 == 2:
                    self.tag, self.tag1, self.tag2 = self.tag1, self.tag2, 0
                self.state = 0
            elif s == 47 and before == 60:
                self.state = 2
            elif s in (33, 63) and before == 60:
                self.state = 3
            elif s in (32, 10):
                self.state |= 4
            elif self.state < 4:
                self.name = add(self.name)
        if s == 34:
            self.in_quotes = 1 - self.in_quotes
            if self.in_quotes:
                self.quoted = 0
        elif s == 10:
            self.in_quotes = 0
        elif self.in_quotes:
            self.quoted = add(self.quoted)
        elif s == 58:
            self.key = self.quoted

    def _take_byte(self, s: int) -> None:
        here = self.here
        self.zeros = (self.zeros << 2 & M32) | (s == 0) | (s == self.low >> 24) << 1
        self.high = (self.high << 8 & M32) | self.low >> 24
        self.low = (self.low << 8 & M32) | s
        kind = class_of(s)
        self.classes = (self.classes << 4 & ((1 << 48) - 1)) | kind
        if kind in (2, 3, 7, 8):
            self.word = (self.word + (s + 32 if kind == 3 else s) + 1) * 0x2B4C5ED5 & M32
            self.word = self.word ^ self.word >> 15
            self.letters += 1
        elif self.letters > 0:
            self.word3, self.word2, self.word1 = self.word2, self.word1, self.word
            self.word, self.letters = 0, 0
        self._take_markup(s)
        self.place = [self.low & 255, self.low & 0xFFFF, ((self.low & 0xFFFFFF) * F & M32) >> 14]
        if here == self.line:
            self.line_first = s
        if s == 10:
            self.line_before, self.line, self.line_first = self.line, here + 1, 0
        if s in (60, 91, 123, 40):
            self.opened_before, self.opened = self.opened, s
        elif s in (62, 93, 125, 41):
            self.opened, self.opened_before = self.opened_before, 0
        elif self.opened == 60 and kind in (2, 3):
            self.opened = 61 + (s << 8)
        if self.reads_instructions:
            self.parser.take(s)

    def _match(self, m: int) -> Copying:
        """Match m, or one that found nothing where there is none."""
        return self.matches[m] if m < len(self.matches) else Copying()

    def context_words(self, context, history: list) -> tuple[int, int]:
        a, b = context.a, context.b
        match context.function:
            case 0:
                return self.low & a, self.high & b
            case 1:
                x = 3 * self.word * (a & 1)
                x += 5 * self.word1 * (a >> 1 & 1)
                x += 11 * self.word2 * (a >> 2 & 1)
                x += 17 * self.word3 * (a >> 3 & 1)
                return (x ^ x >> 17) & M32, self.low & b
            case 2:
                first = self.above(0, history) | self.above(1, history) << 8
                if b & 1:
                    first |= (self.column & 255) << 16
                if b & 2:
                    first |= self.line_first << 24
                return first, self.low & a
            case 3:
                first = self.column & 1023
                if b & 2:
                    first |= self.line_first << 24
                return first, self.low & a
            case 4:
                return self.classes & a, self.low & b
            case 5:
                return (self.opened + self.opened_before * 0x10001) & M32, self.low & a
            case 6:
                first = self._match(0).symbol | self._match(0).slot << 9
                if b & 1:
                    first |= (self._match(1).symbol | self._match(1).slot << 9) << 16
                return first, self.low & a
            case 7:
                return self.packed & a, (self.packed >> 32) & b
            case 8:
                return self.after[a & 3] & 256 ** (a >> 2) - 1, self.low & b
            case 11:
                y = 3 * self.tag * (a & 1)
                y += 5 * self.tag1 * (a >> 1 & 1)
                y += 11 * self.tag2 * (a >> 2 & 1)
                y += 17 * self.key * (a >> 3 & 1)
                y += 23 * self.word * (a >> 4 & 1)
                y += 29 * self.name * (a >> 5 & 1)
                y += 31 * self.quoted * (a >> 6 & 1)
                return (y ^ y >> 17) & M32, self.low & b
            case 10:
                return self.parser.word(a, mix), self.low & b
            case 9:
                return records.words(a, b, self, history)
            case 12:
                return self.reader.words(a, self, history), self.low & b
            case 13:
                return self.packed & a, self.frame_word((self.packed >> 32) & b, self.frame)
            case 14:
                return self.zeros & a, self.low & b
        raise ValueError(context)

    def frame_word(self, second: int, state: int) -> int:
        return second + (state + 1) * 0x2B4C5ED5 & M32

    def context_hash(self, number: int, context, words: tuple[int, int]) -> int:
        first, second = words
        salt = number + 1 + context.local * 64 * (self.index + 1)
        return mix(first, (second ^ salt * R) & M32)

    def select(self, selector, history: list) -> int:
        match selector.function:
            case 0:
                return 0
            case 1:
                return self.low & 255
            case 2:
                return self.low >> 8 & 255
            case 3:
                return max((match.slot for match in self.matches), default=0)
            case 4:
                return self.hits
            case 5:
                return self.classes & 255
            case 6:
                return min(self.letters, 15)
            case 7:
                return ((self.low & 0xFFFF) * 0x1E35A7BD >> 14) & 1023
            case 33:
                odds = self.frames[self.frame] if self.width == 2 else 0
                return 4 * self.frame + (odds >= 39322) + (odds >= 58982) + (odds >= 64881)
            case 34:
                return self.reader.cells.column
            case 35:
                return self.reader.cells.bytes(history) & 255 | self.reader.cells.same << 8
            case 36:
                return self.zeros & 255 | (self.here & 3) << 8
            case 37:
                return self.zeros & 1023
            case 8 | 32:
                first = self._match(0)
                return first.symbol + 256 * min(1 + (first.slot >> 1), 7) if first.slot else 0
            case 9:
                return self.packed & ((1 << selector.a) - 1)
            case 10:
                return self.opened & 255
            case 11:
                return self.above(0, history)
            case 12:
                return (self._match(0).slot >> 1) + 8 * (self._match(1).slot >> 1)
            case 13:
                return min(self.column, 255)
            case 16:
                return self.parser.state(selector.a)
            case 17:
                return self.parser.code(selector.a)
            case 14:
                return records.selected(selector.a, self, history)
            case 15:
                return self.here % self.hints[0] & 255 if self.hints[0] else 0
            case 18:
                v = self.voting
                return (
                    64 * belief(v.best) + 16 * v.best_base + 4 * (v.second > 0)
                    + min(v.count >> 1, 3)
                )  # fmt: skip
            case 19:
                return 16 * belief(self.voting.best) + belief(self.voting.second)
            case 20:
                return ((self.reader.runs & 0xFFF) * R >> 14) & 1023
            case 21:
                return (self.tag ^ self.tag >> 8 ^ self.key) & 255
            case 22:
                return class_of(self.line_first) * 32 + min(self.column, 31)
            case 23:
                value = self.reader.aligned_bytes(self, history)
                return (value & 255) + 256 * self.reader.aligned_same
            case 24:
                return (self.word1 * R >> 20) & 255
            case 25:
                return self.after[1] & 255
            case 26:
                return self.reader.agreeing
            case 27:
                return min(self.reader.column, 127)
            case 28:
                return ((self.low & 0xFFFFFF) * R >> 10) & 65535
            case 29:
                return (self.reader.here * R >> 10) & 65535
            case 30:
                return self.reader.run_symbol
            case 31:
                return self.low & 0xFFFF
        raise ValueError(selector)
