"""Markup and keys: the elements of XML that are open around a lane's place, and JSON's keys.

Structure says more about what comes next than the last few bytes do: under <title> other words
come than under <id>, and a key is followed by its kind of value (XML and JSON contexts of paq8px
and XMill's containers, Liefke and Suciu 2000).
"""

from cmixpy.model import fields as f
from cmixpy.model.hashing import add_to_hash
from cmixpy.model.jit import block

OPENING, CLOSING, OTHER, NAME_ENDED = 1, 2, 3, 4


@block
def update_element(lane, byte):
    """Follow the names between angle brackets: an element opens, closes, or is none."""
    before = (lane[f.LOW] >> 8) & 255
    state = lane[f.NAME_STATE]
    if byte == 60:  # <
        state = OPENING
        lane[f.NAME] = 0
    elif state > 0:
        if byte == 62:  # >
            if state & 3 == OPENING and before != 47:  # />: empty, nothing stays open
                lane[f.TAG_2] = lane[f.TAG_1]
                lane[f.TAG_1] = lane[f.TAG]
                lane[f.TAG] = lane[f.NAME]
            elif state & 3 == CLOSING:
                lane[f.TAG] = lane[f.TAG_1]
                lane[f.TAG_1] = lane[f.TAG_2]
                lane[f.TAG_2] = 0
            state = 0
        elif byte == 47 and before == 60:  # </
            state = CLOSING
        elif (byte == 33 or byte == 63) and before == 60:  # <! and <?
            state = OTHER
        elif byte == 32 or byte == 10:
            state |= NAME_ENDED
        elif state < NAME_ENDED:
            lane[f.NAME] = add_to_hash(lane[f.NAME], byte)
    lane[f.NAME_STATE] = state


@block
def update_quotes(lane, byte):
    """Follow strings in double quotes; one before a colon is a key."""
    if byte == 34:  # "
        lane[f.IN_QUOTES] = 1 - lane[f.IN_QUOTES]
        if lane[f.IN_QUOTES]:
            lane[f.QUOTED] = 0
    elif byte == 10:
        lane[f.IN_QUOTES] = 0
    elif lane[f.IN_QUOTES]:
        lane[f.QUOTED] = add_to_hash(lane[f.QUOTED], byte)
    elif byte == 58:  # :
        lane[f.KEY] = lane[f.QUOTED]
