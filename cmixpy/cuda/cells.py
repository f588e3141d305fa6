"""The element-wise part of the LSTM on a device (lstm/cells.py's twin); its products are torch's.

A lane is a block of threads where cells are taken forward and back; weights are shared out over all
threads. float64 arrays are operands and results of products: they are copied and converted to
integers and from them, never calculated with. What changes from one training to the next is in the
device's memory, so that a half-step is the same launches whenever its place in the horizon is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cmixpy.cuda.device import cuda, kernel
from cmixpy.lstm.cells import (
    CLIPPED_EVERY,
    NEAR_SHIFT,
    SLOPE_LIMIT,
    embedded,
    gradient_of,
    most_step,
    next_cell,
    output_of,
    row_gradient,
    share_of,
    step_back,
    step_of,
    table_place,
    training_rate,
    weighed,
)

UPDATES, RATE, SHARE, CLIPPED, PICKED = range(5)  # in `training`


class WeightArrays(NamedTuple):
    """The network's weights, and what they learn with (lstm/network.py, Weights)."""

    recurrent: np.ndarray  # int32[inputs, columns]
    embedding: np.ndarray  # int32[rows, columns]
    near: np.ndarray  # float64[inputs, columns], the copy that products use
    means: np.ndarray  # int64[inputs, columns]
    gradients: np.ndarray  # float64[inputs, columns], of a training
    row_means: np.ndarray  # int64[rows, columns]
    row_counts: np.ndarray  # int64[rows]: how often each has learnt
    row_touches: np.ndarray  # int32[rows]: samples that picked it; zero between trainings
    row_totals: np.ndarray  # int64[rows, columns], zero between trainings
    picked: np.ndarray  # int32[rows]: those that a training's samples picked, in any order
    sigmoid: np.ndarray  # int32[places]
    tanh: np.ndarray  # int32[places]
    # int64[6]: first and last rate, its half, memory, held trainings, least mean
    settings: np.ndarray
    training: np.ndarray  # int64[5]: updates; the last one's rate, share; clipped slopes; rows


class TraceArrays(NamedTuple):
    """What a group's lanes were told and did in the steps of a horizon (Trace)."""

    x: np.ndarray  # float64[horizon + 1, lanes, inputs]
    features: np.ndarray  # int64[horizon, lanes, n]
    gates: np.ndarray  # int32[horizon, lanes, columns]
    cells: np.ndarray  # int32[horizon + 1, lanes, cells]
    gradient: np.ndarray  # int32[horizon, lanes, cells]


class GroupArrays(NamedTuple):
    """Products and slopes of a group of lanes (Group)."""

    product: np.ndarray  # float64[lanes, columns]
    d_output: np.ndarray  # float64[lanes, cells]
    d_cell: np.ndarray  # int64[lanes, cells]
    slopes: np.ndarray  # float64[horizon, lanes, columns]


class ToldArrays(NamedTuple):
    """What the kernels tell the LSTM of each lane, and what they get (model/arrays.py)."""

    features: np.ndarray
    residuals: np.ndarray
    gradients: np.ndarray
    outputs: np.ndarray


def take(weights, growing, full, group, told, low, t):
    """Kernel: cells and outputs of lanes low … after a symbol, step `t` of the growing trace.

    The gradient of the outputs that predicted the symbol belongs to the step before, which may be
    the last one of the full trace.
    """
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    lane = cuda.blockIdx.x
    index = low + lane
    horizon, cells = growing.gradient.shape[0], growing.gradient.shape[2]
    bits = told.residuals.shape[1]
    features = told.features[index]
    gates = growing.gates[t, lane]
    for j in range(thread, 3 * cells, threads):
        total = np.int64(group.product[lane, j])
        for k in range(features.shape[0]):
            total += embedded(weights.embedding[features[k], j])
        for k in range(bits):
            residual = np.int64(told.residuals[index, k])
            total += weighed(residual, weights.recurrent[cells + k, j])
        gates[j] = table_place(total)
    for k in range(thread, bits, threads):
        growing.x[t, lane, cells + k] = np.int64(told.residuals[index, k])
    for k in range(thread, features.shape[0], threads):
        growing.features[t, lane, k] = features[k]
    for i in range(thread, cells, threads):
        if t > 0:
            growing.gradient[t - 1, lane, i] = told.gradients[index, i]
        else:
            full.gradient[horizon - 1, lane, i] = told.gradients[index, i]
    cuda.syncthreads()
    for i in range(thread, cells, threads):
        f = np.int64(weights.sigmoid[gates[i]])
        g = np.int64(weights.tanh[gates[cells + i]])
        o = np.int64(weights.sigmoid[gates[2 * cells + i]])
        gates[i] = f
        gates[cells + i] = g
        gates[2 * cells + i] = o
        c = next_cell(f, g, growing.cells[t, lane, i])
        growing.cells[t + 1, lane, i] = c
        result = output_of(o, c)
        growing.x[t + 1, lane, i] = result
        told.outputs[index, i] = min(result, 32767)


def turn_over(growing, full):
    """Kernel: what has grown is full; the next trace begins where it ends.

    Copied and not exchanged, so that each step finds its arrays in one place.
    """
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    horizon, lanes, cells = growing.gradient.shape
    for item in range(cuda.blockIdx.x, horizon * lanes, cuda.gridDim.x):
        t = item // lanes
        lane = item - t * lanes
        for i in range(thread, growing.features.shape[2], threads):
            full.features[t, lane, i] = growing.features[t, lane, i]
        for i in range(thread, growing.gates.shape[2], threads):
            full.gates[t, lane, i] = growing.gates[t, lane, i]
        for i in range(thread, growing.x.shape[2], threads):
            full.x[t, lane, i] = growing.x[t, lane, i]
            if t == 0:
                growing.x[0, lane, i] = growing.x[horizon, lane, i]
        for i in range(thread, cells, threads):
            full.gradient[t, lane, i] = growing.gradient[t, lane, i]
            full.cells[t, lane, i] = growing.cells[t, lane, i]
            if t == 0:
                end = growing.cells[horizon, lane, i]
                full.cells[horizon, lane, i] = end
                growing.cells[0, lane, i] = end


def back(full, group, t):
    """Kernel: slopes of step `t` of the full trace, one step back through the cells."""
    lane = cuda.blockIdx.x
    horizon, cells = full.gradient.shape[0], full.gradient.shape[2]
    gates = full.gates[t, lane]
    slopes = group.slopes[t, lane]
    for i in range(cuda.threadIdx.x, cells, cuda.blockDim.x):
        later = np.int64(0)
        down = np.int64(0)
        # Nothing comes back from behind the end.
        if t + 1 < horizon:
            later = np.int64(group.d_output[lane, i])
            down = group.d_cell[lane, i]
        slope_f, slope_g, slope_o, before = step_back(
            np.int64(gates[i]),
            np.int64(gates[cells + i]),
            np.int64(gates[2 * cells + i]),
            np.int64(full.cells[t, lane, i]),
            np.int64(full.cells[t + 1, lane, i]),
            np.int64(full.gradient[t, lane, i]),
            later,
            down,
        )
        slopes[i] = slope_f
        slopes[cells + i] = slope_g
        slopes[2 * cells + i] = slope_o
        group.d_cell[lane, i] = before


def start_training(weights):
    """Kernel of one thread: rate and share of the coming training, no row picked yet."""
    s = weights.settings
    updates = weights.training[UPDATES]
    weights.training[RATE] = training_rate(s[0], s[1], s[2], s[4], updates)
    weights.training[SHARE] = share_of(updates + 1, s[3])
    weights.training[UPDATES] = updates + 1
    weights.training[PICKED] = 0


def learn(weights):
    """Kernel: one step of every recurrent weight."""
    rows, columns = weights.recurrent.shape
    rate, share = weights.training[RATE], weights.training[SHARE]
    most, least = most_step(rate), weights.settings[5]
    first = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    for place in range(first, rows * columns, cuda.gridDim.x * cuda.blockDim.x):
        i = place // columns
        j = place - i * columns
        d = gradient_of(np.int64(weights.gradients[i, j]))
        mean, w = step_of(
            d, weights.means[i, j], least, np.int64(weights.recurrent[i, j]), share, rate, most
        )
        weights.means[i, j] = mean
        weights.recurrent[i, j] = w
        weights.near[i, j] = np.int64(w) >> NEAR_SHIFT


def sum_rows(weights, full, group):
    """Kernel: add each sample's slopes to the sums of the rows that its symbol has picked."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    horizon, lanes, features = full.features.shape
    columns = weights.embedding.shape[1]
    counting = weights.training[UPDATES] % CLIPPED_EVERY == 1
    for sample in range(cuda.blockIdx.x, horizon * lanes, cuda.gridDim.x):
        t = sample // lanes
        lane = sample - t * lanes
        for j in range(thread, columns, threads):
            slope = np.int64(group.slopes[t, lane, j])
            if counting and abs(slope) == SLOPE_LIMIT:
                cuda.atomic.add(weights.training, CLIPPED, np.int64(1))
            if slope != 0:
                for k in range(features):
                    row = full.features[t, lane, k]
                    cuda.atomic.add(weights.row_totals, (row, j), slope)
        for k in range(thread, features, threads):
            row = full.features[t, lane, k]
            if cuda.atomic.add(weights.row_touches, row, np.int32(1)) == 0:
                # Whoever is the first to pick it.
                place = cuda.atomic.add(weights.training, PICKED, np.int64(1))
                weights.picked[place] = row


def learn_rows(weights):
    """Kernel: one step of the rows that were picked. A row is one block's."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    columns = weights.embedding.shape[1]
    rate = weights.training[RATE]
    most, least = most_step(rate), weights.settings[5]
    for item in range(cuda.blockIdx.x, weights.training[PICKED], cuda.gridDim.x):
        row = np.int64(weights.picked[item])
        count = weights.row_counts[row] + 1
        share = share_of(count, weights.settings[3])
        for j in range(thread, columns, threads):
            d = row_gradient(weights.row_totals[row, j])
            weights.row_totals[row, j] = 0
            mean, w = step_of(
                d, weights.row_means[row, j], least, np.int64(weights.embedding[row, j]), share,
                rate, most,
            )  # fmt: skip
            weights.row_means[row, j] = mean
            weights.embedding[row, j] = w
        # Every thread has read how often it has learnt.
        cuda.syncthreads()
        if thread == 0:
            weights.row_counts[row] = count
            weights.row_touches[row] = 0


FUNCTIONS: dict[str, tuple[Callable, tuple[Callable, ...]]] = {
    function.__name__: (function, ())
    for function in (take, turn_over, back, start_training, learn, sum_rows, learn_rows)
}
KERNELS = {name: kernel(*function) for name, function in FUNCTIONS.items()}
