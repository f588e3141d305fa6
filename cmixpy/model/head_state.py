"""The arrays of the LSTM's output layer (head.py): read-only, shared, and the lanes' own."""

import numpy as np

from cmixpy.model.head import MIX, NEAR_SHIFT


def _sizes(d) -> tuple[int, int, int]:
    """Cells, gates and nodes; (0, 0, 0) without an LSTM."""
    return (d.lstm[0].cells, len(d.gates), 1 << d.symbol_bits) if d.lstm else (0, 0, 0)


def head_plan(d) -> tuple[np.ndarray, ...]:
    """int64: cells, gates, first, last rate and its half, share of scalars, input of the bias,
    what it is told, rate of what nodes have in common;
    then of each gate its source and index."""
    cells, gates, _ = _sizes(d)
    numbers = np.zeros(9, dtype=np.int64)
    if d.lstm:
        m = d.lstm[0]
        numbers[:] = (
            cells, gates, m.head_first, m.head_last, m.head_half, m.scalar_share, m.bias_input,
            m.told, m.common_rate,
        )  # fmt: skip
    source = np.array([g.source for g in d.gates], dtype=np.int64)
    return numbers, source, np.array([g.index for g in d.gates], dtype=np.int64)


def head_shared(d) -> tuple[np.ndarray, ...]:
    """Weights of every node before the first step: the mix as it is, and nothing else, or those
    of a pretrained network."""
    cells, gates, nodes = _sizes(d)
    vectors = np.zeros((nodes, gates + 1, cells), dtype=np.int32)
    scalars = np.zeros((nodes, gates), dtype=np.int32)
    common = np.zeros((gates, cells), dtype=np.int32)
    for j, gate in enumerate(d.gates):
        if gate.source == MIX:
            scalars[:, j] = 1 << 20
    network = d.network
    if network is not None:
        vectors[:], scalars[:], common[:] = network.gates, network.scalars, network.common
    return (
        vectors,
        (vectors >> NEAR_SHIFT).astype(np.int16),
        scalars,
        np.zeros(nodes, dtype=np.int64),
        np.zeros(nodes, dtype=np.int32),
        common,
        (common >> NEAR_SHIFT).astype(np.int16),
    )


def head_private(d, lanes: int, threads: int) -> tuple[np.ndarray, ...]:
    """The LSTM's outputs, what it is told after a symbol, and what the commit needs."""
    cells, gates, _ = _sizes(d)
    bits = d.symbol_bits if d.lstm else 0
    features = d.lstm[0].picked if d.lstm else 1
    return (
        np.zeros((lanes, features), dtype=np.int64),
        np.zeros((lanes, cells), dtype=np.int16),
        np.zeros((lanes, cells), dtype=np.int16),
        np.zeros((lanes, cells), dtype=np.int32),
        np.zeros((lanes, bits), dtype=np.int32),
        np.zeros((lanes, bits, gates), dtype=np.int16),
        np.zeros((lanes, bits), dtype=np.int32),
        np.zeros((threads, cells), dtype=np.int32),
        np.zeros((lanes, gates), dtype=np.int64),
        np.zeros((lanes, gates), dtype=np.int64),
    )
