"""Lists of numbers in few bytes: adaptive binary models in front of the arithmetic coder.

A number is coded as its size (binary digits) under its kind and the size of the last number of
that kind, then its digits below the first, the upper six of them modelled under kind and size
(Elias gamma codes with adaptive bits, as in LZMA's distances, Pavlov). Kind `BYTES` is text: each
byte a binary tree under the longest of the last four, two and one bytes that has been seen twice.
"""

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.coder import decode_bit, encode_bit, flush, start_coder
from cmixpy.model.counted import COUNT_BITS, COUNT_MASK, apply_counted
from cmixpy.model.jit import block, kernel
from cmixpy.model.logistic import reciprocal_table

KINDS = 7
BYTES = 6
SIZES = 32
PREFIXES = 128  # the leading one and up to six digits are modelled
TEXT_BITS = 20
LIMIT = 255
LEAST = 16  # of 65536, for a bit
HALF = 32768 << 6 << COUNT_BITS
# A number takes at least five bits of at least 0.00035 bits each: 4096 of them fill a byte.
MOST_PER_BYTE = 4096


@block
def code_number_bit(lane, code, table, entry, bit, decode, reciprocal):
    """Code one bit under table[entry], an adaptive probability, and learn it."""
    p = min(max(table[entry] >> (COUNT_BITS + 6), LEAST), 65536 - LEAST)
    if decode:
        bit = decode_bit(lane, code, p)
    else:
        encode_bit(lane, code, p, bit)
    table[entry] = apply_counted(table[entry] + 0, 1, bit, LIMIT, reciprocal)
    return bit


@block
def text_place(order, last, node):
    """Entry of a node of the byte tree under the last bytes."""
    seen = last
    if order == 0:
        seen = last & 0xFF
    elif order == 1:
        seen = last & 0xFFFF
    h = (seen * 0x2B4C5ED5 + node * 0x3D4D51CB) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 0x1E35A7BD) & 0xFFFFFFFF
    return (order << TEXT_BITS) + (h >> (32 - TEXT_BITS))


@kernel
def code_numbers(values, kinds, code, table, text, decode, reciprocal, lane, last_size):
    """Code all `values` (int64[n], written when decoding) of `kinds` (uint8[n]).

    Returns the bytes used, or -1 when `code` was too small. `lane` is a zeroed row of lane fields,
    `last_size` int64[KINDS] of zeros.
    """
    start_coder(lane, code, decode)
    last = 0
    for i in range(values.shape[0]):
        kind = np.int64(kinds[i])
        value = 0
        if not decode:
            value = values[i] + 0
        node = 1
        if kind == BYTES:
            for k in range(8):
                bit = (value >> (7 - k)) & 1
                order = 2
                while order > 0 and text[text_place(order, last, node)] & COUNT_MASK < 2:
                    order -= 1
                place = text_place(order, last, node)
                bit = code_number_bit(lane, code, text, place, bit, decode, reciprocal)
                for other in range(3):
                    if other != order:
                        place = text_place(other, last, node)
                        text[place] = apply_counted(text[place] + 0, 1, bit, LIMIT, reciprocal)
                node = 2 * node + bit
            values[i] = node - 256
            last = ((last << 8) | (node - 256)) & 0xFFFFFFFF
        else:
            size = 0
            while value >> size > 0:
                size += 1
            for k in range(5):
                entry = ((kind * SIZES + last_size[kind]) * SIZES) + node
                bit = (size >> (4 - k)) & 1
                bit = code_number_bit(lane, code, table, entry, bit, decode, reciprocal)
                node = 2 * node + bit
            size = node - SIZES
            last_size[kind] = size
            number = min(size, 1)
            for k in range(size - 1):
                bit = (value >> (size - 2 - k)) & 1
                if number < PREFIXES // 2:
                    entry = KINDS * SIZES * SIZES + (kind * SIZES + size) * PREFIXES + number
                    bit = code_number_bit(lane, code, table, entry, bit, decode, reciprocal)
                elif decode:
                    bit = decode_bit(lane, code, 32768)
                else:
                    encode_bit(lane, code, 32768, bit)
                number = 2 * number + bit
            values[i] = number
    if not decode:
        flush(lane, code)
    count = lane[f.CODE_COUNT] + 0
    if lane[f.OVERFLOW]:
        count = -1
    return count


def _run(values: np.ndarray, kinds: np.ndarray, code: np.ndarray, decode: bool) -> int:
    table = np.full(KINDS * SIZES * (SIZES + PREFIXES), HALF, dtype=np.int64)
    text = np.full(3 << TEXT_BITS if (kinds == BYTES).any() else 1, HALF, dtype=np.int64)
    lane = np.zeros(f.FIELDS, dtype=np.int64)
    reciprocal = reciprocal_table(LIMIT + 1)
    last_size = np.zeros(KINDS, dtype=np.int64)
    return code_numbers(
        values, kinds, code, table, text, decode, reciprocal, lane, last_size
    )


def encode_numbers(values: np.ndarray, kinds: np.ndarray) -> bytes:
    """Bytes of int64[n] in 0 … 2^31 - 1 (bytes below 256) of kinds uint8[n]; no trailing zeros."""
    values = values.astype(np.int64)
    code = np.zeros(8 * len(values) + 64, dtype=np.uint8)
    return code[: _run(values, kinds, code, False)].tobytes().rstrip(b"\0")


def decode_numbers(data: bytes, kinds: np.ndarray) -> np.ndarray:
    """The inverse, int64[n]; any data give some numbers, so ask MOST_PER_BYTE before."""
    values = np.zeros(len(kinds), dtype=np.int64)
    _run(values, kinds, np.frombuffer(data, dtype=np.uint8).copy(), True)
    return values
