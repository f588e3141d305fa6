"""Text as a reader sees it: runs of letters and what stands between them, lines, fields, keys.

`update_bytes` (contexts.py) knows words; here is what the words alone do not say. A *gap* is what
stands between two words: the word before and the gap together predict the next word, the word
alone confuses "the" with "the,". Runs of equal classes are the shape of a line. The *aligned* place
is the byte of the line above that has the same place in the same field, the *keyed* place that of
the last value of the same key or element: what logs, tables and lists repeat although lengths
differ. Words with what lies between them, first words of lines, shapes and folded numbers are in
the text, word and record models of paq8px (Ratushnyak, Gotthardt).

The words transform (cmixpy/words.py) hides how long words are, and so the columns of wrapped text.
Its dictionary stands at the beginning of the symbols, where lanes can look the lengths up once the
first lane is past it; hint(1) is its length. (paq8hp and fxcm, behind a dictionary too, expand
words for their models: Ratushnyak; Orav.)
"""

from cmixpy.model import fields as f
from cmixpy.model.cells import cell_bytes, update_cells
from cmixpy.model.classes import character_class, is_field_class, is_word_class
from cmixpy.model.hashing import MASK32, add_to_hash
from cmixpy.model.jit import block, routine
from cmixpy.model.places import bytes_at, follow_place
from cmixpy.model.templates import field_bytes, update_templates
from cmixpy.model.tokens import ESCAPE
from cmixpy.parts import FIRST_CELL_BIT
from cmixpy.wordlist import FIRST_LEAD, LEAF, LEAST_CODE, MOST_WORDS, SINGLE

# How far an aligned place looks for the separator that ended a field.
LONGEST_FIELD = 64
# Places of values that a lane remembers, by a hash of the key.
KEYS = 32
# How the next symbol is read: behind an escape, or in a run of high bytes behind one.
ESCAPED, RAW = 1, 2


@block
def align(lane, byte, kind, history):
    """Move the aligned place on: with the field, or behind the next separator like this one."""
    at = lane[f.ALIGNED] - 1
    line = lane[f.LINE]
    if byte == 10:
        lane[f.ALIGNED] = lane[f.LINE_BEFORE] + 1
        lane[f.ALIGNED_SAME] = 1
    elif at >= 0 and at < line:
        above = history[at]
        if above == byte:
            lane[f.ALIGNED] = at + 2
            if not is_field_class(kind):
                lane[f.ALIGNED_SAME] = 1
        elif is_field_class(kind):
            lane[f.ALIGNED_SAME] = 0
            if is_field_class(character_class(above)):
                lane[f.ALIGNED] = at + 2
        else:
            end = min(at + LONGEST_FIELD, line)
            place = at + 0
            while place < end and history[place] != byte:
                place += 1
            if place < end:
                lane[f.ALIGNED] = place + 2
                lane[f.ALIGNED_SAME] = 1


@block
def follow_key(lane, byte, history):
    """The place in the last value of the same element or key, until a value ends."""
    before = (lane[f.LOW] >> 8) & 255
    key = -1
    if byte == 62 and before != 47:  # > but not />
        key = lane[f.TAG]
    elif byte == 58 and before == 34:  # ":
        key = lane[f.KEY]
    if key >= 0:
        place = f.KEYED_PLACES + ((key ^ (key >> 9) ^ (key >> 19)) & (KEYS - 1))
        lane[f.KEYED] = lane[place]
        lane[place] = lane[f.START] + lane[f.POSITION] + 2
        lane[f.KEYED_SAME] = 1
    elif lane[f.KEYED] > 0:
        follow_place(lane, f.KEYED, f.KEYED_SAME, byte, history)
        if byte == 60 or byte == 10:
            lane[f.KEYED] = 0


@block
def note_word(lane, position, listed, word_letters):
    """The first lane has come to the end of a line of the dictionary."""
    letters = position - lane[f.WORD_BEGIN]
    lane[f.WORD_BEGIN] = position + 1
    place = lane[f.WORD_COUNT] + 0
    if listed > 0:
        # The list's words keep their places; an empty line goes on to the next lead byte.
        place = max(place, SINGLE)
        if letters == 0:
            place += LEAF - 1 - (place - SINGLE) % LEAF
        else:
            while place < MOST_WORDS and word_letters[place] > 0:
                place += 1
    if place < MOST_WORDS:
        if letters > 0:
            word_letters[place] = letters
        place += 1
    lane[f.WORD_COUNT] = place


@block
def follow_column(lane, byte, history, hints, primed, listed, word_letters):
    """Column of the text behind the codes; the first lane notes how long dictionary words are."""
    size = hints[1]
    position = lane[f.POSITION] - primed
    first = lane[f.START] == 0 and position >= 0
    state = lane[f.CODE_STATE]
    after = 0
    number = -1
    letters = 1
    if first and position < size:
        if byte == 10:
            note_word(lane, position, listed, word_letters)
    elif (position > size and size + listed > 0) or (position < 0 and listed > 0):
        if state == ESCAPED or (state == RAW and byte >= LEAST_CODE):
            if byte >= LEAST_CODE:
                after = RAW
        elif state >= FIRST_LEAD and byte >= LEAST_CODE:
            number = SINGLE + (state - FIRST_LEAD) * 128 + byte - LEAST_CODE
        elif byte >= FIRST_LEAD:
            after = byte + 0
            letters = 0
        elif byte >= LEAST_CODE:
            number = byte - LEAST_CODE
        elif byte > 0 and byte <= ESCAPE:  # a flag, or an escape
            letters = 0
            if byte == ESCAPE:
                after = ESCAPED
    if number >= 0:
        letters = word_letters[number] + 0
    lane[f.TEXT_COLUMN] += letters
    if byte == 10:
        lane[f.TEXT_COLUMN] = 0
    lane[f.CODE_STATE] = after


@block
def follow_runs(lane, byte, kind, before):
    """Classes without repetitions, the shape of the line, marks; letters are of one class."""
    if kind != before or kind == 1:
        lane[f.RUNS] = ((lane[f.RUNS] << 4) & MASK32) | kind
        token = kind + 0
        if not is_field_class(kind):
            token = byte + 16
        lane[f.SHAPE] = add_to_hash(lane[f.SHAPE], token)
    if not is_field_class(kind) and kind != 5:
        lane[f.MARKS] = ((lane[f.MARKS] << 8) & MASK32) | byte
    folded = byte + 0
    if kind == 4:
        folded = 48
    lane[f.FOLDED_HIGH] = ((lane[f.FOLDED_HIGH] << 8) & 0xFFFF) | (lane[f.FOLDED_LOW] >> 24)
    lane[f.FOLDED_LOW] = ((lane[f.FOLDED_LOW] << 8) & MASK32) | folded


@block
def follow_gap(lane, byte, kind, before):
    """The word or the gap that is being read; numbers in gaps count as one 0."""
    if is_word_class(kind):
        if lane[f.WORD_LENGTH] == 1:
            lane[f.WORD_4] = lane[f.WORD_3]
            if lane[f.LINE_WORD] == 0:
                lane[f.LINE_WORD] = -1
        lane[f.GAP_LENGTH] = 0
        lane[f.HERE] = lane[f.WORD]
    else:
        if lane[f.GAP_LENGTH] == 0:
            lane[f.GAP] = 0
            if lane[f.LINE_WORD] == -1:
                lane[f.LINE_WORD] = lane[f.WORD_1]
        lane[f.GAP_LENGTH] += 1
        if kind != 4:
            lane[f.GAP] = add_to_hash(lane[f.GAP], byte)
        elif before != 4:
            lane[f.GAP] = add_to_hash(lane[f.GAP], 48)
        lane[f.HERE] = lane[f.GAP] ^ 0x55555555


@routine
def update_text(lane, byte, history, hints, primed, listed, cells, word_letters):
    """Take one byte, after `update_bytes`.

    listed : number of the list that has words of their own codes, 0 for none
    cells : whether some part of the model asks for cells, which take some 2 % of the time
    word_letters : int32[MOST_WORDS], how long the word of each code is
    """
    kind = lane[f.CLASSES] & 15
    before = (lane[f.CLASSES] >> 4) & 15
    if kind == 3:
        kind = 2
    if before == 3:
        before = 2
    follow_runs(lane, byte, kind, before)
    follow_gap(lane, byte, kind, before)
    if byte == 10:
        lane[f.SHAPE] = 0
        lane[f.LINE_WORD] = 0
        lane[f.INDENT] = 0
        lane[f.INDENTED] = 0
    elif lane[f.INDENTED] == 0:
        if byte == 32 or byte == 9:
            lane[f.INDENT] += 1
        else:
            lane[f.INDENTED] = 1
    align(lane, byte, kind, history)
    follow_key(lane, byte, history)
    follow_column(lane, byte, history, hints, primed, listed, word_letters)
    update_templates(lane, byte, kind, before, history)
    if cells:
        update_cells(lane, byte, history)


@block
def aligned_bytes(lane, history):
    """The byte at the aligned place, the one behind it, and whether the field has been the same."""
    at = lane[f.ALIGNED] - 1
    value = 0
    if at >= 0 and at < lane[f.LINE]:
        value = history[at] + 256 * history[at + 1]
    return value | lane[f.ALIGNED_SAME] << 16


@block
def keyed_bytes(lane, history):
    """The byte of the last value of this key, the one behind it, and whether all was the same."""
    return bytes_at(lane, f.KEYED, f.KEYED_SAME, history)


# What the bits of `a` of a text context pick, from bit 0.
TEXT_FIELDS = (
    f.HERE, f.WORD_1, f.WORD_2, f.WORD_3, f.WORD_4, f.GAP, f.RUNS, f.SHAPE, f.FOLDED_LOW,
    f.FOLDED_HIGH, f.MARKS, f.LINE_WORD, f.INDENT, f.TAG, f.KEY, f.OPENED,
)  # fmt: skip
ALIGNED_BIT, KEYED_BIT, COLUMN_BIT = 16, 17, 18
TEMPLATE_BIT, BEFORE_BIT, BEFORE_2_BIT, FIELD_BIT, STEPPED_BIT = 19, 20, 21, 22, 23
# And from FIRST_CELL_BIT on: of cells, those that are fields, then what the cell above says.
CELL_BYTES_BIT = 29
CELL_FIELDS = f.CELL, f.CELL_COLUMN, f.CELL_1, f.CELL_2, f.CELL_ABOVE


@routine
def text_words(a, lane, history):
    """32 bits from what the bits of `a` pick."""
    h = a + 0
    for i in range(len(TEXT_FIELDS)):
        if (a >> i) & 1:
            h = add_to_hash(h, lane[TEXT_FIELDS[i]] & MASK32)
    if (a >> ALIGNED_BIT) & 1:
        h = add_to_hash(h, aligned_bytes(lane, history))
    if (a >> KEYED_BIT) & 1:
        h = add_to_hash(h, keyed_bytes(lane, history))
    if (a >> COLUMN_BIT) & 1:
        h = add_to_hash(h, min(lane[f.TEXT_COLUMN], 255))
    if (a >> TEMPLATE_BIT) & 1:
        h = add_to_hash(h, (lane[f.TEMPLATE] + lane[f.DIGITS]) & MASK32)
    if (a >> BEFORE_BIT) & 1:
        h = add_to_hash(h, lane[f.TEMPLATE_1] + 0)
    if (a >> BEFORE_2_BIT) & 1:
        h = add_to_hash(h, lane[f.TEMPLATE_2] + 0)
    if (a >> FIELD_BIT) & 1:
        h = add_to_hash(h, field_bytes(lane, history))
    if (a >> STEPPED_BIT) & 1:
        h = add_to_hash(h, lane[f.STEPPED] + 0)
    for i in range(len(CELL_FIELDS)):
        if (a >> (FIRST_CELL_BIT + i)) & 1:
            h = add_to_hash(h, lane[CELL_FIELDS[i]] + 0)
    if (a >> CELL_BYTES_BIT) & 1:
        h = add_to_hash(h, cell_bytes(lane, history))
    return h


@routine
def note_runs(lane, symbols, strengths):
    """The symbol of the strongest run, and how many contexts expect it, with its strength."""
    best = 0
    for c in range(symbols.shape[0]):
        if strengths[c] > strengths[best]:
            best = c
    strength = strengths[best] + 0
    lane[f.RUN_SYMBOL] = 0
    lane[f.AGREEING] = 0
    if strength > 0:
        count = 0
        for c in range(symbols.shape[0]):
            if strengths[c] > 0 and symbols[c] == symbols[best]:
                count += 1
        lane[f.RUN_SYMBOL] = symbols[best] & 255
        lane[f.AGREEING] = 1 + min(count >> 2, 7) + 8 * min(strength >> 8, 6)
