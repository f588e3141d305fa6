"""FORMAT.md, "Text": what a lane knows of a text, and the words that contexts make of it."""

from dataclasses import dataclass, field

from reference.cells import Cells
from reference.templates import FIELD_CLASSES, M32, Templates, add, bytes_at
from reference.words import listed_words

WORD_CLASSES = (2, 3, 7, 8)


@dataclass
class Reader:
    """Fields of FORMAT.md, "Text"."""

    word4: int = 0
    here: int = 0
    gap: int = 0
    gap_length: int = 0
    runs: int = 0
    shape: int = 0
    folded: int = 0
    folded_high: int = 0
    marks: int = 0
    line_word: int = 0
    indent: int = 0
    indented: bool = False
    aligned: int | None = None
    aligned_same: int = 0
    keyed: int | None = None
    keyed_same: int = 0
    places: dict[int, int] = field(default_factory=dict)
    column: int = 0
    code: int = 0
    run_symbol: int = 0
    agreeing: int = 0
    templates: Templates = field(default_factory=Templates)
    cells: Cells = field(default_factory=Cells)

    def take(self, s: int, lane, history: list, class_of) -> None:
        """After the lane's other fields took symbol s; position is still that of s."""
        kind, before = (2 if c == 3 else c for c in (lane.classes & 15, lane.classes >> 4 & 15))
        self._take_run(s, kind, before)
        self._take_gap(s, kind, before, lane)
        if s == 10:
            self.shape = self.line_word = self.indent = 0
            self.indented = False
        elif not self.indented:
            if s in (9, 32):
                self.indent += 1
            else:
                self.indented = True
        self._align(s, kind, lane, history, class_of)
        self._follow_key(s, lane, history)
        self._take_column(s, lane, history)
        self.templates.take(s, kind, before, lane.here, history)
        self.cells.take(s, lane.here, history)

    def _take_run(self, s, kind, before) -> None:
        if kind != before or kind == 1:
            self.runs = (self.runs << 4 & M32) | kind
            self.shape = add(self.shape, kind if kind in FIELD_CLASSES else s + 16)
        if kind not in FIELD_CLASSES and kind != 5:
            self.marks = (self.marks << 8 & M32) | s
        both = self.folded_high << 32 | self.folded
        both = (both << 8 & (1 << 48) - 1) | (48 if kind == 4 else s)
        self.folded, self.folded_high = both & M32, both >> 32

    def _take_gap(self, s, kind, before, lane) -> None:
        if kind in WORD_CLASSES:
            if lane.letters == 1:
                self.word4 = lane.word3
                if self.line_word == 0:
                    self.line_word = -1
            self.gap_length = 0
            self.here = lane.word
            return
        if self.gap_length == 0:
            self.gap = 0
            if self.line_word == -1:
                self.line_word = lane.word1
        self.gap_length += 1
        if kind != 4 or before != 4:
            self.gap = add(self.gap, 48 if kind == 4 else s)
        self.here = self.gap ^ 0x55555555

    def _align(self, s, kind, lane, history, class_of) -> None:
        at = self.aligned
        if s == 10:
            self.aligned, self.aligned_same = lane.line_before, 1
        elif at is None or at >= lane.line:
            return
        elif history[at] == s:
            self.aligned += 1
            if kind not in FIELD_CLASSES:
                self.aligned_same = 1
        elif kind in FIELD_CLASSES:
            self.aligned_same = 0
            if class_of(history[at]) in FIELD_CLASSES:
                self.aligned += 1
        else:
            for p in range(at, min(at + 64, lane.line)):
                if history[p] == s:
                    self.aligned, self.aligned_same = p + 1, 1
                    break

    def _follow_key(self, s, lane, history) -> None:
        before = lane.low >> 8 & 255
        key = None
        if s == 62 and before != 47:
            key = lane.tag
        elif s == 58 and before == 34:
            key = lane.key
        if key is not None:
            place = (key ^ key >> 9 ^ key >> 19) & 31
            self.keyed = self.places.get(place)
            self.places[place] = lane.here + 1
            self.keyed_same = 1
        elif self.keyed is not None:
            if history[self.keyed] != s:
                self.keyed_same = 0
            self.keyed = None if s in (10, 60) else self.keyed + 1

    def _take_column(self, s, lane, history) -> None:
        size, letters, after = lane.hints[1], 1, 0
        code, number = self.code, None
        place = lane.position - lane.primed
        if (place > size and (size or lane.listed)) or (place < 0 and lane.listed):
            if code == 1 or (code == 2 and s >= 128):
                after = 2 if s >= 128 else 0
            elif code >= 192 and s >= 128:
                number = 64 + (code - 192) * 128 + s - 128
            elif s >= 192:
                after, letters = s, 0
            elif s >= 128:
                number = s - 128
            elif s in (1, 2, 3):
                after, letters = int(s == 3), 0
        if number is not None:
            dictionary = bytes(history[lane.primed :][:size]) if place > size else b""
            if lane.listed:
                words = listed_words(dictionary)
            else:
                words = dictionary.split(b"\n")[:-1][: 64 + 64 * 128]
            letters = len(words[number]) if number < len(words) else 0
        self.column = 0 if s == 10 else self.column + letters
        self.code = after

    def aligned_bytes(self, lane, history) -> int:
        value = 0
        if self.aligned is not None and self.aligned < lane.line:
            value = history[self.aligned] + 256 * (history[self.aligned + 1] or 0)
        return value | self.aligned_same << 16

    def keyed_bytes(self, history) -> int:
        return bytes_at(self.keyed, self.keyed_same, history)

    def words(self, a: int, lane, history: list) -> int:
        picks = [
            self.here, lane.word1, lane.word2, lane.word3, self.word4, self.gap, self.runs,
            self.shape, self.folded, self.folded_high, self.marks, self.line_word & M32,
            self.indent, lane.tag, lane.key, (lane.opened & M32), self.aligned_bytes(lane, history),
            self.keyed_bytes(history), min(self.column, 255),
            *self.templates.picks(history), *self.cells.picks(history),
        ]  # fmt: skip
        h = a
        for i, value in enumerate(picks):
            if a >> i & 1:
                h = add(h, value)
        return h

    def note_runs(self, runs: list[tuple[int, int]]) -> None:
        """Symbol and strength (a logit) of each context's run."""
        symbol, strength = max(runs, key=lambda run: run[1])
        self.run_symbol = self.agreeing = 0
        if strength > 0:
            count = sum(other == symbol and s > 0 for other, s in runs)
            self.run_symbol = symbol
            self.agreeing = 1 + min(count >> 2, 7) + 8 * min(strength >> 8, 6)
