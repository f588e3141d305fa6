"""Transform 2: absolute addresses in the x86 code among a segment's bytes, and where that code is.

Code is found by its calls, not by file headers, so that code in archives and firmware is found
too: in every 4 KiB of code there are a dozen or more `call` opcodes (E8) whose operand leads into
the segment; in other data a byte E8 followed by such an operand is rare (none of the corpus's
other files has 8 in a block, but kennedy.xls in two).
"""

import numpy as np

from cmixpy import varint
from cmixpy.errors import DamagedError

ADDRESSES = 2
BLOCK = 4096
# Calls that make a block code, and blocks without so many that may lie between two that have them.
LEAST_CALLS = 6
LONGEST_GAP = 4
# At least so many blocks of code, and this part of all, make an executable. One is enough where it
# is 64-bit code by its instructions: calls alone may be numbers.
LEAST_BLOCKS = 2
LEAST_SHARE = 6
CALL = 0xE8
# Bytes after a REX.W prefix (48) that tell 64-bit code: add, sub, lea, mov, test, cmp.
WIDE, WIDE_OPCODES = 0x48, (0x01, 0x29, 0x39, 0x83, 0x85, 0x89, 0x8B, 0x8D)
LEAST_WIDE = 100  # one in so many bytes of code (64-bit code has 3 or more, 32-bit code 0.1)


def _calls(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int64: places of E8 whose operand leads into the data, and where it leads."""
    places = np.flatnonzero(data[: max(len(data) - 4, 0)] == CALL)
    operand = sum(data[places + 1 + j].astype(np.int64) << 8 * j for j in range(4))
    targets = places + 5 + operand - ((operand >> 31) << 32)
    # A call of the next instruction is an operand the linker has yet to fill in, or a number.
    inside = (targets >= 0) & (targets < len(data)) & (operand != 0)
    return places[inside], targets[inside]


def _code_blocks(places: np.ndarray, length: int) -> np.ndarray:
    """bool[blocks]: which blocks hold code, from the places of calls."""
    return np.bincount(places // BLOCK, minlength=-(-length // BLOCK)) >= LEAST_CALLS


def _wide_places(data: np.ndarray) -> np.ndarray:
    """int64: places of REX.W prefixes with one of the most frequent opcodes behind."""
    places = np.flatnonzero(data[:-1] == WIDE)
    return places[np.isin(data[places + 1], WIDE_OPCODES)]


def _wide_blocks(data: np.ndarray) -> np.ndarray:
    """bool[blocks]: which blocks hold 64-bit code."""
    found = np.bincount(_wide_places(data) // BLOCK, minlength=-(-len(data) // BLOCK))
    return found * LEAST_WIDE > BLOCK


def is_executable(data: np.ndarray) -> bool:
    """Whether so much of uint8[n] is x86 code that its model pays."""
    # Object files and libraries of them have calls that lead nowhere yet.
    wide = _wide_blocks(data)
    count = int(np.count_nonzero(_code_blocks(_calls(data)[0], len(data)) | wide))
    least = 1 if wide.any() else LEAST_BLOCKS
    return count >= least and count * LEAST_SHARE >= len(wide)


def code_ranges(data: np.ndarray) -> np.ndarray:
    """int64[n, 2]: begin and end of the stretches of code whose call targets repeat."""
    places, targets = _calls(data)
    # Object files: what is not linked yet has no targets to share.
    if 2 * len(np.unique(targets)) > len(targets):
        return np.zeros((0, 2), dtype=np.int64)
    blocks = np.flatnonzero(_code_blocks(places, len(data)))
    if len(blocks) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(blocks) > LONGEST_GAP + 1)
    begins = blocks[np.concatenate(([0], breaks + 1))] * BLOCK
    ends = (blocks[np.concatenate((breaks, [len(blocks) - 1]))] + 1) * BLOCK
    return np.stack((begins, np.minimum(ends, len(data))), axis=1)


def apply_addresses(data: np.ndarray) -> tuple[np.ndarray, bytes]:
    """Bytes to bytes with absolute addresses.

    Parameters
    ----------
    data : uint8[n]

    Returns
    -------
    symbols : uint8[n]
    parameters : bytes; none when there is no code that would gain
    """
    ranges = code_ranges(data)
    if len(ranges) == 0:
        return data, b""
    wide = _is_wide(data, ranges)
    symbols = data.copy()
    _translate(symbols, ranges, wide, undo=False)
    steps = np.diff(ranges.ravel(), prepend=0)
    return symbols, varint.pack_array(np.concatenate(([int(wide)], steps)))


def undo_addresses(symbols: np.ndarray, parameters: bytes) -> np.ndarray:
    """The inverse of `apply_addresses`.

    Raises
    ------
    DamagedError
        The parameters do not fit `symbols`.
    """
    try:
        values = varint.unpack_array(np.frombuffer(parameters, dtype=np.uint8))
        if len(values) % 2 == 0 or values[0] > 1 or values.max() > max(len(symbols), 1):
            raise ValueError("their number or a value")
        ranges = np.cumsum(values[1:]).reshape(-1, 2)
        if len(ranges) and ranges[-1, 1] > len(symbols):
            raise ValueError("a range")
    except ValueError as error:
        raise DamagedError(f"the address parameters are damaged: {error}") from None
    data = symbols.copy()
    _translate(data, ranges, bool(values[0]), undo=True)
    return data


def _is_wide(data: np.ndarray, ranges: np.ndarray) -> bool:
    """Whether the code is 64-bit code, which has addresses relative to the next instruction."""
    found = total = 0
    for begin, end in ranges.tolist():
        found += len(_wide_places(data[begin:end]))
        total += end - begin
    return found * LEAST_WIDE >= total


def _translate(data: np.ndarray, ranges: np.ndarray, wide: bool, undo: bool) -> None:
    from cmixpy.model import addresses

    addresses.translate_ranges(data, ranges, wide, undo)
