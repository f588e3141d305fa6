"""Transform 2's kernel: relative addresses in x86 code to absolute ones, and back.

The same function called from many places, or the same variable, has another relative address at
each; the absolute one repeats. The operands of call, jmp and jcc, and in 64-bit code addresses
relative to the instruction pointer, are found by the parser of instructions.py, which never looks
at them: so it finds the same ones in the transformed bytes. Only addresses that lead into the
segment, or not farther behind it than it is long, change, and they stay such, so the rule inverts
exactly on any bytes (the E8 translation of Microsoft's cabinet format). The highest byte comes
first then: high bytes are easy, and tell what the low ones may be (BCJ2 and paq8's filters).
"""

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.instructions import (
    DISPLACEMENT_32,
    MODRM_SHIFT,
    RELATIVE_32,
    field_bytes,
    instruction_table,
    take_instruction_byte,
)
from cmixpy.model.jit import block, kernel


@block
def translated(value, position, reach, undo):
    """The address, -2^31 … 2^31 - 1, from relative to absolute or back; position < reach."""
    result = value + 0
    if value >= -position and value < reach:
        if undo:
            result = value - position
            if value < 0:
                result = value + reach
        else:
            result = value + position
            if result >= reach:
                result = value - reach
    return result


@kernel
def translate(data, begin, end, wide, undo, table, lane):
    """Translate the addresses in data[begin:end], uint8, in place; lane int64[FIELDS]."""
    lane[:] = 0
    reach = 2 * data.shape[0]
    for i in range(begin, end):
        kind = lane[f.NEXT]
        if lane[f.LEFT] == 4 and i + 4 <= end:
            after = 0
            wanted = kind == RELATIVE_32
            if wide and kind == DISPLACEMENT_32 and (lane[f.RECORD] >> MODRM_SHIFT) & 0xC7 == 5:
                wanted = True
                if lane[f.OPERAND] > 0:
                    after = field_bytes(lane[f.OPERAND])
            if wanted:
                value = 0
                for j in range(4):
                    shift = 8 * j
                    if undo:
                        shift = 24 - 8 * j
                    value |= data[i + j] << shift
                value = value - ((value >> 31) << 32)
                value = translated(value, i + 4 + after, reach, undo)
                for j in range(4):
                    shift = 24 - 8 * j
                    if undo:
                        shift = 8 * j
                    data[i + j] = (value >> shift) & 255
        take_instruction_byte(lane, data[i], table)


def translate_ranges(data: np.ndarray, ranges: np.ndarray, wide: bool, undo: bool) -> None:
    """Translate data, uint8[n], in place in each range of int64[m, 2]; `wide`: 64-bit code."""
    table = instruction_table()
    lane = np.zeros(f.FIELDS, dtype=np.int64)
    for begin, end in ranges.tolist():
        translate(data, begin, end, wide, undo, table, lane)
