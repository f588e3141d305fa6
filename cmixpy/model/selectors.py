"""Selectors: the small contexts that pick a weight set or an SSE row, before the partial symbol.

Frozen like the context functions; how many values each has stands in parts.SELECTORS.
"""

from cmixpy.model import fields as f
from cmixpy.model.cells import cell_bytes
from cmixpy.model.classes import character_class
from cmixpy.model.contexts import byte_above
from cmixpy.model.experts import belief_bucket
from cmixpy.model.frames import frame_selector
from cmixpy.model.hashing import THIRD_MULTIPLIER
from cmixpy.model.instructions import instruction_opcode, instruction_state
from cmixpy.model.jit import block, routine
from cmixpy.model.records import record_selector
from cmixpy.model.text import aligned_bytes

# Selector functions whose value can change within a nibble: match state.
EACH_BIT = (3, 8, 12)


@block
def match_selector(function, lane):
    """The selectors that are asked at every bit, since a match may fail within the symbol."""
    value = 0
    slot = lane[f.MATCH + f.MATCH_SLOT]
    if function == 3:  # longest match of all models
        for m in range(f.MATCH_LIMIT):
            value = max(value, lane[f.MATCH + m * f.MATCH_FIELDS + f.MATCH_SLOT])
    elif function == 8 and slot > 0:  # the first match model's symbol and length
        value = lane[f.MATCH + f.MATCH_SYMBOL] + 256 * min(1 + (slot >> 1), 7)
    elif function == 12:  # match state, two models apart
        value = slot >> 1
        value += 8 * (lane[f.MATCH + f.MATCH_FIELDS + f.MATCH_SLOT] >> 1)
    return value


@routine
def selector_value(function, a, lane, history, hints, stretch):
    """The small context that picks a weight set or an SSE row, before the partial symbol."""
    value = 0
    if function in EACH_BIT:
        value = match_selector(function, lane)
    elif function == 1:  # previous byte
        value = lane[f.LOW] & 255
    elif function == 2:  # the byte before
        value = (lane[f.LOW] >> 8) & 255
    elif function == 4:  # how many contexts knew this place
        value = lane[f.ORDER_HITS]
    elif function == 5:  # classes of the last two bytes
        value = lane[f.CLASSES] & 255
    elif function == 6:  # length of the current word
        value = min(lane[f.WORD_LENGTH], 15)
    elif function == 7:  # bytes -1, -2 hashed to 10 bits
        value = (((lane[f.LOW] & 0xFFFF) * 0x1E35A7BD) >> 14) & 1023
    elif function == 9:  # the last `a` bits of the strand
        value = lane[f.PACKED] & ((1 << a) - 1)
    elif function == 10:  # bracket or tag
        value = lane[f.OPENED] & 255
    elif function == 11:  # byte above
        value = byte_above(lane, history, 0)
    elif function == 13:  # column
        value = min(lane[f.START] + lane[f.POSITION] - lane[f.LINE], 255)
    elif function == 14:  # records: what lies above
        value = record_selector(a, lane, history, hints)
    elif function == 15 and hints[0] > 0:  # column of the record
        value = (lane[f.START] + lane[f.POSITION]) % hints[0] & 255
    elif function == 16:  # kind of the next byte of x86 code
        value = instruction_state(a, lane)
    elif function == 17:  # opcode of x86 code
        value = instruction_opcode(a, lane)
    elif function == 18:  # experts: how sure the best is, its base, whether another disagrees
        value = belief_bucket(lane[f.EXPERT_BEST], stretch) * 64
        value += lane[f.EXPERT_BEST_BASE] * 16 + min(lane[f.EXPERTS] >> 1, 3)
        if lane[f.EXPERT_SECOND] > 0:
            value += 4
    elif function == 19:  # experts: how sure the best is, and the best that disagrees
        value = belief_bucket(lane[f.EXPERT_BEST], stretch) * 16
        value += belief_bucket(lane[f.EXPERT_SECOND], stretch)
    elif function == 20:  # the last three runs of classes, hashed to 10 bits
        value = (((lane[f.RUNS] & 0xFFF) * THIRD_MULTIPLIER) >> 14) & 1023
    elif function == 21:  # innermost element and last key
        value = (lane[f.TAG] ^ (lane[f.TAG] >> 8) ^ lane[f.KEY]) & 255
    elif function == 22:  # class of the line's first byte, column
        column = lane[f.START] + lane[f.POSITION] - lane[f.LINE]
        value = character_class(lane[f.LINE_FIRST]) * 32 + min(column, 31)
    elif function == 23:  # aligned byte, and whether the field has been the same
        value = (aligned_bytes(lane, history) & 255) + 256 * lane[f.ALIGNED_SAME]
    elif function == 24:  # the word before, hashed to 8 bits
        value = ((lane[f.WORD_1] * THIRD_MULTIPLIER) >> 20) & 255
    elif function == 25:  # what followed the last two bytes before
        value = lane[f.FOLLOWERS + 1] & 255
    elif function == 26:  # how many contexts expect what the strongest run does
        value = lane[f.AGREEING]
    elif function == 27:  # column of the text
        value = min(lane[f.TEXT_COLUMN], 127)
    elif function == 28:  # the last three bytes, hashed to 16 bits
        value = (((lane[f.LOW] & 0xFFFFFF) * THIRD_MULTIPLIER) >> 10) & 65535
    elif function == 29:  # the word or the gap being read, hashed to 16 bits
        value = ((lane[f.HERE] * THIRD_MULTIPLIER) >> 10) & 65535
    elif function == 30:  # the symbol of the strongest run
        value = lane[f.RUN_SYMBOL]
    elif function == 31:  # bytes -1, -2, for hashed rows
        value = lane[f.LOW] & 0xFFFF
    elif function == 32:  # the first match model's symbol and length, for hashed rows
        value = match_selector(8, lane)
    elif function == 33:  # bases: the reading frame, and how sure it is
        value = frame_selector(lane)
    elif function == 34:  # column of the cell
        value = lane[f.CELL_COLUMN] + 0
    elif function == 35:  # byte of the cell above, and whether it has been the same
        value = (cell_bytes(lane, history) & 255) + 256 * lane[f.CELL_SAME]
    elif function == 36:  # marks of the last four bytes, place in a number of four bytes
        value = (lane[f.ZEROS] & 255) + ((lane[f.START] + lane[f.POSITION]) & 3) * 256
    elif function == 37:  # marks of the last five bytes
        value = lane[f.ZEROS] & 1023
    return value
