"""Variable-length integers: seven bits a byte, lowest first, the top bit says that more follow.

Headers read and write them one at a time; transforms, whose lists can be long, as whole arrays.
"""

from collections.abc import Callable

import numpy as np

# Largest value in a header: totals over segments of up to 2^30 bytes stay far below it.
MAX_BITS = 63
# Array values are lengths within one segment, so five bytes (35 bits) are plenty.
ARRAY_BYTES = 5


def pack(value: int) -> bytes:
    """One non-negative integer as 1 … 9 bytes."""
    if value < 0 or value >> MAX_BITS:
        raise ValueError(f"{value} does not fit a varint of {MAX_BITS} bits")
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def unpack(next_byte: Callable[[], int]) -> int:
    """One integer from a source of bytes.

    Raises
    ------
    ValueError
        The value has more than 63 bits or was not written in the fewest bytes.
    """
    value = shift = 0
    while True:
        byte = next_byte()
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
        if shift >= MAX_BITS:
            raise ValueError("an integer of more than 63 bits")
    if byte == 0 and shift > 7:
        raise ValueError("an integer in more bytes than it needs")
    return value


def pack_array(values: np.ndarray) -> bytes:
    """Every value of int64[n], each in 0 … 2^35 - 1, one after the other."""
    values = np.asarray(values, dtype=np.int64)
    groups = values[:, None] >> (7 * np.arange(ARRAY_BYTES))
    used = groups > 0
    used[:, 0] = True
    more = np.zeros_like(used)
    more[:, :-1] = used[:, 1:]
    return ((groups & 127) | (more << 7))[used].astype(np.uint8).tobytes()


def unpack_array(data: np.ndarray) -> np.ndarray:
    """int64 values of all of `data`, uint8[n]; the inverse of `pack_array`.

    Raises
    ------
    ValueError
        A value runs past the end or has more than five bytes.
    """
    if len(data) == 0:
        return np.zeros(0, dtype=np.int64)
    ends = np.flatnonzero(data < 128)
    if len(ends) == 0 or ends[-1] != len(data) - 1:
        raise ValueError("an integer runs past the end")
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends - starts).max() >= ARRAY_BYTES:
        raise ValueError("an integer of more than 35 bits")
    place = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    return np.add.reduceat((data & 127).astype(np.int64) << (7 * place), starts)
