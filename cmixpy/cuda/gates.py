"""The LSTM's output layer, a block of threads for each lane (model/head.py's twin), and its commit.

In a bit the dot products of the LSTM's outputs with a node's vectors go across the threads, beside
the sums of the first layer, and gradients across the cells. Between two `cuda.syncthreads()` the
threads write nothing that another of them reads.

The commit adds up, for every node, what the lanes there teach it, in integers and so in any order;
where the CPU has a chain of one lane it skips the sum and its scale of 1, which give the same.
Node 0, where no lane ever is, gathers what all nodes have in common.
"""

import numpy as np

from cmixpy.cuda.device import SIMULATED, cuda
from cmixpy.cuda.lanes import lane_of_block
from cmixpy.model.head import (
    OUTPUT_SHIFT,
    bias_error_slope,
    bias_value,
    common_error_slope,
    common_slope,
    gate_error_slope,
    gate_value,
    gated_input,
    gradient_part,
    head_add,
    head_apply,
    head_delta,
    head_dot,
    node_rate,
    note_features,
    rounded_logit,
    scalar_after,
    slope_at,
)
from cmixpy.parts import MOST_GATES

# Threads that share a dot product: those of 16 gates and the bias keep 128 threads busy, and few
# of them wait for each other to add to one sum.
DOT_PARTS = 8
# Threads that share a row of the output layer's weights: neighbours take neighbouring cells.
ROW_PARTS = 32
# What a block's threads share has a place for each gate and the bias, and from COMMON on one for
# each gate of what nodes have in common. `sums` int32[GATE_SUMS]: two of a dot product, of its
# lower 16 bits and of the others, for a device adds 64 bits in shared memory by trying until it
# succeeds. `factors` int64[GATE_FACTORS]: of the logits, and after the bit its slopes.
COMMON = MOST_GATES + 1
GATE_FACTORS = COMMON + MOST_GATES
GATE_SUMS = 2 * GATE_FACTORS


def begin_gates(plan, private, index, k, sums):
    """Clear the block's sums; at the first bit take the LSTM's outputs."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    for j in range(thread, GATE_SUMS, threads):
        sums[j] = 0
    if k == 0:
        h = private.cells[index]
        outputs = private.outputs[index]
        for i in range(thread, h.shape[0], threads):
            h[i] = outputs[i] >> OUTPUT_SHIFT
        for j in range(thread, plan.gate_source.shape[0], threads):
            private.gate_slopes[index, j] = 0


def sum_dots(plan, shared, private, index, partial, k, sums):
    """Add up the dot products of a bit; at the first one, those with what nodes have in common."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    gates = plan.gate_source.shape[0]
    parts = min(threads, DOT_PARTS)
    h = private.cells[index]
    near = shared.gates_near[partial]
    vectors = gates + 1
    if k == 0:
        vectors += gates
    for item in range(thread, vectors * parts, threads):
        j = item // parts
        part = item - j * parts
        place = j
        if j <= gates:
            dot = head_dot(h[part::parts], near[j, part::parts])
        else:
            place = COMMON + j - gates - 1
            dot = head_dot(h[part::parts], shared.common_near[j - gates - 1, part::parts])
        # Each below 2^20, and no more of them than DOT_PARTS.
        cuda.atomic.add(sums, 2 * place, np.int32(dot & 0xFFFF))
        cuda.atomic.add(sums, 2 * place + 1, np.int32(dot >> 16))


def dot_of(sums, place):
    """A dot product from its two sums."""
    return (np.int64(sums[2 * place + 1]) << 16) + np.int64(sums[2 * place])


def find_factors(plan, shared, private, index, partial, k, sums, factors):
    """What each logit is multiplied with, and what the bias says, from their dot products."""
    gates = plan.gate_source.shape[0]
    for j in range(cuda.threadIdx.x, gates + 1, cuda.blockDim.x):
        dot = dot_of(sums, j)
        if j < gates:
            if k == 0:
                private.gate_dots[index, j] = dot_of(sums, COMMON + j)
            factors[j] = gate_value(
                shared.gate_scalars[partial, j], dot, private.gate_dots[index, j]
            )
        else:
            factors[j] = bias_value(dot)


def gate_mix(plan, private, index, mixed, middle, x, k, factors):
    """The mix after the LSTM's gates, by the first thread; notes the gated logits."""
    gates = plan.gate_source.shape[0]
    gated = private.gated[index, k]
    total = factors[gates]
    for j in range(gates):
        value = gated_input(plan.gate_source[j], plan.gate_index[j], mixed, middle, x)
        gated[j] = value
        total += value * factors[j]
    return rounded_logit(total)


def learn_bit(plan, shared, private, index, bit, probability, partial, k, factors):
    """After bit `k`: its error, for the commit; the LSTM's gradient and its next inputs."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    gates = plan.gate_source.shape[0]
    last = k + 1 == plan.numbers[2]
    error = (bit << 16) - np.int64(probability)
    if thread == 0:
        private.gate_errors[index, k] = error
        private.residuals[index, k] = error >> 1
    for j in range(thread, gates + 1, threads):
        if j < gates:
            x = np.int64(private.gated[index, k, j])
            factors[j] = gate_error_slope(x, error)
            slopes = private.gate_slopes[index, j] + x * error
            private.gate_slopes[index, j] = slopes
            if last:
                factors[COMMON + j] = common_error_slope(slopes)
        else:
            factors[j] = bias_error_slope(error)
    cuda.syncthreads()
    near = shared.gates_near[partial]
    gradient = private.gradients[index]
    for i in range(thread, gradient.shape[0], threads):
        total = np.int32(0)
        if k > 0:
            total = gradient[i]
        for j in range(gates + 1):
            total = np.int32(total + gradient_part(np.int32(factors[j]), near[j, i]))
        if last:
            for j in range(gates):
                slope = np.int32(factors[COMMON + j])
                total = np.int32(total + gradient_part(slope, shared.common_near[j, i]))
        gradient[i] = total


def add_slopes(total, h, slope):
    """head.head_add by many blocks at once."""
    for i in range(h.shape[0]):
        delta = head_delta(slope, h[i])
        if delta != 0:
            cuda.atomic.add(total, i, delta)


# In the simulator the threads take turns, and one compiled call is a hundred times faster.
add_to_row = head_add if SIMULATED else add_slopes


def sum_node(plan, shared, private, notes, index, k):
    """Add what a lane's bit `k` teaches its node to the node's sums."""
    bits = plan.numbers[2]
    gates = plan.gate_source.shape[0]
    parts = min(cuda.blockDim.x, ROW_PARTS)
    node = (private.symbols[index] | 1 << bits) >> (bits - k)
    rate = node_rate(plan, shared.node_counts[node])
    for item in range(cuda.threadIdx.x, (gates + 1) * parts, cuda.blockDim.x):
        j = item // parts
        part = item - j * parts
        slope = slope_at(plan, private, index, k, j, gates, rate)
        # Most bits are foreseen so well that nothing is left to learn.
        if slope != 0:
            add_to_row(notes.gate_sums[node, j, part::parts], private.cells[index, part::parts],
                       slope)  # fmt: skip
            if part == 0 and j < gates:
                cuda.atomic.add(notes.slope_sums, (node, j), np.int64(slope))
    if cuda.threadIdx.x == 0:
        cuda.atomic.add(notes.node_touches, node, np.int32(1))


def sum_common(plan, private, notes, index):
    """Add what a lane's symbol teaches that which all nodes have in common."""
    gates = plan.gate_source.shape[0]
    parts = min(cuda.blockDim.x, ROW_PARTS)
    for item in range(cuda.threadIdx.x, gates * parts, cuda.blockDim.x):
        j = item // parts
        part = item - j * parts
        slope = common_slope(plan, private, index, j)
        if slope != 0:
            add_to_row(notes.gate_sums[0, j, part::parts], private.cells[index, part::parts],
                       slope)  # fmt: skip
    if cuda.threadIdx.x == 0:
        cuda.atomic.add(notes.node_touches, 0, np.int32(1))


def sum_gates(plan, shared, private, notes):
    """Kernel: sums of the output layer's weights are complete; the LSTM is told of the symbols.

    Any number of blocks share the bits of all lanes; what all bits have in common comes behind
    each lane's last bit.
    """
    bits, groups = plan.numbers[2], plan.numbers[3]
    group_lanes = (plan.numbers[1] + groups - 1) // groups
    for item in range(cuda.blockIdx.x, group_lanes * (bits + 1), cuda.gridDim.x):
        block = item // (bits + 1)
        k = item - block * (bits + 1)
        index = lane_of_block(plan, notes.clock[1], block)
        if index >= 0 and private.active[index]:
            if k < bits:
                sum_node(plan, shared, private, notes, index, k)
            else:
                sum_common(plan, private, notes, index)
                if cuda.threadIdx.x == 0:
                    note_features(plan, private.lanes[index], shared.history, private, index)


def apply_gates(plan, shared, private, notes):
    """Kernel: sums reach the output layer's weights. A node is one block's."""
    gates = plan.gate_source.shape[0]
    parts = min(cuda.blockDim.x, ROW_PARTS)
    for node in range(cuda.blockIdx.x, notes.node_touches.shape[0], cuda.gridDim.x):
        touches = notes.node_touches[node]
        if touches > 0:
            scale = plan.lane_scale[touches]
            for item in range(cuda.threadIdx.x, (gates + 1) * parts, cuda.blockDim.x):
                j = item // parts
                part = item - j * parts
                sums = notes.gate_sums[node, j, part::parts]
                if node > 0:
                    head_apply(
                        shared.gates[node, j, part::parts],
                        shared.gates_near[node, j, part::parts],
                        sums,
                        scale,
                    )
                    if part == 0 and j < gates:
                        shared.gate_scalars[node, j] = scalar_after(
                            shared.gate_scalars[node, j],
                            notes.slope_sums[node, j],
                            scale,
                            plan.lstm[5],
                        )
                        notes.slope_sums[node, j] = 0
                elif j < gates:
                    head_apply(
                        shared.common[j, part::parts],
                        shared.common_near[j, part::parts],
                        sums,
                        scale,
                    )
            # Every thread has read how many touched the node.
            cuda.syncthreads()
            if cuda.threadIdx.x == 0:
                notes.node_touches[node] = 0
                if node > 0:
                    shared.node_counts[node] += touches


CODE_BLOCKS = (begin_gates, sum_dots, dot_of, find_factors, gate_mix, learn_bit)
SUM_BLOCKS = (lane_of_block, add_slopes, sum_node, sum_common)
