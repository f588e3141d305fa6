"""Delimited text (CSV, TSV): rows of cells, and what stood in this column before.

A *cell* ends at a comma, semicolon, tab or bar outside double quotes (RFC 4180), or with the line.
What has been read of it, together with its column, with the cell before or with the one above,
foretells the rest: columns repeat their values, and cells settle one another, as a town its region.
A lane also follows the cell above byte by byte. (Compressors of tables go by columns as well:
pzip, Buchsbaum, Fowler and Giancarlo 2003; here columns are contexts and rows stay as they are.)
"""

from cmixpy.model import fields as f
from cmixpy.model.hashing import add_to_hash
from cmixpy.model.jit import block
from cmixpy.model.places import bytes_at, follow_place

# Columns that are told apart; those behind count as the last of them.
COLUMNS = 64


@block
def is_separator(byte):
    """Whether a cell ends at this byte, outside quotes."""
    return byte == 44 or byte == 59 or byte == 9 or byte == 124


@block
def end_cell(lane, ends_row):
    """The next cell begins: below what this column held, and where."""
    column = lane[f.CELL_COLUMN] + 0
    lane[f.CELLS_ABOVE + column] = lane[f.CELL]
    lane[f.CELL_2] = lane[f.CELL_1]
    lane[f.CELL_1] = lane[f.CELL]
    lane[f.CELL] = 0
    column = min(column + 1, COLUMNS - 1)
    if ends_row:
        column = 0
    lane[f.CELL_COLUMN] = column
    lane[f.CELL_ABOVE] = lane[f.CELLS_ABOVE + column]
    lane[f.CELL_PLACE] = lane[f.CELL_PLACES + column]
    lane[f.CELL_PLACES + column] = lane[f.START] + lane[f.POSITION] + 2
    lane[f.CELL_SAME] = 1


@block
def update_cells(lane, byte, history):
    """Take one byte."""
    if byte == 34:
        lane[f.CELL_QUOTED] ^= 1
    if byte == 10:  # even within quotes: one too many spoils no more than its line
        lane[f.CELL_QUOTED] = 0
    if byte == 10 or (is_separator(byte) and lane[f.CELL_QUOTED] == 0):
        end_cell(lane, byte == 10)
    else:
        lane[f.CELL] = add_to_hash(lane[f.CELL], byte)
        follow_place(lane, f.CELL_PLACE, f.CELL_SAME, byte, history)


@block
def cell_bytes(lane, history):
    """The next byte of the cell above, the one behind it, and whether all was the same."""
    return bytes_at(lane, f.CELL_PLACE, f.CELL_SAME, history)
