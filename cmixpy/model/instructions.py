"""x86 instructions, one byte at a time: which field of which instruction the next byte is.

The parser knows lengths and fields (prefixes, opcode, ModRM, SIB, displacement, immediate), not
meanings. One set of rules serves 32-bit and 64-bit code: 40 … 4F count as REX prefixes, so an
`inc` of 32-bit code merely joins the instruction after it; C4, C5 and 62 always begin a VEX or
EVEX prefix; the address of A0 … A3 has four bytes. On bytes that are no code it stays within its
states, and on code it is back in step after a few instructions.

Idea: the instruction parsers of paq8px's x86 model (Márcio Pais) and of disassemblers.
"""

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.hashing import MASK32, mix
from cmixpy.model.jit import block, routine

# What the next byte is. VECTOR: the rest of a VEX or EVEX prefix; PREFIXED: as START, but not the
# first byte of its instruction.
START, MAP_1, MAP_2, MAP_3, MODRM, SIB = 0, 1, 2, 3, 4, 5
DISPLACEMENT_8, DISPLACEMENT_32 = 6, 7
IMMEDIATE_8, IMMEDIATE_16, IMMEDIATE_32, IMMEDIATE_64 = 8, 9, 10, 11
RELATIVE_8, RELATIVE_32, VECTOR, PREFIXED = 12, 13, 14, 15
# The record of an instruction, 34 bits: opcode, its map (0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A),
# prefixes 66, F2, F3 and any other, REX's B X R W, ModRM, SIB.
MAP_SHIFT, PREFIX_SHIFT, REX_SHIFT, MODRM_SHIFT, SIB_SHIFT = 8, 10, 14, 18, 26
OPERAND_SIZE, REPEAT_NOT, REPEAT, OTHER = 1 << 10, 1 << 11, 1 << 12, 1 << 13
WIDE = 8 << REX_SHIFT
# An entry of the opcode table: does ModRM follow, the kind of the operand after it (<< 1), and
# how prefixes change that.
HAS_MODRM, IS_PREFIX, BY_SIZE, BY_WIDTH = 1, 32, 64, 128


def _mark(table: np.ndarray, opcodes: str, entry: int) -> None:
    """Give every opcode of a list like "00-3f c4" the bits of `entry`."""
    for part in opcodes.split():
        first, _, last = part.partition("-")
        table[int(first, 16) : int(last or first, 16) + 1] |= entry


def opcode_table() -> np.ndarray:
    """int64[1024]: entry of opcode + 256 * map (Intel's manual, volume 2, appendix A)."""
    maps = np.zeros((4, 256), dtype=np.int64)
    one, two, three, four = maps
    for row in range(0, 0x40, 8):
        one[row : row + 4] = HAS_MODRM
        one[row + 4] = IMMEDIATE_8 << 1
        one[row + 5] = IMMEDIATE_32 << 1 | BY_SIZE
    _mark(one, "63 69 6b 80-8f c0-c1 c6-c7 d0-d3 d8-df f6-f7 fe-ff", HAS_MODRM)
    _mark(one, "6a-6b 80 82-83 a8 b0-b7 c0-c1 c6 cd d4-d5 e4-e7", IMMEDIATE_8 << 1)
    _mark(one, "c2 c8 ca", IMMEDIATE_16 << 1)
    _mark(one, "68-69 81 a9 c7", IMMEDIATE_32 << 1 | BY_SIZE)
    _mark(one, "b8-bf", IMMEDIATE_32 << 1 | BY_SIZE | BY_WIDTH)
    _mark(one, "a0-a3", IMMEDIATE_32 << 1)
    _mark(one, "70-7f e0-e3 eb", RELATIVE_8 << 1)
    _mark(one, "e8-e9", RELATIVE_32 << 1)
    one[[0x26, 0x2E, 0x36, 0x3E]] = IS_PREFIX
    _mark(one, "40-4f 64-67 f0 f2-f3", IS_PREFIX)
    _mark(two, "00-03 0d 10-2f 40-76 78-7f 90-9f a3-a5 ab-c7 d0-ff", HAS_MODRM)
    _mark(two, "70-73 a4 ac ba c2 c4-c6", IMMEDIATE_8 << 1)
    _mark(two, "80-8f", RELATIVE_32 << 1)
    three[:] = HAS_MODRM
    four[:] = HAS_MODRM | IMMEDIATE_8 << 1
    return maps.ravel()


def record_masks() -> np.ndarray:
    """int64[16]: the parts of a record that a context can ask for (FORMAT.md, "Instructions")."""
    opcode, row, prefixes = 0x3FF, 0x3F8, 0x3C00
    mode, register, memory = 3 << 24, 7 << 21 | 4 << REX_SHIFT, 7 << MODRM_SHIFT | 1 << REX_SHIFT
    index = 0xFF << SIB_SHIFT | 2 << REX_SHIFT
    return np.array(
        [
            0, opcode, opcode & ~1, row,
            opcode | prefixes | WIDE, opcode | register, opcode | mode, opcode | mode | memory,
            opcode | 0xFF << MODRM_SHIFT, opcode | prefixes | 15 << REX_SHIFT | 0xFF << MODRM_SHIFT,
            (1 << 34) - 1, opcode | mode | register, row | mode, mode | register | memory,
            mode | memory | index, opcode | mode | memory | index,
        ],
        dtype=np.int64,
    )  # fmt: skip


def instruction_table() -> np.ndarray:
    """int64[1040]: the opcode table, then the masks."""
    return np.concatenate((opcode_table(), record_masks()))


MASKS = 1024


@block
def field_bytes(kind):
    """Length of a displacement, immediate or relative address."""
    length = 1
    if kind in (DISPLACEMENT_32, IMMEDIATE_32, RELATIVE_32):
        length = 4
    elif kind == IMMEDIATE_16:
        length = 2
    elif kind == IMMEDIATE_64:
        length = 8
    return length


@block
def displacement_kind(mode, base, operand):
    """What follows a ModRM or SIB byte whose address has this base register."""
    kind = operand
    if mode == 1:
        kind = DISPLACEMENT_8
    elif mode == 2 or (mode == 0 and base == 5):
        kind = DISPLACEMENT_32
    return kind


@block
def after_opcode(lane, byte, table):
    """What follows an opcode byte, an escape or a prefix; notes it in the record."""
    record = lane[f.RECORD] + 0
    opcode_map = (record >> MAP_SHIFT) & 3
    entry = table[opcode_map * 256 + byte] + 0
    kind = PREFIXED
    if opcode_map == 0 and entry == IS_PREFIX:
        if byte >> 4 == 4:
            record = (record & ~(15 << REX_SHIFT)) | ((byte & 15) << REX_SHIFT)
        elif byte == 0x66:
            record |= OPERAND_SIZE
        elif byte == 0xF2:
            record |= REPEAT_NOT
        elif byte == 0xF3:
            record |= REPEAT
        else:
            record |= OTHER
    elif opcode_map == 0 and byte == 0x0F:
        record |= 1 << MAP_SHIFT
        kind = MAP_1
    elif opcode_map == 0 and (byte == 0xC4 or byte == 0xC5 or byte == 0x62):
        record |= OTHER
        kind = VECTOR
        lane[f.LEFT] = 1
        if byte == 0xC5:
            record |= 1 << MAP_SHIFT
        elif byte == 0xC4:
            lane[f.LEFT] = 2
        else:
            lane[f.LEFT] = 3
    elif opcode_map == 1 and byte == 0x38:
        record += 1 << MAP_SHIFT
        kind = MAP_2
    elif opcode_map == 1 and byte == 0x3A:
        record += 2 << MAP_SHIFT
        kind = MAP_3
    else:
        operand = (entry >> 1) & 15
        if entry & BY_WIDTH and record & WIDE:
            operand = IMMEDIATE_64
        elif entry & BY_SIZE and record & OPERAND_SIZE:
            operand = IMMEDIATE_16
        lane[f.OPERAND] = operand
        record |= byte
        kind = operand
        if entry & HAS_MODRM:
            kind = MODRM
    lane[f.RECORD] = record
    return kind


@block
def after_vector(lane, byte):
    """What follows a byte of a VEX or EVEX prefix: its first holds the opcode's map."""
    if (lane[f.RECORD] >> MAP_SHIFT) & 3 == 0:
        lane[f.RECORD] |= max(byte & 3, 1) << MAP_SHIFT
    lane[f.LEFT] -= 1
    kind = VECTOR
    if lane[f.LEFT] == 0:
        kind = (lane[f.RECORD] >> MAP_SHIFT) & 3
    return kind


@block
def after_modrm(lane, byte):
    """What follows a ModRM byte; F6 and F7 have an operand only as `test`."""
    lane[f.RECORD] |= byte << MODRM_SHIFT
    opcode = lane[f.RECORD] & 0x3FE
    if opcode == 0xF6 and (byte >> 3) & 7 < 2:
        lane[f.OPERAND] = IMMEDIATE_8
        if lane[f.RECORD] & 1:
            lane[f.OPERAND] = IMMEDIATE_32
            if lane[f.RECORD] & OPERAND_SIZE:
                lane[f.OPERAND] = IMMEDIATE_16
    kind = lane[f.OPERAND] + 0
    if byte >> 6 != 3:
        kind = displacement_kind(byte >> 6, byte & 7, kind)
        if byte & 7 == 4:
            kind = SIB
    return kind


@routine
def take_instruction_byte(lane, byte, table):
    """Take one byte into the parser's fields."""
    kind = lane[f.NEXT] + 0
    lane[f.WITHIN] += 1
    if kind == MODRM:
        following = after_modrm(lane, byte)
    elif kind == SIB:
        lane[f.RECORD] |= byte << SIB_SHIFT
        mode = (lane[f.RECORD] >> (MODRM_SHIFT + 6)) & 3
        following = displacement_kind(mode, byte & 7, lane[f.OPERAND])
    elif kind == VECTOR:
        following = after_vector(lane, byte)
    elif kind == PREFIXED or kind < MODRM:
        following = after_opcode(lane, byte, table)
    else:
        lane[f.FIELD] = ((lane[f.FIELD] << 8) | byte) & 0xFFFFFFFF
        lane[f.LEFT] -= 1
        following = kind + 0
        if lane[f.LEFT] == 0:
            following = START
            if kind in (DISPLACEMENT_8, DISPLACEMENT_32):
                following = lane[f.OPERAND] + 0
            if kind == DISPLACEMENT_32:
                lane[f.LAST_DISPLACEMENT] = lane[f.FIELD]
            elif kind == RELATIVE_32:
                lane[f.LAST_TARGET] = lane[f.FIELD]
    lane[f.NEXT] = following
    if following != kind and following >= DISPLACEMENT_8 and following <= RELATIVE_32:
        lane[f.LEFT] = field_bytes(following)
        lane[f.FIELD] = 0
    if following == START:
        lane[f.RECORD_4] = lane[f.RECORD_3]
        lane[f.RECORD_3] = lane[f.RECORD_2]
        lane[f.RECORD_2] = lane[f.RECORD_1]
        lane[f.RECORD_1] = lane[f.RECORD]
        lane[f.RECORD] = 0
        lane[f.WITHIN] = 0
        lane[f.LEFT] = 0
        lane[f.FIELD] = 0


@block
def instruction_words(a, b, lane, table):
    """The two words of context function 10: parts of the records, field, and last bytes.

    Nibbles 0 … 4 of `a` pick masks for this instruction's record and those of the four before it;
    its bits 20 … 23 add the field so far, the bytes so far, the last target, the last
    displacement. `b` masks the last four bytes. What the next byte is always counts.
    """
    first = lane[f.NEXT] | (lane[f.LEFT] << 4)
    if a & 0x200000:
        first |= lane[f.WITHIN] << 8
    for k in range(5):
        chosen = (a >> (4 * k)) & 15
        if chosen > 0:
            part = lane[f.RECORD + k] & table[MASKS + chosen]
            first = mix(first, (part ^ ((part >> 32) * 0x9E3779B1)) & MASK32) & MASK32
    if a & 0x100000:
        first = mix(first, lane[f.FIELD]) & MASK32
    if a & 0x400000:
        first = mix(first, lane[f.LAST_TARGET]) & MASK32
    if a & 0x800000:
        first = mix(first, lane[f.LAST_DISPLACEMENT]) & MASK32
    return first, lane[f.LOW] & b


@block
def instruction_state(a, lane):
    """Selector 16, 256 values: kind of the next byte, and bytes left (a = 0) or so far (a = 1)."""
    value = lane[f.LEFT]
    if a > 0:
        value = min(lane[f.WITHIN], 15)
    return lane[f.NEXT] | (value << 4)


@block
def instruction_opcode(a, lane):
    """Selector 17, 2048 values: the opcode and its map, before an opcode those of the last one.

    With a = 1 the ModRM byte and the kind of the next byte.
    """
    kind = lane[f.NEXT]
    value = 0
    if a > 0:
        value = ((lane[f.RECORD] >> MODRM_SHIFT) & 255) | ((kind >> 1) << 8)
    elif kind == PREFIXED or kind < MODRM:
        value = 1024 | (lane[f.RECORD_1] & 0x3FF)
    else:
        value = lane[f.RECORD] & 0x3FF
    return value
