"""Rows of the mixer as a device reads them: four inputs, or two weights, in one load of 64 bits.

The threads that share a row take its words in turn. Sums of deltas lie in another order than the
inputs, so that neighbouring threads add to neighbouring places: first what belongs to the lowest
inputs of all words, then what belongs to the second …
"""

import numpy as np

from cmixpy.model.jit import block
from cmixpy.model.mixer import scaled, scaled_total, weight_after


@block
def packed_sum(x, w, first, parts):
    """One thread's part of the sum of products (mixer.weighted_sum), int32.

    x : int64[n / 4], inputs; w : int64[n / 2], weights
    """
    total = np.int32(0)
    for i in range(first, x.shape[0], parts):
        # Unsigned, because an index that might be negative is looked at first.
        v = x[np.uint64(i)]
        a = w[np.uint64(2 * i)]
        b = w[np.uint64(2 * i + 1)]
        total += np.int32(np.int32(np.int16(v)) * (np.int32(a) >> np.int32(10)))
        total += np.int32(np.int32(np.int16(v >> 16)) * (np.int32(a >> 32) >> np.int32(10)))
        total += np.int32(np.int32(np.int16(v >> 32)) * (np.int32(b) >> np.int32(10)))
        total += np.int32(np.int32(np.int16(v >> 48)) * (np.int32(b >> 32) >> np.int32(10)))
    return total


@block
def packed_pair(low, high):
    """Two int32 as an int64."""
    return (np.int64(high) << 32) | (np.int64(low) & 0xFFFFFFFF)


@block
def learn_alone(w, x, error, first, parts):
    """One thread's part of the update of a row that no other bit has touched (mixer.add_one)."""
    e = np.int32(error)
    for i in range(first, x.shape[0], parts):
        v = x[np.uint64(i)]
        a = w[np.uint64(2 * i)]
        b = w[np.uint64(2 * i + 1)]
        w[np.uint64(2 * i)] = packed_pair(
            weight_after(np.int32(a), scaled(np.int16(v), e)),
            weight_after(np.int32(a >> 32), scaled(np.int16(v >> 16), e)),
        )
        w[np.uint64(2 * i + 1)] = packed_pair(
            weight_after(np.int32(b), scaled(np.int16(v >> 32), e)),
            weight_after(np.int32(b >> 32), scaled(np.int16(v >> 48), e)),
        )


@block
def learn_sums(w, total, scale, first, parts):
    """One thread's part of the update by a row's sums (mixer.apply_sum), which are cleared."""
    scale = np.int32(scale)
    quarter = total.shape[0] // 4
    for i in range(first, quarter, parts):
        a = w[np.uint64(2 * i)]
        b = w[np.uint64(2 * i + 1)]
        w[np.uint64(2 * i)] = packed_pair(
            weight_after(np.int32(a), scaled_total(total[np.uint64(i)], scale)),
            weight_after(np.int32(a >> 32), scaled_total(total[np.uint64(quarter + i)], scale)),
        )
        w[np.uint64(2 * i + 1)] = packed_pair(
            weight_after(np.int32(b), scaled_total(total[np.uint64(2 * quarter + i)], scale)),
            weight_after(np.int32(b >> 32), scaled_total(total[np.uint64(3 * quarter + i)], scale)),
        )
        for j in range(4):
            total[np.uint64(j * quarter + i)] = 0


@block
def sum_alone(total, x, error, first, parts):
    """What device.sum_shared does, by a thread that no other one interrupts."""
    e = np.int32(error)
    quarter = x.shape[0]
    for i in range(first, quarter, parts):
        for j in range(4):
            delta = scaled(np.int16(x[i] >> (16 * j)), e)
            total[j * quarter + i] = np.int32(total[j * quarter + i] + delta)
