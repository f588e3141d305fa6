"""One layer of LSTM cells over the lanes of a group: the way back and the learning, exactly.

The way there is in the step kernel (forward.py); here are torch's products.

Matrix products take operands on fixed binary grids, clamped, so that every partial sum is a float64
without rounding; whatever order, blocking or device computes it, the result is one. All else is
integers (cells.py). No autograd.

The input gate is 1 - f (as in lstm-compress), so a cell stays in [-1, 1] and h = o · c.

Operands are whole numbers: outputs h and residuals count 2^-15, |h| <= 1; weights 2^-18, |w| <= 4;
slopes d(-loss)/d(pre) 2^-20, |d| <= 4. Bits of the sums: h·w 15 + 20 + log2(512 rows) < 45; d·w
22 + 20 + log2(1536 columns) < 53; h·d 15 + 22 + log2(65536 samples) = 53.

A trace is the steps of a horizon. Once it is full, the way back through it is gone a few steps in
each half-step of the next one.
"""

import numpy as np
import torch

from cmixpy.lstm import cells as elements
from cmixpy.lstm import tables
from cmixpy.lstm.arrays import NetworkArrays
from cmixpy.lstm.cells import CLIPPED_EVERY, NEAR_SHIFT, WEIGHT_LIMIT

INPUTS_LIMIT = 8  # residuals of a symbol, at most
STATE_ONE = 1 << 15


def first_weights(seed: int, rows: int, columns: int, spread: int) -> np.ndarray:
    """int32[rows, columns], 28 fraction bits, uniform within ± spread / 1000."""
    values = tables.uniform(seed, rows * columns).reshape(rows, columns)
    return (values * spread * (1 << 13) // 1000).astype(np.int32)


def random_weights(settings, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights to begin with where no network is pretrained: `recurrent` and `embedding`, int32."""
    cells, columns, known = settings.cells, 3 * settings.cells, settings.known(bits)
    recurrent = first_weights(1, cells + bits, columns, settings.spread)
    # What is hashed begins with nothing, or rows that are hardly ever met would be noise.
    embedding = np.zeros((settings.features(bits), columns), dtype=np.int32)
    embedding[:known] = first_weights(2, known, columns, settings.spread)
    # Of the first feature only: what the others add is to grow from nothing much.
    embedding[: 1 << bits, :cells] += (settings.forget << 28) // 1000
    embedding[1 << bits :] >>= 2
    np.clip(embedding, -WEIGHT_LIMIT, WEIGHT_LIMIT, out=embedding)
    return recurrent, embedding


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array)


class Weights:
    """Weights, the mean sizes of their gradients, and the rounded copies that products use.

    Rows of `recurrent`: the cells' outputs, then the residuals of the last symbol. `embedding` has
    a row for each value of each feature. Columns: forget gates, candidates, output gates. They are
    those of a pretrained `network` (pretrained.py), or random. In the first `held` trainings only
    the mean sizes learn, which are `least_mean` / 2^20 at least.
    """

    def __init__(self, settings, bits: int, network=None, held: int = 0, least_mean: int = 1):
        cells = self.cells = settings.cells
        self.settings, self.inputs, self.columns = settings, cells + bits, 3 * cells
        self.held, self.least_mean = held, least_mean
        if network is None:
            self.recurrent, self.embedding = random_weights(settings, bits)
        else:
            self.recurrent, self.embedding = network.recurrent.copy(), network.embedding.copy()
        self.near = (self.recurrent >> NEAR_SHIFT).astype(np.float64)
        self.backward = _tensor(self.near)[:cells].t()
        self.means = np.zeros(self.recurrent.shape, dtype=np.int64)
        self.row_means = np.zeros(self.embedding.shape, dtype=np.int64)
        self.row_counts = np.zeros(len(self.embedding), dtype=np.int64)
        self.row_heads = np.zeros(len(self.embedding), dtype=np.int32)
        self.row_totals = np.zeros(self.columns, dtype=np.int64)
        self.gradients = np.zeros(self.recurrent.shape)
        self.total = _tensor(self.gradients)
        self.updates = self.clipped = 0

    def train(self, x, slopes, features, links) -> None:
        """Learn from a trace: float64[samples, inputs], [samples, columns], int64[samples, n]."""
        s = self.settings
        rate = elements.training_rate.py_func(s.first, s.last, s.half, self.held, self.updates)
        self.updates += 1
        torch.mm(_tensor(x).t(), _tensor(slopes), out=self.total)
        share = elements.share_of.py_func(self.updates, s.memory)
        elements.learn(
            self.gradients, self.means, self.least_mean, self.recurrent, self.near, share, rate
        )
        elements.learn_rows(
            features, slopes, self.row_heads, links, self.row_totals, self.row_counts,
            self.row_means, self.least_mean, self.embedding, s.memory, rate,
        )  # fmt: skip
        if self.updates % CLIPPED_EVERY == 1:
            self.clipped += int(np.count_nonzero(np.abs(slopes) == elements.SLOPE_LIMIT))

    def saturated(self) -> int:
        """How many weights are cut off at their limit."""
        parts = (self.recurrent, self.embedding)
        return sum(int(np.count_nonzero(np.abs(part) >= WEIGHT_LIMIT)) for part in parts)


class Group:
    """The lanes of a group: the trace that is learnt from, buffers.

    Parameters
    ----------
    arrays : NetworkArrays, where the step kernel writes the group's two traces
    number : of the group; lanes : how many it has
    """

    def __init__(self, weights: Weights, arrays: NetworkArrays, number: int, lanes: int):
        settings, cells = weights.settings, weights.cells
        horizon = self.horizon = settings.horizon
        self.weights, self.arrays, self.number, self.lanes = weights, arrays, number, lanes
        self.left = 0  # steps that are still to go back
        self.turn = 0
        samples = horizon * lanes
        self.x = np.zeros((horizon, lanes, weights.inputs))
        self.d_cell = np.zeros((lanes, cells), dtype=np.int64)
        self.d_output = np.zeros((lanes, cells))
        self.slopes = np.zeros((horizon, lanes, weights.columns))
        self.links = np.zeros(samples * settings.picked, dtype=np.int32)
        # The views that the steps need: to take one costs as much as a product.
        self.d_output_view = _tensor(self.d_output)
        self.slope_views = [(self.slopes[t], _tensor(self.slopes[t])) for t in range(horizon)]
        gradient, gates, inner = (
            getattr(arrays, name)[number][..., :lanes, :] for name in ("gradient", "gates", "cells")
        )
        self.views = [
            [(gradient[turn, t], gates[turn, t], inner[turn, t], inner[turn, t + 1])
             for t in range(horizon)]
            for turn in (0, 1)
        ]  # fmt: skip

    def turn_over(self, trace: int) -> None:
        """Begin to go back through the `trace`-th, from 0, which has just become full."""
        self.turn = trace & 1
        np.copyto(self.x, self.arrays.x[self.number, self.turn, :-1, : self.lanes])
        self.d_cell[:] = 0
        self.d_output[:] = 0
        self.left = self.horizon

    def go_back(self) -> bool:
        """What a half-step has of the way back; whether that ended it, and all weights learnt."""
        if not self.left:
            return False
        views = self.views[self.turn]
        for t in range(self.left - 1, max(0, self.left - self.weights.settings.stride) - 1, -1):
            slopes, operand = self.slope_views[t]
            elements.back(self.d_output, *views[t], self.d_cell, slopes)
            if t:
                torch.mm(operand, self.weights.backward, out=self.d_output_view)
            self.left = t
        if self.left:
            return False
        samples = self.horizon * self.lanes
        x, slopes = (part.reshape(samples, part.shape[2]) for part in (self.x, self.slopes))
        self.weights.train(x, slopes, self.features(), self.links)
        return True

    def features(self) -> np.ndarray:
        """int64[samples, n]: the rows of the embedding that the trace has picked."""
        kept = self.arrays.features[self.number, self.turn, :, : self.lanes]
        return np.ascontiguousarray(kept).reshape(self.horizon * self.lanes, kept.shape[2])

    def hand_over(self, learning: int) -> None:
        """Give the kernel the weights that this learning, counted from 0, has changed."""
        box, arrays = learning & 1, self.arrays
        np.right_shift(self.weights.recurrent, NEAR_SHIFT, out=arrays.new_near[box])
        rows = np.unique(self.features())
        arrays.new_rows[box, : len(rows)] = rows
        self.weights.embedding.take(rows, axis=0, out=arrays.new_embedding[box, : len(rows)])
        arrays.new_count[box] = len(rows)
