"""The arrays a segment's model lives in, made from a description and a length.

`plan` is read-only: what to compute and its integer tables. `shared` is what all lanes read and
only commits write. `private` holds, for each lane, what it owns and what it notes for the commit.
"""

from functools import lru_cache

import numpy as np

from cmixpy.early import aligned_zeros
from cmixpy.header import MAX_HINTS
from cmixpy.model import experts, fields, frames, history, logistic
from cmixpy.model.arrays import PlanArrays, PrivateArrays, SharedArrays
from cmixpy.model.contexts import INDIRECT_BITS, INDIRECT_TABLES
from cmixpy.model.counted import COUNT_BITS
from cmixpy.model.head_state import head_plan, head_private, head_shared
from cmixpy.model.instructions import instruction_table
from cmixpy.model.maps import count_rows, first_probabilities, map_rows
from cmixpy.model.mixer import BLOCK, MOST_VISITS, WEIGHT_ONE
from cmixpy.model.predictor import INPUTS_PER_CONTEXT, INPUTS_PER_MATCH
from cmixpy.model.selectors import EACH_BIT
from cmixpy.model.slots import NO_CLAIM
from cmixpy.model.sse import SSE_BUCKETS, SSE_STEP
from cmixpy.parts import HASHED, RULE
from cmixpy.wordlist import letters

MATCH_ENTRIES = 2048
SCRATCH = 64
OUTCOMES = 2  # behind a bit's errors: the probabilities of the mix and of the whole


def int64(values):
    return np.array(list(values), dtype=np.int64)


def integer_power(n: int, thousandths: int, most: int = 65536, least: int = 0) -> int:
    """65536 · n^(-thousandths/1000), floored, in integers: bisection on exact powers.

    most, least : bounds of it, where some are known
    """
    low, high = least, most
    while low < high:
        middle = (low + high + 1) // 2
        # (middle/65536)^1000 <= n^-thousandths, in integers
        if middle**1000 * n**thousandths <= 65536**1000:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=16)
def integer_powers(last: int, thousandths: int) -> tuple[int, ...]:
    """`integer_power` of 1 … last. Powers of thousands of bits take long, so few are asked for."""
    values = [65536]
    for n in range(2, last + 1):
        most = values[-1]
        # It falls by ever less: not by more than the last time, but for rounding.
        least = max(0, 2 * most - values[-2] - 2) if n > 2 else 0
        values.append(integer_power(n, thousandths, most, least))
    return tuple(values[:last])


def _columns(parts, *names):
    return (int64(getattr(part, name) for part in parts) for name in names)


def _spans(selectors, bits):
    """Span (rows of one selector value) and first row of each weight set, and their number."""
    span = [1 << bits if s.partial else bits for s in selectors]
    ends = np.cumsum([0] + [s.rows(bits) for s in selectors])
    return int64(span), int64(ends[:-1]), int(ends[-1])


def _confidence(half: int) -> np.ndarray:
    """int32[128]: 256 · n / (n + half/2), what a count of n makes of a logit."""
    n = np.arange(128, dtype=np.int64)
    return (512 * n // (2 * n + half)).astype(np.int32)


def run_strengths() -> np.ndarray:
    """int32[256]: logit (1/256) that a symbol seen n times in a row comes again: (2n + 1) to 1."""
    n = np.arange(256, dtype=np.int64)
    strengths = logistic.stretch_table()[(65536 - 65536 // (2 * n + 2)) >> 4].astype(np.int32)
    strengths[0] = 0
    return strengths


def _experts(d) -> np.ndarray:
    """int64[7]: limit, seed, depth, misses, tolerance, first weight, first entry; zeros: none."""
    if not d.experts:
        return np.zeros(7, dtype=np.int64)
    e = d.experts[0]
    first = d.first_frame - experts.EXPERT_ENTRIES
    return int64([e.limit, e.seed, e.depth, e.misses, e.tolerance, e.initial, first])


def build_plan(plan, symbols: int) -> PlanArrays:
    """Arrays of a plan.Plan for a segment of `symbols`; read-only afterwards."""
    d = plan.description
    bits = d.symbol_bits
    rows = [1 << min(c.bits, plan.table_bits) for c in d.contexts]
    contexts, matches = len(d.contexts), len(d.matches)
    match_start = 256 * contexts
    stage_start = match_start + MATCH_ENTRIES * matches
    stage_size = [s.rows(bits) * SSE_BUCKETS for s in d.stages]
    set_span, set_base, _ = _spans(d.sets, bits)
    final_span, final_base, _ = _spans(d.finals, bits)
    rates = d.rates
    most_experts = max((e.limit for e in d.experts), default=0)
    return PlanArrays(  # type: ignore[call-arg]  # mypy cannot count unpacked generators
        int64([symbols, plan.lanes, bits, plan.groups, rates.mix_share,
               d.inputs_per_context, d.follows, d.reads_instructions,
               d.reads_text + d.reads_cells, d.first_map, plan.primed,
               d.first_frame * d.reads_frames, plan.listed,
               max((t.error for t in d.threshold), default=0)]),
        int64([*plan.hints, *(0,) * (MAX_HINTS - len(plan.hints))]),
        *_columns(d.contexts, "function", "a", "b"),
        *_columns(d.contexts, "local", "known", "inverted"),
        int64(np.cumsum([0, *rows])[:-1]),
        int64(n - 1 for n in rows),
        *_columns(d.contexts, "limit"),
        *_columns(d.matches, "minimum"),
        int64((1, -1, 0)[m.backwards] for m in d.matches),
        int64(m.table == i and m.backwards != RULE for i, m in enumerate(d.matches)),
        *_columns(d.matches, "table"),
        int64((1 << min(m.bits, plan.table_bits + 2)) - 1 for m in d.matches),
        int64(match_start + MATCH_ENTRIES * i for i in range(matches)),
        *_columns(d.matches, "longest", "window", "tolerance"),
        *_columns(d.sets, "function", "a"), set_span, set_base,
        int64(s.function in EACH_BIT for s in d.sets),
        *_columns(d.finals, "function", "a"), final_span, final_base,
        int64(s.function in EACH_BIT for s in d.finals),
        *_columns(d.stages, "function", "a"),
        int64(np.cumsum([stage_start, *stage_size])[:-1]),
        *_columns(d.stages, "share"),
        int64(s.function in HASHED for s in d.stages),
        int64(
            [rates.history_limit] * contexts + [rates.match_limit] * matches
            + [s.limit for s in d.stages] + [rates.history_limit] * d.maps
        ),
        int64([rates.first, rates.last, rates.half, rates.final_first, rates.final_last]),
        logistic.stretch_table(),
        logistic.squash_table(),
        map_rows(logistic.stretch_table()),
        count_rows(),
        run_strengths(),
        _confidence(rates.confidence),
        history.next_state_table(),
        logistic.reciprocal_table(1024 + plan.lanes * max(bits, most_experts, frames.NOTED)),
        int64((0, *integer_powers(plan.lanes, rates.lane_power))),
        _eagerness(d),
        instruction_table(),
        _experts(d),
        logistic.softplus_table(),
        *head_plan(d),
    )  # fmt: skip


def _eagerness(d) -> np.ndarray:
    """int64[MOST_VISITS + 1], 1/256: how much larger errors are for rows that learnt little."""
    visits = np.arange(MOST_VISITS + 1)
    factors = np.full(len(visits), 256)
    for eager in d.eager:
        factors += 256 * eager.extra * eager.half // (eager.half + visits)
    return factors


def fill_probabilities(plan, arrays: PlanArrays, entries: np.ndarray) -> None:
    """Set int64[entries], counted: histories, match lengths, SSE rows and so on."""
    d = plan.description
    rates = d.rates
    # Filled in place: copies of the larger tables were most of a small file's memory.
    done = 0

    def put(row: np.ndarray, times: int) -> None:
        nonlocal done
        entries[done : done + times * len(row)].reshape(times, len(row))[:] = row
        done += times * len(row)

    histories = history.initial_probability_table().astype(np.int64)
    put((histories << 6 << COUNT_BITS) | rates.history_start, len(d.contexts))
    entry = np.arange(MATCH_ENTRIES)
    # The longer the match, the surer; entry = ((slot * 8 + misses) * 8 + bit) * 2 + expected.
    right = 65536 - 65536 // ((entry >> 7) + 3)
    expected = np.where(entry & 1, right, 65536 - right)
    put((expected << 6 << COUNT_BITS) | rates.match_start, len(d.matches))
    middles = np.clip(np.arange(SSE_BUCKETS) * SSE_STEP - 1, 0, 2 * logistic.LOGIT_LIMIT)
    row = np.clip(arrays.squash[middles].astype(np.int64), 16, 65519) << 6 << COUNT_BITS
    for stage in d.stages:
        put(row | stage.start, stage.rows(d.symbol_bits))
    if d.experts:
        first = experts.FIRST << 6 << COUNT_BITS | experts.START
        put(np.array([first]), experts.EXPERT_ENTRIES)
    put(first_probabilities(arrays.squash), d.maps)
    put(frames.first_entries(), int(d.reads_frames))


def build_shared(plan, arrays: PlanArrays, symbols: int) -> SharedArrays:
    """Everything that all lanes read, as it is before the first step."""
    shared = reserve_shared(plan, arrays, symbols)
    fill_shared(plan, arrays, shared)
    return shared


def reserve_shared(plan, arrays: PlanArrays, symbols: int, zeros=aligned_zeros) -> SharedArrays:
    """The arrays of `build_shared`, all zeros but for the letters of the words.

    `zeros` makes the large tables, as early.aligned_zeros does.
    """
    d = plan.description
    words = 16 if d.symbol_bits == 8 else 4
    # Zeros: no tag, so never a hit, and the first to be replaced. Memory is taken as it is used.
    rows = int(arrays.context_mask.sum()) + len(d.contexts)
    set_rows = _spans(d.sets, d.symbol_bits)[2]
    final_rows = _spans(d.finals, d.symbol_bits)[2]
    match_rows = int(arrays.match_mask.max()) + 1 if d.matches else 1
    return SharedArrays(
        np.zeros(symbols, dtype=np.uint8),
        zeros((rows, words), np.uint32),
        zeros(d.entries, np.int64),
        aligned_zeros((set_rows, d.inputs), np.int32),
        aligned_zeros((final_rows, _final_inputs(d)), np.int32),
        np.zeros(set_rows, dtype=np.int32),
        np.zeros(final_rows, dtype=np.int32),
        np.zeros(set_rows, dtype=np.int32),
        np.zeros(final_rows, dtype=np.int32),
        np.zeros((max(len(d.matches), 1), match_rows), dtype=np.int32),
        np.zeros((INDIRECT_TABLES, 1 << INDIRECT_BITS), dtype=np.uint32),
        np.zeros(4 ** d.experts[0].seed if d.experts else 1, dtype=np.int32),
        np.zeros(symbols if d.experts else 1, dtype=np.int32),
        letters(plan.listed).copy(),
        *head_shared(d),
    )


def fill_shared(plan, arrays: PlanArrays, shared: SharedArrays) -> None:
    """What is not zero before the first step: probabilities and the mixers' weights."""
    d = plan.description
    rates = d.rates
    fill_probabilities(plan, arrays, shared.probability)
    inputs = np.zeros(d.inputs, dtype=np.int64)
    first_run = INPUTS_PER_CONTEXT * len(d.contexts)
    first_match = d.inputs_per_context * len(d.contexts)
    for j, part in enumerate((rates.initial_indirect, rates.initial_direct, rates.initial_linear)):
        inputs[j:first_run:INPUTS_PER_CONTEXT] = part * WEIGHT_ONE // 1000
    end = first_match + INPUTS_PER_MATCH * len(d.matches)
    inputs[first_match:end:INPUTS_PER_MATCH] = rates.initial_match * WEIGHT_ONE // 1000
    if d.experts:
        inputs[end] = d.experts[0].initial * WEIGHT_ONE // 1000
    shared.weights[:] = inputs
    shared.final_weights[:, : len(d.sets)] = WEIGHT_ONE // len(d.sets)


def _final_inputs(d) -> int:
    """Inputs of the second layer: the weight sets, padded to whole vectors."""
    return BLOCK // 2 if len(d.sets) <= BLOCK // 2 else BLOCK


def build_private(plan, threads: int) -> PrivateArrays:
    """What each lane owns, and the threads' scratch space."""
    d = plan.description
    lanes, bits, contexts = plan.lanes, d.symbol_bits, len(d.contexts)
    words = 16 if bits == 8 else 4
    rows = len(d.sets) + len(d.finals)
    most_experts = max((e.limit for e in d.experts), default=1)
    touched = contexts + len(d.matches) + len(d.stages) + d.maps
    inputs = aligned_zeros((lanes, bits, d.inputs), np.int16)
    # Twice as many places as claims, so that the open-addressing sets stay short.
    places = 1 << (4 * lanes + 7).bit_length()
    return PrivateArrays(
        np.zeros((lanes, fields.FIELDS), dtype=np.int64),
        np.zeros(lanes, dtype=np.uint8),
        np.zeros(lanes, dtype=np.int64),
        np.zeros(lanes, dtype=np.int64),
        np.zeros((lanes, contexts), dtype=np.int64),
        np.zeros((lanes, contexts), dtype=np.int64),
        aligned_zeros((lanes, 2, contexts, words), np.uint32),
        np.full((lanes, 2, contexts), NO_CLAIM, dtype=np.int64),
        np.zeros((threads, contexts, places), dtype=np.int64),
        inputs,
        np.full((lanes, bits, touched), -1, dtype=np.int32),
        np.zeros((lanes, bits, rows), dtype=np.int32),
        np.zeros((lanes, bits, rows + OUTCOMES), dtype=np.int32),
        aligned_zeros((lanes, bits, _final_inputs(d)), np.int16),
        np.zeros((lanes, max(len(d.matches), 1)), dtype=np.int64),
        np.zeros((lanes, max(len(d.matches), 1)), dtype=np.int64),
        np.zeros((lanes, INDIRECT_TABLES), dtype=np.int64),
        np.zeros((lanes, contexts), dtype=np.int32),
        np.zeros((lanes, contexts), dtype=np.int32),
        np.zeros((threads, lanes * bits), dtype=np.int32),
        aligned_zeros((threads, d.inputs), np.int32),
        np.zeros((threads, SCRATCH), dtype=np.int64),
        np.zeros((lanes, most_experts, experts.EXPERT_FIELDS), dtype=np.int64),
        np.full((lanes, most_experts), -1, dtype=np.int32),
        np.full(lanes, -1, dtype=np.int64),
        np.zeros((lanes, frames.NOTED), dtype=np.int32),
        *head_private(d, lanes, threads),
    )
