"""Before any symbol is coded: does this machine multiply exactly what the network will multiply?

The network's products have operands on grids, chosen so that every partial sum is a float64 without
rounding (network.py). A device or a BLAS that computes float64 products in some other arithmetic
(by splitting into low precision, say) would decode other bytes than were encoded, and is refused.
"""

import numpy as np
import torch

from cmixpy.errors import UnsupportedError
from cmixpy.lstm.cells import NEAR_LIMIT, SLOPE_LIMIT
from cmixpy.lstm.network import INPUTS_LIMIT, STATE_ONE
from cmixpy.lstm.tables import uniform


def _operand(seed: int, rows: int, columns: int, limit: int) -> np.ndarray:
    """int64[rows, columns] up to ±limit: random low bits, and all the largest in one column."""
    values = uniform(seed, rows * columns).reshape(rows, columns)
    values = (values * limit >> 15) | 1
    values[:, 0] = limit - 1
    return values


def require_exact_products(cells: int, horizon: int, lanes: int, product=torch.mm) -> None:
    """Multiply worst-case operands of the network's three products and compare with integers.

    Raises
    ------
    UnsupportedError
        Where `product` is inexact.
    """
    inputs, columns, samples = cells + INPUTS_LIMIT, 3 * cells, horizon * lanes
    state = _operand(1, samples, inputs, STATE_ONE)
    slope = _operand(2, samples, columns, SLOPE_LIMIT)
    weight = _operand(3, inputs, columns, NEAR_LIMIT)
    few = slice(0, lanes)
    for a, b in ((state[few], weight), (slope[few], weight.T), (state.T, slope)):
        found = product(
            torch.from_numpy(a.astype(np.float64)),
            torch.from_numpy(np.ascontiguousarray(b).astype(np.float64)),
        )
        # Columns and rows at the edges and between them: int64 products are slow.
        rows = np.unique(np.linspace(0, len(a) - 1, 8).astype(int))
        places = np.unique(np.linspace(0, b.shape[1] - 1, 8).astype(int))
        expected = a[rows] @ b[:, places]
        if not np.array_equal(found.numpy()[np.ix_(rows, places)].astype(np.int64), expected):
            raise UnsupportedError(
                "this machine's float64 matrix products are not exact: the LSTM mixer cannot run"
            )
