"""The hash of contexts, slots and matches."""

from cmixpy.model.jit import block

MASK32 = 0xFFFFFFFF
# Odd multipliers below 2^30, so that sums of two products of 32-bit words stay below 2^63.
FIRST_MULTIPLIER = 0x2F0B4C47
SECOND_MULTIPLIER = 0x3A8F05C5
THIRD_MULTIPLIER = 0x1E35A7BD


@block
def mix(first, second):
    """62-bit hash of two 32-bit words; every low bit depends on all bits of both."""
    h = (first * FIRST_MULTIPLIER + second * SECOND_MULTIPLIER) & 0x3FFFFFFFFFFFFFFF
    h = h ^ (h >> 31)
    # A second round: the multiplier's low bits alone would leave low words correlated.
    h = ((h & MASK32) * THIRD_MULTIPLIER + (h >> 32) * FIRST_MULTIPLIER) & 0x3FFFFFFFFFFFFFFF
    return h ^ (h >> 29)


@block
def add_to_hash(h, byte):
    """Hash of a string that goes on with `byte`; 32 bits."""
    h = ((h + byte + 1) * 0x2B4C5ED5) & MASK32
    return h ^ (h >> 15)
