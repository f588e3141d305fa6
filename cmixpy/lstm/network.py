"""One layer of LSTM cells over the lanes of a group, in torch, forward and backward, exactly.

Matrix products take operands on fixed binary grids, clamped, so that every partial sum is a float64
without rounding; whatever order, blocking or device computes it, the result is one. All else is
integers (cells.py). No autograd.

The input gate is 1 - f (as in lstm-compress), so a cell stays in [-1, 1] and h = o · c.

Operands are whole numbers: outputs h and residuals count 2^-15, |h| <= 1; weights 2^-18, |w| <= 4;
slopes d(-loss)/d(pre) 2^-20, |d| <= 4. Bits of the sums: h·w 15 + 20 + log2(512 rows) < 45; d·w
22 + 20 + log2(1536 columns) < 53; h·d 15 + 22 + log2(65536 samples) = 53.

A trace is the steps of a horizon. Once it is full, the way back through it is gone a few steps in
each half-step, beside the next trace, so that whoever waits for the outputs never waits for it.
"""

import numpy as np
import torch

from cmixpy.lstm import cells as elements
from cmixpy.lstm import tables
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
    the mean sizes learn.
    """

    def __init__(self, settings, bits: int, network=None, held: int = 0):
        cells = self.cells = settings.cells
        self.settings, self.inputs, self.columns = settings, cells + bits, 3 * cells
        self.held = held
        if network is None:
            self.recurrent, self.embedding = random_weights(settings, bits)
        else:
            self.recurrent, self.embedding = network.recurrent.copy(), network.embedding.copy()
        self.near = (self.recurrent >> NEAR_SHIFT).astype(np.float64)
        self.forward = _tensor(self.near)[:cells]
        self.backward = self.forward.t()
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
        elements.learn(self.gradients, self.means, self.recurrent, self.near, share, rate)
        elements.learn_rows(
            features, slopes, self.row_heads, links, self.row_totals, self.row_counts,
            self.row_means, self.embedding, s.memory, rate,
        )  # fmt: skip
        if self.updates % CLIPPED_EVERY == 1:
            self.clipped += int(np.count_nonzero(np.abs(slopes) == elements.SLOPE_LIMIT))

    def saturated(self) -> int:
        """How many weights are cut off at their limit."""
        parts = (self.recurrent, self.embedding)
        return sum(int(np.count_nonzero(np.abs(part) >= WEIGHT_LIMIT)) for part in parts)


class Trace:
    """What a group's lanes were told and did in the steps of a horizon."""

    def __init__(self, weights: Weights, lanes: int, horizon: int, features: int):
        cells = weights.cells
        self.x = np.zeros((horizon + 1, lanes, weights.inputs))
        self.features = np.zeros((horizon, lanes, features), dtype=np.int64)
        self.gates = np.zeros((horizon, lanes, weights.columns), dtype=np.int32)
        self.cells = np.zeros((horizon + 1, lanes, cells), dtype=np.int32)
        self.gradient = np.zeros((horizon, lanes, cells), dtype=np.int32)
        # The views that the steps need: to take one costs as much as a product.
        self.forward_views = [
            (_tensor(self.x[t])[:, :cells], self.features[t], self.x[t], self.gates[t],
             self.cells[t], self.cells[t + 1], self.x[t + 1][:, :cells])
            for t in range(horizon)
        ]  # fmt: skip
        self.backward_views = [
            (self.gradient[t], self.gates[t], self.cells[t], self.cells[t + 1])
            for t in range(horizon)
        ]

    def continue_from(self, other: "Trace", at: int) -> None:
        """Begin where `other` has ended, after `at` steps."""
        self.cells[0] = other.cells[at]
        self.x[0] = other.x[at]


class Group:
    """The lanes of a group: the trace that grows, the one that is learnt from, buffers."""

    def __init__(self, weights: Weights, lanes: int, features: int):
        settings, cells = weights.settings, weights.cells
        horizon = self.horizon = settings.horizon
        self.weights, self.lanes = weights, lanes
        self.sigmoid = tables.sigmoid_table().astype(np.int32)
        self.tanh = tables.tanh_table().astype(np.int32)
        self.growing = Trace(weights, lanes, horizon, features)
        self.full = Trace(weights, lanes, horizon, features)
        self.at = 0  # steps in the growing trace
        self.left = 0  # steps of the full one that are still to go back
        self.product = np.zeros((lanes, weights.columns))
        self.sums = np.zeros(weights.columns, dtype=np.int64)
        self.d_cell = np.zeros((lanes, cells), dtype=np.int64)
        self.d_output = np.zeros((lanes, cells))
        self.slopes = np.zeros((horizon, lanes, weights.columns))
        self.links = np.zeros(horizon * lanes * features, dtype=np.int32)
        self.product_view, self.d_output_view = _tensor(self.product), _tensor(self.d_output)
        self.slope_views = [(self.slopes[t], _tensor(self.slopes[t])) for t in range(horizon)]

    def forward(self, features, residuals, gradients, outputs) -> None:
        """Take every lane's last symbol.

        Parameters
        ----------
        features : int64[lanes, n], rows of the embedding
        residuals : int32[lanes, bits]: (bit - p) of its bits, 2^-15
        gradients : int32[lanes, cells], of the outputs that predicted it, 2^-18
        outputs : int16[lanes, cells]: gets h, 2^-15
        """
        if self.at:
            self.growing.gradient[self.at - 1] = gradients
        if self.at == self.horizon:
            self._finish(self.left)
            self.growing, self.full = self.full, self.growing
            self.growing.continue_from(self.full, self.at)
            self.left, self.at = self.at, 0
            self.d_cell[:] = 0
            self.d_output[:] = 0
        operand, kept, x, gates, before, after, h = self.growing.forward_views[self.at]
        kept[:] = features
        torch.mm(operand, self.weights.forward, out=self.product_view)
        elements.take(
            self.product, features, residuals, self.weights.recurrent, self.weights.embedding,
            self.sigmoid, self.tanh, self.sums, x, gates, before, after, h, outputs,
        )  # fmt: skip
        self.at += 1

    def learn(self) -> None:
        """Go some steps back through the full trace; after the last of them, learn."""
        self._finish(min(self.left, self.weights.settings.stride))

    def _finish(self, steps: int) -> None:
        for t in range(self.left - 1, self.left - 1 - steps, -1):
            slopes, operand = self.slope_views[t]
            elements.back(self.d_output, *self.full.backward_views[t], self.d_cell, slopes)
            if t:
                torch.mm(operand, self.weights.backward, out=self.d_output_view)
        self.left -= steps
        if steps and not self.left:
            w, full = self.weights, self.full
            samples = self.horizon * self.lanes
            w.train(
                full.x[:-1].reshape(samples, w.inputs), self.slopes.reshape(samples, w.columns),
                full.features.reshape(samples, full.features.shape[2]), self.links,
            )  # fmt: skip
