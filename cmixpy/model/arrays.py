"""The arrays a segment's model lives in, by name; state.py makes them.

Of the plan: read-only, what to compute and its integer tables. Shared: what all lanes read and only
commits write. Private: for each lane, what it owns and what it notes for the commit.
"""

from typing import NamedTuple

import numpy as np


class PlanArrays(NamedTuple):
    numbers: np.ndarray
    hints: np.ndarray
    context_function: np.ndarray
    context_a: np.ndarray
    context_b: np.ndarray
    context_local: np.ndarray
    context_known: np.ndarray
    context_inverted: np.ndarray
    context_base: np.ndarray
    context_mask: np.ndarray
    context_limit: np.ndarray
    match_minimum: np.ndarray
    match_direction: np.ndarray
    match_insert: np.ndarray
    match_table: np.ndarray
    match_mask: np.ndarray
    match_base: np.ndarray
    match_longest: np.ndarray
    match_window: np.ndarray
    match_tolerance: np.ndarray
    set_function: np.ndarray
    set_a: np.ndarray
    set_span: np.ndarray
    set_base: np.ndarray
    set_each_bit: np.ndarray
    final_function: np.ndarray
    final_a: np.ndarray
    final_span: np.ndarray
    final_base: np.ndarray
    final_each_bit: np.ndarray
    sse_function: np.ndarray
    sse_a: np.ndarray
    sse_base: np.ndarray
    sse_share: np.ndarray
    sse_hashed: np.ndarray
    touched_limit: np.ndarray
    rates: np.ndarray
    stretch: np.ndarray
    squash: np.ndarray
    map_row: np.ndarray
    count_row: np.ndarray
    run_strength: np.ndarray
    confidence: np.ndarray
    next_state: np.ndarray
    reciprocal: np.ndarray
    lane_scale: np.ndarray
    eagerness: np.ndarray
    instruction_table: np.ndarray
    experts: np.ndarray
    softplus: np.ndarray
    lstm: np.ndarray
    gate_source: np.ndarray
    gate_index: np.ndarray


class SharedArrays(NamedTuple):
    history: np.ndarray
    slots: np.ndarray
    probability: np.ndarray
    weights: np.ndarray
    final_weights: np.ndarray
    head: np.ndarray
    final_head: np.ndarray
    visits: np.ndarray
    final_visits: np.ndarray
    match_table: np.ndarray
    followers: np.ndarray
    expert_head: np.ndarray
    expert_before: np.ndarray
    word_letters: np.ndarray
    gates: np.ndarray
    gates_near: np.ndarray
    gate_scalars: np.ndarray
    node_counts: np.ndarray
    node_head: np.ndarray
    common: np.ndarray
    common_near: np.ndarray


class PrivateArrays(NamedTuple):
    lanes: np.ndarray
    active: np.ndarray
    partial: np.ndarray
    symbols: np.ndarray
    hashes: np.ndarray
    inverted: np.ndarray
    copies: np.ndarray
    claims: np.ndarray
    claimed: np.ndarray
    inputs: np.ndarray
    touched: np.ndarray
    rows: np.ndarray
    errors: np.ndarray
    middles: np.ndarray
    ahead: np.ndarray
    found: np.ndarray
    followed: np.ndarray
    run_symbols: np.ndarray
    run_strengths: np.ndarray
    link: np.ndarray
    total: np.ndarray
    scratch: np.ndarray
    experts: np.ndarray
    expert_touched: np.ndarray
    expert_key: np.ndarray
    frame_touched: np.ndarray
    features: np.ndarray
    outputs: np.ndarray
    cells: np.ndarray
    gradients: np.ndarray
    residuals: np.ndarray
    gated: np.ndarray
    gate_errors: np.ndarray
    gate_total: np.ndarray
    gate_dots: np.ndarray
    gate_slopes: np.ndarray
