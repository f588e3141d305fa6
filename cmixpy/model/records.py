"""Records, tables, samples and bitmaps: what lies a found distance before the coming byte.

The encoder finds the distances (cmixpy/lags.py) and sends them as hints. A byte of a table depends
on the byte above it, one record length back, more than on the bytes just before it; a sample on
the one before it in its channel, a pixel on its neighbours in the rows above. What does not lie in
the lane, before the coming byte, reads as 0; so does everything when there is no such hint.

Sources of the ideas: record, sparse, 1-bit, 8-bit image and audio models of PAQ7/8 (Mahoney,
Ratushnyak, Veress, Skibinski, Marcio Pais); pixel templates from JBIG; the running sum of changes
of quality values from fqzcomp (Bonfield).
"""

from cmixpy.model import fields as f
from cmixpy.model.jit import block, routine

WORD_MASK = 0xFFFFFFFF
# Bit of a record context's `b`: `a` says windows of pixels, each nibble has its own.
PIXELS = 1 << 15


@block
def byte_at(lane, history, back):
    """The byte `back` before the coming one; 0 when it is not coded yet or of another lane."""
    here = lane[f.START] + lane[f.POSITION]
    value = 0
    if back > 0 and back <= lane[f.POSITION]:
        value = history[here - back] + 0
    return value


@block
def tap(code, distance, element, lane, history):
    """One neighbour: bits 6-7 of `code` count distances back, bits 0-4 bytes on, plus 16.

    With bit 5 the distances are elements.
    """
    value = 0
    unit = distance
    if code & 32:
        unit = element
    if code > 0 and (code < 64 or unit > 0):
        value = byte_at(lane, history, (code >> 6) * unit + 16 - (code & 31))
    return value


@block
def derived(mode, distance, element, lane, history):
    """A byte computed from neighbours: what they extrapolate to, or how they behaved lately."""
    west = byte_at(lane, history, element)
    north = 0
    corner = 0
    if distance > 0:
        north = byte_at(lane, history, distance)
        corner = byte_at(lane, history, distance + element)
    before = byte_at(lane, history, 1)
    value = 0
    if mode == 1:  # plane through the neighbours
        value = west + north - corner
    elif mode == 2:  # line through the two above
        if distance > 0:
            value = 2 * north - byte_at(lane, history, 2 * distance)
    elif mode == 3:  # line through the two elements before
        value = 2 * west - byte_at(lane, history, 2 * element)
    elif mode == 4:  # mean
        value = (west + north) >> 1
    elif mode == 5:  # plane, held between the neighbours (LOCO-I, Weinberger et al.)
        value = west + north - corner
        value = max(min(west, north), min(max(west, north), value))
    elif mode == 6:  # which of the last eight bytes equalled the one above
        value = lane[f.AGREED] + 0
    elif mode == 7:  # the byte above, moved as the byte before was
        if distance > 0:
            value = north + before - byte_at(lane, history, distance + 1)
    elif mode == 8:  # how much the bytes of this line changed
        value = min(lane[f.LINE_CHANGES] >> 2, 255)
    elif mode == 9:
        value = max(byte_at(lane, history, 2), byte_at(lane, history, 3))
    return value & 255


@block
def pixel_row(rows, left, right, distance, lane, history):
    """Bits of the row `rows` up: `left` before the coming nibble's place, `right` from it on."""
    value = 0
    if distance > 0:
        back = rows * distance
        for d in range(-2, 3):
            value = (value << 8) | byte_at(lane, history, back - d)
        shift = 24 - right
        if lane[f.PARTIAL] > 1:
            shift -= 4
        value = (value >> shift) & ((1 << (left + right)) - 1)
    return value


@block
def pixel_words(a, distance, lane, history):
    """(first, second): windows of bits in this row and the three above it."""
    value = lane[f.LOW] + 0
    if lane[f.PARTIAL] > 1:
        value = (value << 4) | (lane[f.PARTIAL] & 15)
    first = value & ((1 << (a & 31)) - 1)
    first |= pixel_row(1, (a >> 5) & 15, (a >> 9) & 15, distance, lane, history) << 16
    second = pixel_row(2, (a >> 13) & 15, (a >> 17) & 15, distance, lane, history)
    second |= pixel_row(3, (a >> 21) & 15, (a >> 25) & 15, distance, lane, history) << 16
    return first & WORD_MASK, second & WORD_MASK


@routine
def record_words(a, b, lane, history, hints):
    """(first, second) of context function 9 (FORMAT.md, "Records")."""
    first = 0
    second = 0
    distance = hints[b & 7] + 0
    element = max(hints[((b & 7) + 1) & 7], 1)
    if b & PIXELS:
        first, second = pixel_words(a, distance, lane, history)
    else:
        mask = (b >> 16) & 255
        for i in range(4):
            code = (a >> (8 * i)) & 255
            first |= (tap(code, distance, element, lane, history) & mask) << (8 * i)
        for i in range(4):
            if (b >> (3 + i)) & 1:
                second |= lane[f.LOW] & (255 << (8 * i))
        column = 0
        if b & 384 and distance > 0:
            column = (lane[f.START] + lane[f.POSITION]) % distance
            column = (column >> (2 * (((b >> 7) & 3) - 1))) + 1
        extra = 0
        mode = (b >> 9) & 15
        if mode > 0:
            extra = derived(mode, distance, element, lane, history) & (b >> 24)
        second = (second + column * 0x2B4C5ED5 + extra * 0x3D4D51CB) & WORD_MASK
    return first, second


@routine
def update_record(lane, byte, history, hints):
    """Take one byte into the fields that record contexts read; POSITION is still the byte's own."""
    above = byte_at(lane, history, hints[0] + 0)
    equal = 0
    if hints[0] > 0 and above == byte:
        equal = 1
    lane[f.AGREED] = ((lane[f.AGREED] << 1) | equal) & 255
    change = byte - (lane[f.LOW] & 255)
    change = max(change, -change)
    lane[f.LINE_CHANGES] += change
    if byte == 10:
        lane[f.LINE_CHANGES] = 0


@block
def record_selector(a, lane, history, hints):
    """0 … 255: the byte above, by `a` what else lies there; 0 without a first hint."""
    value = 0
    distance = hints[0] + 0
    if distance > 0:
        if a == 0:
            value = byte_at(lane, history, distance)
        elif a == 1:  # which of the last eight bytes equalled the one above
            value = lane[f.AGREED] + 0
        elif a == 2:  # pixels: six above the coming nibble and around, and the last two
            value = pixel_row(1, 1, 5, distance, lane, history) << 2
            value |= pixel_words(2, distance, lane, history)[0] & 3
        elif a == 3:  # plane
            value = derived(1, distance, max(hints[1], 1), lane, history)
    return value
