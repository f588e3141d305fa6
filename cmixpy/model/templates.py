"""Lines as templates: what a log, a table or JSON says again, with other numbers in it.

The *template* of a line is what was read of it with each number as one 0. Together with the
templates of the lines before it foretells what kind of event comes next and how its line goes on,
whatever the times and counts in it. By the template a lane finds what the *field* that begins here
held the last time, and how a *number* here went on: by the same step as before, for counters and
clocks.

Message templates are what log parsers look for (Drain, He et al. 2017) and what compressors for
logs split off (Logzip, Liu et al. 2019); here they are contexts. Steps of numbers in columns are
known from delta coding.
"""

from cmixpy.model import fields as f
from cmixpy.model.classes import is_field_class
from cmixpy.model.hashing import add_to_hash
from cmixpy.model.jit import block
from cmixpy.model.places import bytes_at, follow_place

# Fields and numbers that a lane remembers, by a hash of the template before them.
SLOTS = 128
# 10^16: numbers of up to 17 digits have a step.
LARGEST_UNIT = 10000000000000000
# What is expected where no number was.
NO_DIGIT = 10


@block
def slot_of(template):
    """Where a lane remembers what follows a template."""
    return (template ^ (template >> 9) ^ (template >> 19)) & (SLOTS - 1)


@block
def follow_template(lane, byte, kind, before):
    """The line so far with each number as one 0, and the digits of the number being read."""
    if byte == 10:
        lane[f.TEMPLATE_2] = lane[f.TEMPLATE_1]
        lane[f.TEMPLATE_1] = lane[f.TEMPLATE]
        lane[f.TEMPLATE] = 0
        lane[f.DIGITS] = 0
    elif kind != 4:
        lane[f.TEMPLATE] = add_to_hash(lane[f.TEMPLATE], byte)
        lane[f.DIGITS] = 0
    else:
        if before != 4:
            lane[f.TEMPLATE] = add_to_hash(lane[f.TEMPLATE], 48)
        lane[f.DIGITS] = add_to_hash(lane[f.DIGITS], byte)


@block
def follow_number(lane, byte, kind, before):
    """The number being read, and the digit that the last step here would make the next one."""
    if kind == 4:
        if byte - 48 != (lane[f.STEPPED] & 15):
            lane[f.STEPPED_SAME] = 0
        lane[f.POWER] //= 10
        if before != 4:
            lane[f.UNIT] = 1
            lane[f.NUMBER] = byte - 48
        elif lane[f.UNIT] > 0 and lane[f.UNIT] < LARGEST_UNIT:
            lane[f.UNIT] *= 10
            lane[f.NUMBER] = lane[f.NUMBER] * 10 + byte - 48
        else:  # too long to be counted with
            lane[f.UNIT] = 0
            lane[f.NUMBER] = 0
    else:
        at = lane[f.NUMBER_SLOT] + 0
        if before == 4:
            if lane[f.LAST_UNITS + at] > 0:
                lane[f.STEPS + at] = lane[f.NUMBER] - lane[f.LAST_NUMBERS + at]
            lane[f.LAST_NUMBERS + at] = lane[f.NUMBER]
            lane[f.LAST_UNITS + at] = lane[f.UNIT]
        at = slot_of(lane[f.TEMPLATE])
        lane[f.NUMBER_SLOT] = at
        coming = lane[f.LAST_NUMBERS + at] + lane[f.STEPS + at]
        power = lane[f.LAST_UNITS + at] + 0
        if coming < 0:
            power = 0
        elif coming >= 10 * power:
            power *= 10
        lane[f.COMING] = coming
        lane[f.POWER] = power
        lane[f.STEPPED_SAME] = 1


@block
def note_stepped(lane):
    """STEPPED: the expected digit, whether those before were right, the digit behind it, if any."""
    at = lane[f.NUMBER_SLOT] + 0
    coming = lane[f.COMING] + 0
    power = lane[f.POWER] + 0
    value = NO_DIGIT
    if power > 0:
        value = coming // power % 10
    value |= lane[f.STEPPED_SAME] << 4
    if lane[f.LAST_UNITS + at] > 0:
        value |= 32
        if lane[f.STEPS + at] == 0:
            value |= 64
    if power >= 10:
        value |= 128 | (coming // (power // 10) % 10) << 8
    lane[f.STEPPED] = value


@block
def follow_field(lane, byte, kind, history):
    """The place in what the field here held the last time; fields begin behind what is in none."""
    if not is_field_class(kind):
        place = f.FIELD_PLACES + slot_of(lane[f.TEMPLATE])
        lane[f.LAST_FIELD] = lane[place]
        lane[place] = lane[f.START] + lane[f.POSITION] + 2
        lane[f.FIELD_SAME] = 1
    else:
        follow_place(lane, f.LAST_FIELD, f.FIELD_SAME, byte, history)


@block
def update_templates(lane, byte, kind, before, history):
    """Take one byte; `kind` and `before`: classes of it and the byte before, as in text.py."""
    follow_template(lane, byte, kind, before)
    follow_number(lane, byte, kind, before)
    note_stepped(lane)
    follow_field(lane, byte, kind, history)


@block
def field_bytes(lane, history):
    """The next byte of what the field held, the one behind it, and whether all was the same."""
    return bytes_at(lane, f.LAST_FIELD, f.FIELD_SAME, history)
