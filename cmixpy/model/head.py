"""The LSTM's output layer: it gates the mixer's logits, and adds one of its own (integers).

For each node (partial symbol) there is a gate vector for each gated logit x[k] and one bias vector,
and, with the lane's LSTM output h,

    z = sum_k x[k] * (a[node, k] + (gate[node, k] + common[k]) . h) + bias[node] . h

The symbol tree needs no 256-way softmax: a symbol touches one node a bit. Every node contains all
bits known so far, so that committing at the end of the step equals learning bit by bit. What all
nodes have in common learns from every bit, long before the rare nodes know anything. The error
of squash(z), the mixed bit, is what the LSTM learns from (Knoll's cmix mixes an LSTM as one model
more, and trains it on its own loss; gating and joint training save several times as much).

Units and widths. h: int16, 15 fraction bits; products use 12 of them, |h| < 2^12. Weights: int32,
20 fraction bits, clamped to ±4; products use an int16 copy with 11 of them, |w| <= 2^13. Products
stay below 2^26, sums of them are int64. Logits: 1/256, |x| < 2^12. Errors: 16 fraction bits.
"""

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.hashing import THIRD_MULTIPLIER
from cmixpy.model.jit import block, routine
from cmixpy.model.logistic import LOGIT_LIMIT
from cmixpy.model.mixer import scaled_total
from cmixpy.parts import TOLD_MATCH, TOLD_ROWS, TOLD_THREE, TOLD_TWO, TOLD_WORD

WEIGHT_LIMIT = (4 << 20) - 1
NEAR_SHIFT = 9  # from 20 fraction bits to the 11 of the copy
SLOPE_LIMIT = (1 << 17) - 1
OUTPUT_SHIFT = 3  # from the 15 fraction bits of an output to the 12 that products use
# Sources of gated logits: the mix, a weight set's logit less the mix, an input of the mixer.
MIX, SET, INPUT = 0, 1, 2


@block
def head_dot(h, w):
    """sum of h·w, 23 fraction bits, int64; h (12 fraction bits), w (11): int16[n]."""
    # One plain loop: with sums of 32 bits in blocks, the compiler found no vectors.
    total = np.int64(0)
    for i in range(h.shape[0]):
        total += np.int64(np.int32(np.int32(h[i]) * np.int32(w[i])))
    return total


@block
def gate_value(scalar, dot, common):
    """The factor of a gated logit, 20 fraction bits, from its dot products."""
    return np.int64(scalar) + ((dot + common) >> 3)


@block
def bias_value(dot):
    """The logit that the bias vector says, from its dot product with h."""
    # 1/256 nat from the 23 fraction bits of the bias; the gated terms keep 20 until the end.
    return dot << 5


@block
def rounded_logit(total):
    """z in 1/256, from the sum of the bias and of the gated logits times their factors."""
    logit = (total + (1 << 19)) >> 20
    return min(max(logit, -LOGIT_LIMIT), LOGIT_LIMIT)


@block
def head_logit(h, near, scalars, dots, x, gates):
    """z in 1/256. near int16[gates + 1, cells], scalars int32[gates], x int16[gates].

    dots : int64[gates], of h with what the nodes have in common
    """
    total = bias_value(head_dot(h, near[gates]))
    for k in range(gates):
        total += np.int64(x[k]) * gate_value(scalars[k], head_dot(h, near[k]), dots[k])
    return rounded_logit(total)


@block
def gradient_part(slope, w):
    """slope·w, 18 fraction bits; slope int32, below 2^17 + 1."""
    product = np.int32(slope * np.int32(w))
    return np.int32(np.int32(product + np.int32(32)) >> np.int32(6))


@block
def add_to_gradient(gradient, w, slope):
    """gradient[i] += slope·w[i], 18 fraction bits; slope int32, below 2^17 + 1."""
    for i in range(gradient.shape[0]):
        gradient[i] = np.int32(gradient[i] + gradient_part(slope, w[i]))


@block
def gate_error_slope(x, error):
    """Slope of what a gate of logit `x` multiplies, for the gradient."""
    return np.int32(np.int64(x) * error >> 11)


@block
def bias_error_slope(error):
    """Slope of what the bias adds, for the gradient."""
    return np.int32(error >> 3)


@block
def common_error_slope(slopes):
    """Slope of what the nodes have in common, from the sum of a symbol's x·error."""
    return np.int32(min(max(slopes >> 11, -SLOPE_LIMIT), SLOPE_LIMIT))


@block
def head_gradient(gradient, near, x, error, gates):
    """gradient[i] += d(-loss)/dh[i], int32[cells], 18 fraction bits."""
    for k in range(gates + 1):
        slope = gate_error_slope(x[k], error) if k < gates else bias_error_slope(error)
        add_to_gradient(gradient, near[k], slope)


@block
def head_slope(x, error, rate):
    """x·error·rate (1/256, 2^-16, 2^-20) with 18 fraction bits, clamped to int32 < 2^17."""
    slope = (np.int64(x) * error * rate + (1 << 25)) >> 26
    return np.int32(min(max(slope, -SLOPE_LIMIT), SLOPE_LIMIT))


@block
def head_delta(slope, h):
    """slope·h with 20 fraction bits, int32; nothing where the slope is 0."""
    product = np.int32(slope * np.int32(h))
    return np.int32(np.int32(product + np.int32(512)) >> np.int32(10))


@block
def head_add(total, h, slope):
    """total[i] += slope·h[i] with 20 fraction bits; total int32[cells]."""
    for i in range(total.shape[0]):
        total[i] = np.int32(total[i] + head_delta(slope, h[i]))


@block
def head_add_one(w, near, h, slope):
    """One lane's update: w += slope·h with 20 fraction bits, clamped; the int16 copy follows."""
    for i in range(w.shape[0]):
        value = np.int32(w[i] + head_delta(slope, h[i]))
        value = min(max(value, np.int32(-WEIGHT_LIMIT)), np.int32(WEIGHT_LIMIT))
        w[i] = value
        near[i] = np.int16(value >> np.int32(NEAR_SHIFT))


@block
def head_apply(w, near, total, scale):
    """w += total·scale / 2^16, clamped once; the int16 copy follows, `total` is cleared."""
    scale = np.int32(scale)
    for i in range(w.shape[0]):
        value = np.int32(w[i] + scaled_total(total[i], scale))
        value = min(max(value, np.int32(-WEIGHT_LIMIT)), np.int32(WEIGHT_LIMIT))
        w[i] = value
        near[i] = np.int16(value >> np.int32(NEAR_SHIFT))
        total[i] = 0


@block
def gated_input(source, place, mixed, middle, x):
    """The logit that a gate multiplies; mixed, place int64, middle and x int16[…]."""
    value = mixed
    if source == SET:
        # What the set says beyond the mix: alike logits would all learn the same step.
        value = min(max(middle[place] - mixed, -LOGIT_LIMIT), LOGIT_LIMIT)
    elif source == INPUT:
        value = np.int64(x[place])
    return value


@routine
def gated_logit(plan, shared, private, index, mixed, middle, x, partial, k):
    """The mix of lane `index` at bit `k` after the LSTM's gates; notes the gated logits."""
    gated = private.gated[index, k]
    gates = plan.gate_source.shape[0]
    for j in range(gates):
        gated[j] = gated_input(plan.gate_source[j], plan.gate_index[j], mixed, middle, x)
    h = private.cells[index]
    if k == 0:
        outputs = private.outputs[index]
        for i in range(h.shape[0]):
            h[i] = outputs[i] >> OUTPUT_SHIFT
        for j in range(gates):
            private.gate_dots[index, j] = head_dot(h, shared.common_near[j])
            private.gate_slopes[index, j] = 0
    return head_logit(
        h, shared.gates_near[partial], shared.gate_scalars[partial], private.gate_dots[index],
        gated, gates,
    )  # fmt: skip


@routine
def learn_gates(plan, shared, private, index, bit, probability, partial, k):
    """After bit `k`: its error, for the commit; the LSTM's gradient and its next inputs."""
    error = (bit << 16) - probability
    private.gate_errors[index, k] = error
    private.residuals[index, k] = error >> 1
    gradient = private.gradients[index]
    if k == 0:
        gradient[:] = 0
    gates = plan.gate_source.shape[0]
    gated = private.gated[index, k]
    head_gradient(gradient, shared.gates_near[partial], gated, error, gates)
    slopes = private.gate_slopes[index]
    for j in range(gates):
        slopes[j] += np.int64(gated[j]) * error
        if k + 1 == plan.numbers[2]:
            add_to_gradient(gradient, shared.common_near[j], common_error_slope(slopes[j]))


@block
def told_row(value):
    """Row of the embedding for a hash of 32 bits, among TOLD_ROWS."""
    return ((value * THIRD_MULTIPLIER) >> 20) & (TOLD_ROWS - 1)


@routine
def note_features(plan, lane, history, private, index):
    """What the LSTM is told of a lane's symbol: it, and more where the bits of `told` say so."""
    bits = plan.numbers[2]
    told = plan.lstm[7]
    row = private.features[index]
    row[0] = private.symbols[index]
    at = 1
    first = 1 << bits
    if told & TOLD_MATCH:  # the symbol that the longest match expects next
        row[1] = first + (1 << bits)
        longest = 0
        for m in range(plan.match_minimum.shape[0]):
            base = f.MATCH + m * f.MATCH_FIELDS
            if plan.match_direction[m] > 0 and lane[base + f.MATCH_POINTER] >= 0:
                length = lane[base + f.MATCH_LENGTH]
                if length > longest:
                    longest = length + 0
                    row[1] = first + history[lane[base + f.MATCH_POINTER]]
        at += 1
        first += (1 << bits) + 1
    if told & TOLD_WORD:  # the word being read or, between words, the last one
        word = lane[f.WORD_1]
        if lane[f.WORD_LENGTH] > 0:
            word = lane[f.WORD]
        row[at] = first + told_row(word)
        at += 1
        first += TOLD_ROWS
    if told & TOLD_TWO:  # the last two bytes
        row[at] = first + told_row(lane[f.LOW] & 0xFFFF)
        at += 1
        first += TOLD_ROWS
    if told & TOLD_THREE:  # the last three bytes
        row[at] = first + told_row(lane[f.LOW] & 0xFFFFFF)


@block
def node_rate(plan, count):
    """Rate of a node that has learnt `count` times."""
    first, last, half = plan.lstm[2], plan.lstm[3], plan.lstm[4]
    return last + (first - last) * half // (half + count)


@block
def slope_at(plan, private, lane, k, j, gates, rate):
    """Slope of gate `j`, or of the bias, of the node that a lane was at."""
    x = plan.lstm[6]
    if j < gates:
        x = np.int64(private.gated[lane, k, j])
    return head_slope(x, private.gate_errors[lane, k], rate)


@block
def common_slope(plan, private, lane, j):
    """Slope of gate `j` of what the nodes have in common, over the bits of a lane's symbol."""
    return head_slope(1, private.gate_slopes[lane, j], plan.lstm[8])


@routine
def commit_gates(plan, shared, private, k, lanes_from, lanes_to, thread):
    """Commit the nodes of bit place `k`: summed over the lanes at a node, each row once.

    Lanes at one node are chained (node_head int32[2^bits], zero between steps).
    """
    bits = plan.numbers[2]
    gates = plan.gate_source.shape[0]
    head = shared.node_head
    link = private.link[thread]
    total = private.gate_total[thread]
    for lane in range(lanes_to - 1, lanes_from - 1, -1):
        if private.active[lane]:
            node = (private.symbols[lane] | 1 << bits) >> (bits - k)
            link[lane] = head[node]
            head[node] = lane + 1
    for lane in range(lanes_from, lanes_to):
        if private.active[lane]:
            node = (private.symbols[lane] | 1 << bits) >> (bits - k)
            if head[node] == lane + 1:
                head[node] = 0
                count = shared.node_counts[node]
                rate = node_rate(plan, count)
                touches = 1
                for j in range(gates + 1):
                    slope = slope_at(plan, private, lane, k, j, gates, rate)
                    slopes = np.int64(slope)
                    scale = plan.lane_scale[1]  # one
                    touches = 1
                    here = link[lane] - 1
                    if here >= 0:
                        head_add(total, private.cells[lane], slope)
                        while here >= 0:
                            slope = slope_at(plan, private, here, k, j, gates, rate)
                            head_add(total, private.cells[here], slope)
                            slopes += np.int64(slope)
                            touches += 1
                            here = link[here] - 1
                        scale = plan.lane_scale[touches]
                        head_apply(shared.gates[node, j], shared.gates_near[node, j], total, scale)
                    elif slope != 0:  # most bits are foreseen so well that nothing is left to learn
                        head_add_one(
                            shared.gates[node, j],
                            shared.gates_near[node, j],
                            private.cells[lane],
                            slope,
                        )
                    if j < gates:
                        shared.gate_scalars[node, j] = scalar_after(
                            shared.gate_scalars[node, j], slopes, scale, plan.lstm[5]
                        )
                shared.node_counts[node] = count + touches


@routine
def commit_common(plan, shared, private, lanes_from, lanes_to, thread):
    """Commit what the nodes have in common: of each gate one row, summed over the lanes."""
    total = private.gate_total[thread]
    for j in range(plan.gate_source.shape[0]):
        touches = 0
        for lane in range(lanes_from, lanes_to):
            if private.active[lane]:
                slope = common_slope(plan, private, lane, j)
                head_add(total, private.cells[lane], slope)
                touches += 1
        head_apply(shared.common[j], shared.common_near[j], total, plan.lane_scale[touches])


@block
def scalar_after(scalar, slopes, scale, share):
    """A scalar weight after its update: slopes (18 fraction bits) · scale / 2^16 · share / 2^8."""
    value = np.int64(scalar) + (((slopes << 2) * scale * share + (1 << 23)) >> 24)
    return np.int32(min(max(value, -WEIGHT_LIMIT), WEIGHT_LIMIT))
