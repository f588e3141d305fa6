"""The lockstep: every lane codes one symbol, then all changes to shared state are committed.

`run` is the one compiled entry point. Each thread calls it for the same steps; thread j codes the
lanes j, of a contiguous range, commits their slots and every column that falls to it. Nothing it
computes depends on the number of threads: within a step lanes only read shared state, a slot goes
to the lowest lane that claims it, and the commit of a column walks the lanes in order. So the
thread that learns for the LSTM may come and go between half-steps (`ask_to_help`).
"""

from cmixpy.lstm.forward import forward, learning_before, take_learnt
from cmixpy.model import fields as f
from cmixpy.model.atomics import (
    admit_helper,
    announce_step,
    atomic_store,
    await_admission,
    await_count,
    await_lstm,
    barrier,
    cycles,
)
from cmixpy.model.clock import (
    BARRIER,
    CODING,
    HASHING,
    LAST,
    LOOK_UP,
    MATCHING,
    OUTPUTS,
    SLOTS,
    lap,
)
from cmixpy.model.coder import flush, start_coder
from cmixpy.model.commit import commit
from cmixpy.model.contexts import note_followers, read_followers, update_bases, update_bytes
from cmixpy.model.experts import find_experts, move_experts
from cmixpy.model.frames import CERTAIN, STATES, move_frames
from cmixpy.model.instructions import take_instruction_byte
from cmixpy.model.jit import kernel
from cmixpy.model.match import find_matches, lane_start, look_ahead, move_matches
from cmixpy.model.predictor import (
    RECORD,
    code_bit,
    hash_contexts,
    hash_inverted,
    prefetch_weights,
    second_hash,
    second_record_hash,
    update_inverted,
)
from cmixpy.model.records import update_record
from cmixpy.model.selectors import selector_value
from cmixpy.model.slots import claim_all, fetch_slot, prefetch_slot, read_runs, update_runs
from cmixpy.model.sse import SSE_VALUES
from cmixpy.model.text import note_runs, update_text


@kernel
def start_lanes(plan, private, codes, code_starts, decode):
    """Set every lane's fields for step 0 and prime its coder."""
    symbols = plan.numbers[0]
    lanes = plan.numbers[1]
    for index in range(lanes):
        lane = private.lanes[index]
        lane[:] = 0
        lane[f.START] = lane_start(index, symbols, lanes)
        lane[f.LENGTH] = lane_start(index + 1, symbols, lanes) - lane[f.START]
        lane[f.LINE] = lane[f.START]
        lane[f.LINE_BEFORE] = lane[f.START]
        for m in range(f.MATCH_LIMIT):
            lane[f.MATCH + m * f.MATCH_FIELDS + f.MATCH_POINTER] = -1
        for s in range(STATES):
            lane[f.FRAMES + s] = CERTAIN // STATES
        start_coder(lane, codes[code_starts[index] : code_starts[index + 1]], decode)


@kernel
def finish_lanes(plan, private, codes, code_starts):
    """Flush every lane's coder; CODE_COUNT is then the lane's code length."""
    for index in range(plan.numbers[1]):
        lane = private.lanes[index]
        flush(lane, codes[code_starts[index] : code_starts[index + 1]])


def build_run(timed):
    """The kernel, with or without the clock (clock.py)."""

    @kernel
    def run(plan, shared, private, network, source, codes, code_starts, decode, sync, thread,
            threads, first, last, times):
        """Code half-steps first … last - 1; s is that of group s % groups in step s // groups.

        Parameters
        ----------
        plan, shared, private : named tuples of arrays (state.py)
        network : that of the LSTM (lstm/arrays.py)
        source : uint8[symbols], the primer, then what the encoder codes; a decoder has the primer
        codes, code_starts : uint8[…], int64[lanes + 1]: the lanes' code buffers
        sync : int64[48], the barrier (atomics.py)
        thread, threads : this thread, and how many there are; thread `threads` is the LSTM's, which
            codes half-steps for which thread 0 has admitted it (atomics.py)
        times : int64[threads, CLOCK_COLUMNS], for the timed build
        """
        lanes = plan.numbers[1]
        bits = plan.numbers[2]
        groups = plan.numbers[3]
        contexts = plan.context_function.shape[0]
        matches = plan.match_minimum.shape[0]
        stages = plan.sse_function.shape[0]
        sets = plan.set_function.shape[0]
        finals = plan.final_function.shape[0]
        instruction_table = plan.instruction_table
        history = shared.history
        slots = shared.slots
        half = 4 if bits == 8 else bits
        nibbles = bits // half
        group_lanes = (lanes + groups - 1) // groups
        mine = private.scratch[thread]
        rates = plan.rates
        primed = plan.numbers[10]
        listed = plan.numbers[12]
        clock = times[thread]
        helped_until = first
        if thread == threads:
            helped_until = last
        if timed:
            clock[LAST] = cycles()
        for step in range(first // groups, (last + groups - 1) // groups):
            rate = rates[1] + (rates[0] - rates[1]) * rates[2] // (rates[2] + step * lanes)
            final_rate = rates[4] + (rates[3] - rates[4]) * rates[2] // (rates[2] + step * lanes)
            # The primer is there from the start, on both sides: it is learnt, but not coded.
            known = step < primed
            for group in range(max(0, first - step * groups), min(groups, last - step * groups)):
                group_from = group * group_lanes
                group_to = min(lanes, group_from + group_lanes)
                count = group_to - group_from
                present = threads
                if step * groups + group < helped_until:
                    present += 1
                lane_from = group_from + (count * thread + present - 1) // present
                lane_to = group_from + (count * (thread + 1) + present - 1) // present

                for index in range(lane_from, lane_to):
                    lane = private.lanes[index]
                    private.active[index] = step < lane[f.LENGTH]
                    if step < lane[f.LENGTH]:
                        if step == 0:
                            look_ahead(lane, private.ahead[index], plan, shared)
                            hash_contexts(
                                index, lane, plan, history, private.hashes[index], slots, False
                            )
                        lap(timed, clock, HASHING)
                        find_matches(lane, private.ahead[index], plan, shared)
                        if plan.numbers[6]:
                            read_followers(lane, shared.followers)
                        if bits == 2 and plan.experts[0] > 0:
                            find_experts(lane, private.experts[index], plan, shared)
                        lap(timed, clock, MATCHING)
                        hash_contexts(
                            index, lane, plan, history, private.hashes[index], slots, True
                        )
                        private.partial[index] = 1
                lap(timed, clock, HASHING)
                for nibble in range(nibbles):
                    for index in range(lane_from, lane_to):
                        if private.active[index]:
                            lane = private.lanes[index]
                            hits = 0
                            hashes = private.hashes[index]
                            copies = private.copies[index, nibble]
                            claims = private.claims[index, nibble]
                            for c in range(contexts):
                                claims[c] = fetch_slot(
                                    slots, plan.context_base[c], plan.context_mask[c], hashes[c],
                                    copies[c],
                                )
                                if plan.context_known[c] and claims[c] >= 0:
                                    hits += 1
                            lane[f.ORDER_HITS] = hits
                            if nibble == 0 and plan.numbers[5] > 3:
                                read_runs(
                                    copies, private.run_symbols[index],
                                    private.run_strengths[index], plan.run_strength,
                                )
                                if plan.numbers[8]:
                                    note_runs(
                                        lane, private.run_symbols[index],
                                        private.run_strengths[index],
                                    )
                            if bits == 2:
                                update_inverted(
                                    lane, plan, slots, private.inverted[index],
                                    private.copies[index, 1], private.claims[index, 1],
                                )
                    lap(timed, clock, LOOK_UP)
                    for index in range(lane_from, lane_to):
                        if private.active[index]:
                            lane = private.lanes[index]
                            at = lane[f.START] + step
                            lane[f.PARTIAL] = private.partial[index]
                            symbol = 0
                            if known or not decode:
                                symbol = source[at] + 0
                            code = codes[code_starts[index] : code_starts[index + 1]]
                            for s in range(sets):
                                if not plan.set_each_bit[s]:
                                    mine[s] = selector_value(
                                        plan.set_function[s], plan.set_a[s], lane, history,
                                        plan.hints, plan.stretch,
                                    )
                            for s in range(finals):
                                if not plan.final_each_bit[s]:
                                    mine[sets + s] = selector_value(
                                        plan.final_function[s], plan.final_a[s], lane, history,
                                        plan.hints, plan.stretch,
                                    )
                            for s in range(stages):
                                mine[SSE_VALUES + s] = selector_value(
                                    plan.sse_function[s], plan.sse_a[s], lane, history, plan.hints,
                                    plan.stretch,
                                )
                            partial = private.partial[index] + 0
                            prefetch_weights(plan, shared.weights, mine, partial, nibble * half)
                            node = 1
                            for b in range(half):
                                k = nibble * half + b
                                bit = (symbol >> (bits - 1 - k)) & 1
                                bit = code_bit(
                                    lane, plan, shared, private.copies[index, nibble],
                                    private.run_symbols[index], private.run_strengths[index],
                                    private.inputs[index], private.touched[index],
                                    private.rows[index], private.errors[index],
                                    private.middles[index], partial, node, k, bit, known,
                                    decode, code, mine, rate, final_rate, private, index, timed,
                                    clock,
                                )
                                partial = 2 * partial + bit
                                node = 2 * node + bit
                            private.partial[index] = partial
                            lane[f.PARTIAL] = partial
                            lap(timed, clock, CODING)
                            if nibble + 1 < nibbles:
                                hashes = private.hashes[index]
                                for c in range(contexts):
                                    h = second_hash(hashes[c], partial)
                                    if plan.context_function[c] == RECORD:
                                        h = second_record_hash(index, lane, plan, history, c, h)
                                    hashes[c] = h
                                    prefetch_slot(
                                        slots, plan.context_base[c], plan.context_mask[c], h
                                    )
                            else:
                                symbol = partial - (1 << bits)
                                private.symbols[index] = symbol
                                history[at] = symbol
                                move_matches(lane, plan, symbol)
                                # The table takes the place of this symbol, under what led to it.
                                for m in range(matches):
                                    if plan.match_insert[m]:
                                        private.found[index, m] = private.ahead[index, m]
                                if bits == 2 and plan.experts[0] > 0:
                                    move_experts(
                                        lane, private.experts[index], private.expert_touched[index],
                                        plan, symbol,
                                    )
                                    seed = plan.experts[1]
                                    private.expert_key[index] = -1
                                    if step >= seed:
                                        private.expert_key[index] = lane[f.PACKED] & (
                                            (1 << (2 * seed)) - 1
                                        )
                                lap(timed, clock, MATCHING)
                                lane[f.PARTIAL] = 1
                                if bits == 8:
                                    if plan.numbers[5] > 3:
                                        update_runs(private.copies[index, 0], symbol)
                                    if plan.hints[0] > 0:
                                        update_record(lane, symbol, history, plan.hints)
                                    update_bytes(lane, symbol)
                                    if plan.numbers[8]:
                                        update_text(
                                            lane, symbol, history, plan.hints, primed, listed,
                                            plan.numbers[8] > 1, shared.word_letters,
                                        )
                                    if plan.numbers[6]:
                                        note_followers(lane, private.followed[index], symbol)
                                    if plan.numbers[7]:
                                        take_instruction_byte(lane, symbol, instruction_table)
                                else:
                                    if plan.numbers[11] > 0:
                                        move_frames(
                                            lane, private.frame_touched[index], plan, shared,
                                            symbol,
                                        )
                                    update_bases(lane, symbol)
                                lane[f.POSITION] = step + 1
                                if step + 1 < lane[f.LENGTH]:
                                    look_ahead(lane, private.ahead[index], plan, shared)
                                    hash_contexts(
                                        index, lane, plan, history, private.hashes[index], slots,
                                        False,
                                    )
                                    if bits == 2:
                                        hash_inverted(
                                            index, lane, plan, private.inverted[index], slots
                                        )
                    lap(timed, clock, HASHING)
                stamp = step * groups + group + 1
                claim_all(
                    plan.context_base, lane_from, lane_to, private.active, private.claims,
                    private.claimed[thread], stamp,
                )
                lap(timed, clock, SLOTS)
                barrier(sync, present)
                lap(timed, clock, BARRIER)

                commit(
                    plan, shared, private, group_from, group_to, lane_from, lane_to, step, stamp,
                    thread, present, timed, clock,
                )
                barrier(sync, present)
                lap(timed, clock, BARRIER)

                if plan.lstm[0] > 0:
                    learning = learning_before(network.timing, step, group, groups)
                    if learning >= 0:
                        await_lstm(sync, stamp - 1)
                        lap(timed, clock, BARRIER)
                        take_learnt(network, learning, thread, present)
                        barrier(sync, present)
                    for index in range(lane_from, lane_to):
                        forward(network, private, step, group, index - group_from, index, thread)
                    lap(timed, clock, OUTPUTS)
                    if thread == 0:
                        admit_helper(sync, stamp)
                    barrier(sync, present)
                    helped_until = sync[41] + 0
                    if thread == 0:
                        announce_step(sync, stamp)
                    lap(timed, clock, BARRIER)

    return run


run = build_run(False)
run_timed = build_run(True)


@kernel
def await_kernel(sync, count):
    """Wait until the kernel has committed `count` half-steps."""
    await_count(sync, 32, count)


@kernel
def ask_to_help(sync, until):
    """Wait until the kernel has admitted this thread for half-steps from the one returned to
    `until` - 1, all of which it then has to code, or until it has committed them itself (`until`).
    """
    return await_admission(sync, until)


@kernel
def announce_lstm(sync, count):
    """Tell the kernel that the LSTM has learnt what counts behind `count` half-steps."""
    atomic_store(sync, 24, count)
