"""Delimited text (FORMAT.md, "Cells")."""

from dataclasses import dataclass, field

from reference.templates import add, bytes_at


@dataclass
class Cells:
    """A lane's cell, those before it in the row and above it in the column."""

    cell: int = 0
    before: tuple[int, int] = (0, 0)
    column: int = 0
    quoted: bool = False
    above: int = 0
    place: int | None = None
    same: int = 0
    places: dict[int, int] = field(default_factory=dict)
    cells: dict[int, int] = field(default_factory=dict)

    def take(self, s: int, here: int, history) -> None:
        if s == 10:
            self.quoted = False
        elif s == 34:
            self.quoted = not self.quoted
        if s == 10 or (s in b",;\t|" and not self.quoted):
            self.cells[self.column] = self.cell
            self.before = (self.cell, self.before[0])
            self.cell = 0
            self.column = 0 if s == 10 else min(self.column + 1, 63)
            self.above = self.cells.get(self.column, 0)
            self.place = self.places.get(self.column)
            self.places[self.column] = here + 1
            self.same = 1
        else:
            self.cell = add(self.cell, s)
            if self.place is not None:
                if history[self.place] != s:
                    self.same = 0
                self.place += 1

    def bytes(self, history) -> int:
        return bytes_at(self.place, self.same, history)

    def picks(self, history) -> list[int]:
        """What bits 24 to 29 of a text context pick."""
        return [self.cell, self.column, *self.before, self.above, self.bytes(history)]
