"""The mixer: a weighted sum of logits, with weights learnt online (logistic mixing, PAQ7).

Several weight sets, each picked by its own small context, give the first layer's outputs; a
second layer mixes those (paq8). Everything is integer: inputs int16 in 1/256 logit, weights int32
with 20 fraction bits, clamped to ±4.

Widths: the dot product uses weights shifted to 10 fraction bits, |w| <= 2^12; with |x| <= 2304
and at most MOST_INPUTS (parts.py) inputs the sum stays below 2^31, in whatever order it is
taken. An error (|e| < 2^16) times its rate (< 2^16) over 2^14 is below 2^18, and kept so when a
row is eager; an input times that is below 2^29.2; after the shift by 10 the deltas of 2048 lanes
sum below 2^30.2.
"""

import numpy as np

from cmixpy.model.jit import block
from cmixpy.model.logistic import LOGIT_LIMIT

BLOCK = 32  # rows are padded to whole vectors
WEIGHT_ONE = 1 << 20
WEIGHT_LIMIT = 4 * WEIGHT_ONE
MOST_VISITS = 1023  # are counted of a row
MOST_ERROR = (1 << 18) - 1


@block
def weighted_sum(x, w):
    """Sum of the products, int32: in whatever order, of all or a part of x int16[n], w int32[n]."""
    total = np.int32(0)
    for i in range(x.shape[0]):
        # 16 bits hold the shifted weight; told so, the compiler multiplies and adds in pairs.
        weight = np.int32(np.int16(w[i] >> np.int32(10)))
        total = np.int32(total + np.int32(np.int32(x[i]) * weight))
    return total


@block
def logit_of(total):
    """The logit (1/256, clamped) that a weighted sum says."""
    logit = (np.int64(total) + 512) >> 10
    return min(max(logit, -LOGIT_LIMIT), LOGIT_LIMIT)


@block
def dot(x, w):
    """Logit (1/256, clamped) of the mix; x int16[n], w int32[n], n a multiple of BLOCK."""
    return logit_of(weighted_sum(x, w))


@block
def eager_error(error, visits, eagerness):
    """An error for a row that has learnt `visits` times: the fewer, the larger.

    eagerness : int64[MOST_VISITS + 1], factors in 1/256
    """
    value = (np.int64(error) * eagerness[visits]) >> 8
    return min(max(value, -MOST_ERROR), MOST_ERROR)


@block
def scaled(x, e):
    """x·e / 2^10, rounded, in int32."""
    return np.int32(np.int32(np.int32(np.int32(x) * e) + np.int32(512)) >> np.int32(10))


@block
def weight_after(weight, delta):
    """weight + delta, clamped; int32."""
    value = np.int32(weight + delta)
    return min(max(value, np.int32(-WEIGHT_LIMIT)), np.int32(WEIGHT_LIMIT))


@block
def scaled_total(total, scale):
    """total·scale / 2^16, rounded, in int32."""
    # The product has 47 bits; its halves fit 32: |total| < 2^30.2, scale <= 2^16.
    high = np.int32(np.int32(total >> np.int32(16)) * scale)
    low = np.uint32(np.uint32(total & np.int32(0xFFFF)) * np.uint32(scale))
    low = np.uint32(low + np.uint32(32768)) >> np.uint32(16)
    return np.int32(high + np.int32(low))


@block
def add_one(w, x, error):
    """One lane's update: w += x·error / 2^10, clamped."""
    e = np.int32(error)
    for i in range(x.shape[0]):
        w[i] = weight_after(w[i], scaled(x[i], e))


@block
def add_to_sum(total, x, error):
    """Gather one lane's delta into `total`, int32[n]."""
    e = np.int32(error)
    for i in range(x.shape[0]):
        total[i] = np.int32(total[i] + scaled(x[i], e))


@block
def apply_sum(w, total, scale):
    """w += total·scale / 2^16, rounded, clamped once after the sum; `total` is cleared."""
    scale = np.int32(scale)
    for i in range(w.shape[0]):
        w[i] = weight_after(w[i], scaled_total(total[i], scale))
        total[i] = 0


@block
def commit_weights(rows, errors, column, inputs, weights, visits, eagerness, lanes_from, lanes_to,
                   bits, active, head, link, total, lane_scale):
    """Commit one weight-set column: rows, errors int32[lanes, bits, columns].

    Touches of one row are chained (head int32[rows], zero between steps; link int32[lanes·bits]),
    then each row takes one update from the sum over its chain, scaled by the number of lanes.
    """
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for k in range(bits):
                row = rows[lane, k, column]
                link[lane * bits + k] = head[row]
                head[row] = lane * bits + k + 1
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for k in range(bits):
                row = rows[lane, k, column]
                here = lane * bits + k
                if head[row] == here + 1:
                    head[row] = 0
                    w = weights[row]
                    seen = visits[row] + 0
                    visits[row] = min(seen + 1, MOST_VISITS)
                    if link[here] == 0:
                        error = eager_error(errors[lane, k, column], seen, eagerness)
                        if error != 0:
                            add_one(w, inputs[lane, k], error)
                    else:
                        touches = 0
                        while here >= 0:
                            other = here // bits
                            b = here - other * bits
                            error = eager_error(errors[other, b, column], seen, eagerness)
                            if error != 0:
                                add_to_sum(total, inputs[other, b], error)
                            touches += 1
                            here = link[here] - 1
                        apply_sum(w, total, lane_scale[touches])
