"""What the step kernel has of the LSTM: weights, what lanes did in two traces, what is learnt."""

from typing import NamedTuple

import numpy as np

from cmixpy.lstm import tables
from cmixpy.lstm.cells import NEAR_SHIFT


class NetworkArrays(NamedTuple):
    """The way there (forward.py). g groups of up to n lanes; a group's traces take turns, so 2 of
    each; rows and columns are those of the weights (network.py, Weights)."""

    timing: np.ndarray  # int64[2]: the horizon; into how many steps of the next trace it is learnt
    near: np.ndarray  # int32[inputs, columns], 18 fraction bits
    embedding: np.ndarray  # int32[rows, columns], 28
    sigmoid: np.ndarray  # int32[places]
    tanh: np.ndarray  # int32[places]
    sums: np.ndarray  # int64[threads, columns], scratch
    x: np.ndarray  # int32[g, 2, horizon + 1, n, inputs]: outputs, residuals
    features: np.ndarray  # int64[g, 2, horizon, n, features]
    gates: np.ndarray  # int32[g, 2, horizon, n, columns]
    cells: np.ndarray  # int32[g, 2, horizon + 1, n, cells]
    gradient: np.ndarray  # int32[g, 2, horizon, n, cells]
    # What a learning, and the one after it, have made of the weights.
    new_near: np.ndarray  # int32[2, inputs, columns]
    new_rows: np.ndarray  # int64[2, most]: the rows of the embedding that have changed
    new_embedding: np.ndarray  # int32[2, most, columns]
    new_count: np.ndarray  # int64[2]: how many


def learnt_after(settings) -> int:
    """Steps of the next trace in which a full one is gone back."""
    return -(-settings.horizon // settings.stride)


def no_network() -> NetworkArrays:
    """Of a model without an LSTM."""
    int32, int64 = np.int32, np.int64
    kinds = (
        (1, int64), (2, int32), (2, int32), (1, int32), (1, int32), (2, int64), (5, int32),
        (5, int64), (5, int32), (5, int32), (5, int32), (3, int32), (2, int64), (3, int32),
        (1, int64),
    )  # fmt: skip
    return NetworkArrays(*(np.zeros((0,) * dimensions, kind) for dimensions, kind in kinds))


def build_network(plan, recurrent, embedding, threads: int) -> NetworkArrays:
    """Before the first step, with these weights (int32, 28 fraction bits)."""
    settings, bits = plan.description.lstm[0], plan.description.symbol_bits
    inputs, columns = recurrent.shape
    cells, horizon, lanes = settings.cells, settings.horizon, plan.group_lanes
    most = settings.changed(bits, lanes)

    def traces(steps: int, numbers: int, kind=np.int32) -> np.ndarray:
        return np.zeros((plan.groups, 2, steps, lanes, numbers), dtype=kind)

    return NetworkArrays(
        np.array([horizon, learnt_after(settings)], dtype=np.int64),
        recurrent >> NEAR_SHIFT,
        embedding.copy(),
        tables.sigmoid_table().astype(np.int32),
        tables.tanh_table().astype(np.int32),
        np.zeros((threads, columns), dtype=np.int64),
        traces(horizon + 1, inputs),
        traces(horizon, settings.picked, np.int64),
        traces(horizon, columns),
        traces(horizon + 1, cells),
        traces(horizon, cells),
        np.zeros((2, inputs, columns), dtype=np.int32),
        np.zeros((2, most), dtype=np.int64),
        np.zeros((2, most, columns), dtype=np.int32),
        np.zeros(2, dtype=np.int64),
    )
