"""What a model conditions on: the lane's recent past, and the functions that hash parts of it.

A context function turns the lane's fields into two 32-bit words; their hash picks the slot. The
functions are frozen: one that must change gets a new number, so that old archives still decode.
To add one: write a small block, give it a branch in `context_words` with the next number and a
name in presets.CONTEXTS, then use it in a preset (models/*.toml).

Order-n and sparse contexts are PPM's and PAQ's; word contexts are from PAQ6 (Mahoney, Ratushnyak),
word pairs and skips from paq8; column and line contexts after paq8's record and text models;
indirect contexts (what followed this one before) from paq8's indirect model.
"""

from cmixpy.model import fields as f
from cmixpy.model.classes import character_class, is_word_class
from cmixpy.model.frames import frame_word
from cmixpy.model.hashing import FIRST_MULTIPLIER, MASK32, add_to_hash
from cmixpy.model.instructions import instruction_words
from cmixpy.model.jit import block, routine
from cmixpy.model.markup import update_element, update_quotes
from cmixpy.model.records import record_words
from cmixpy.model.text import text_words

# Tables of followers: of the last byte, the last two, a hash of the last three.
INDIRECT_BITS = 18
INDIRECT_TABLES = 3
# Hashes that a parameter picks by its bits, and what tells them apart in the sum.
WORD_FIELDS = (f.WORD, f.WORD_1, f.WORD_2, f.WORD_3)
MARKUP_FIELDS = (f.TAG, f.TAG_1, f.TAG_2, f.KEY, f.WORD, f.NAME, f.QUOTED)
PICKED_MULTIPLIERS = (3, 5, 11, 17, 23, 29, 31)


@block
def note_zeros(lane, byte):
    """The skeleton of binary data: zeros, and what four-byte numbers repeat.

    Where in a structure of unknown layout a byte stands shows in which of the bytes before it were
    zero. (paq8px's sparse model has such a context and a weight set.) Before the byte joins LOW.
    """
    mark = 0
    if byte == 0:
        mark = 1
    if byte == lane[f.LOW] >> 24:
        mark |= 2
    lane[f.ZEROS] = ((lane[f.ZEROS] << 2) & MASK32) | mark


@routine
def update_bytes(lane, byte):
    """Take one byte into the fields that contexts of 8-bit symbols read."""
    position = lane[f.START] + lane[f.POSITION]
    note_zeros(lane, byte)
    lane[f.HIGH] = ((lane[f.HIGH] << 8) & MASK32) | (lane[f.LOW] >> 24)
    lane[f.LOW] = ((lane[f.LOW] << 8) & MASK32) | byte
    kind = character_class(byte)
    lane[f.CLASSES] = ((lane[f.CLASSES] << 4) & 0xFFFFFFFFFFFF) | kind
    folded = byte
    if kind == 3:
        folded = byte + 32
    if is_word_class(kind):
        lane[f.WORD] = add_to_hash(lane[f.WORD], folded)
        lane[f.WORD_LENGTH] += 1
    elif lane[f.WORD_LENGTH] > 0:
        lane[f.WORD_3] = lane[f.WORD_2]
        lane[f.WORD_2] = lane[f.WORD_1]
        lane[f.WORD_1] = lane[f.WORD]
        lane[f.WORD] = 0
        lane[f.WORD_LENGTH] = 0
    if position == lane[f.LINE]:
        lane[f.LINE_FIRST] = byte
    if byte == 10:
        lane[f.LINE_BEFORE] = lane[f.LINE]
        lane[f.LINE] = position + 1
        lane[f.LINE_FIRST] = 0
    update_element(lane, byte)
    update_quotes(lane, byte)
    if byte == 60 or byte == 91 or byte == 123 or byte == 40:
        lane[f.OPENED_BEFORE] = lane[f.OPENED]
        lane[f.OPENED] = byte
    elif byte == 62 or byte == 93 or byte == 125 or byte == 41:
        lane[f.OPENED] = lane[f.OPENED_BEFORE]
        lane[f.OPENED_BEFORE] = 0
    elif lane[f.OPENED] == 60 and (kind == 2 or kind == 3):
        lane[f.OPENED] = 61 + (byte << 8)


@block
def read_followers(lane, followers):
    """What followed the last one, two and three bytes before: three bytes, the newest lowest."""
    for t in range(INDIRECT_TABLES):
        lane[f.FOLLOWERS + t] = followers[t, lane[f.INDIRECT + t]] + 0


@block
def note_followers(lane, followed, byte):
    """Note for the commit what the tables' entries become, and where the next ones are."""
    for t in range(INDIRECT_TABLES):
        after = ((lane[f.FOLLOWERS + t] << 8) & 0xFFFFFF) | byte
        followed[t] = (lane[f.INDIRECT + t] << 24) | after
    lane[f.INDIRECT] = lane[f.LOW] & 0xFF
    lane[f.INDIRECT + 1] = lane[f.LOW] & 0xFFFF
    h = ((lane[f.LOW] & 0xFFFFFF) * FIRST_MULTIPLIER) & MASK32
    lane[f.INDIRECT + 2] = h >> (32 - INDIRECT_BITS)


@block
def update_bases(lane, base):
    """Take one 2-bit symbol into the packed strand and its reverse complement."""
    lane[f.PACKED] = ((lane[f.PACKED] << 2) & 0x3FFFFFFFFFFFFFFF) | base
    lane[f.REVERSED] = (lane[f.REVERSED] >> 2) | ((3 - base) << 60)


@block
def reverse_strand(lane, order):
    """Reverse complement of the last `order` bases (at most 31), packed as PACKED is."""
    return lane[f.REVERSED] >> (2 * (31 - order))


@block
def byte_above(lane, history, distance):
    """The byte one line up in the same column, moved by `distance`; 0 when there is none."""
    column = lane[f.START] + lane[f.POSITION] - lane[f.LINE]
    above = lane[f.LINE_BEFORE] + column + distance
    value = 0
    if above >= lane[f.START] and above < lane[f.LINE]:
        value = history[above] + 0
    return value


@block
def picked(a, columns, lane):
    """32 bits from those of the lane's `columns` that the bits of `a` pick."""
    total = 0
    for i in range(len(columns)):
        if (a >> i) & 1:
            total += lane[columns[i]] * PICKED_MULTIPLIERS[i]
    return (total ^ (total >> 17)) & MASK32


@block
def context_words(function, a, b, lane, history, hints, table):
    """(first, second): the two 32-bit words that context `function` with parameters says."""
    first = 0
    second = 0
    if function == 0:  # bytes: a masks the last four, b the four before
        first = lane[f.LOW] & a
        second = lane[f.HIGH] & b
    elif function == 1:  # words: bits 0-3 of a: current word and the three before; b masks bytes
        first = picked(a, WORD_FIELDS, lane)
        second = lane[f.LOW] & b
    elif function == 2:  # line: bytes above, and a masks bytes; b: 1 column, 2 first character
        first = byte_above(lane, history, 0) | (byte_above(lane, history, 1) << 8)
        if b & 1:
            first |= (lane[f.START] + lane[f.POSITION] - lane[f.LINE] & 255) << 16
        if b & 2:
            first |= lane[f.LINE_FIRST] << 24
        second = lane[f.LOW] & a
    elif function == 3:  # column: a masks bytes
        first = (lane[f.START] + lane[f.POSITION] - lane[f.LINE]) & 1023
        if b & 2:
            first |= lane[f.LINE_FIRST] << 24
        second = lane[f.LOW] & a
    elif function == 4:  # classes of the last bytes, a masks them; b masks bytes
        first = lane[f.CLASSES] & a
        second = lane[f.LOW] & b
    elif function == 5:  # opened brackets and tags
        first = (lane[f.OPENED] + lane[f.OPENED_BEFORE] * 0x10001) & MASK32
        second = lane[f.LOW] & a
    elif function == 6:  # expected: the match models' symbols with their lengths
        first = lane[f.MATCH + f.MATCH_SYMBOL] | (lane[f.MATCH + f.MATCH_SLOT] << 9)
        if b & 1:
            m = f.MATCH + f.MATCH_FIELDS
            first |= (lane[m + f.MATCH_SYMBOL] | (lane[m + f.MATCH_SLOT] << 9)) << 16
        second = lane[f.LOW] & a
    elif function == 7:  # bases: a masks the low 32 bits of the strand, b the high
        first = lane[f.PACKED] & a
        second = (lane[f.PACKED] >> 32) & b
    elif function == 8:  # indirect: what followed the last 1 … 3 bytes; a & 3: which, a >> 2: bytes
        first = lane[f.FOLLOWERS + (a & 3)] & ((1 << 8 * (a >> 2)) - 1)
        second = lane[f.LOW] & b
    elif function == 9:  # records: neighbours at the distances that the hints say
        first, second = record_words(a, b, lane, history, hints)
    elif function == 10:  # x86 instructions
        first, second = instruction_words(a, b, lane, table)
    elif function == 11:  # markup: a picks elements, key, word, the name and string being read
        first = picked(a, MARKUP_FIELDS, lane)
        second = lane[f.LOW] & b
    elif function == 12:  # text: a picks what a reader knows; b masks bytes
        first = text_words(a, lane, history)
        second = lane[f.LOW] & b
    elif function == 13:  # bases, and the reading frame
        first = lane[f.PACKED] & a
        second = (((lane[f.PACKED] >> 32) & b) + frame_word(lane[f.FRAME])) & MASK32
    elif function == 14:  # zeros: a masks the marks, b masks bytes
        first = lane[f.ZEROS] & a
        second = lane[f.LOW] & b
    return first, second
