"""The end of a half-step: what the lanes noted becomes shared state.

Slots are written by the thread that coded the lane, whose core has the copies at hand. Columns (a
weight set, a table of counted entries, a match table) are independent of one another, so threads
take them in turn; within a column the lanes are walked in order. What the order could change is
owned (lowest claim wins); the rest is summed or counted.
"""

from cmixpy.model import fields as f
from cmixpy.model.clock import COUNTS, SLOTS, WEIGHTS, lap
from cmixpy.model.contexts import INDIRECT_TABLES
from cmixpy.model.counted import commit_counted
from cmixpy.model.experts import commit_experts, commit_places
from cmixpy.model.frames import commit_frames
from cmixpy.model.head import commit_common, commit_gates, note_features
from cmixpy.model.jit import routine
from cmixpy.model.mixer import commit_weights
from cmixpy.model.slots import commit_slots


@routine
def commit(plan, shared, private, lanes_from, lanes_to, own_from, own_to, step, stamp, thread,
           threads, timed, clock):
    """Commit the slots of the thread's own lanes, and its share of the columns of all lanes.

    `stamp` numbers the half-step from 1.
    """
    bits = plan.numbers[2]
    contexts = plan.context_function.shape[0]
    matches = plan.match_minimum.shape[0]
    sets = plan.set_function.shape[0]
    finals = plan.final_function.shape[0]
    stages = plan.sse_function.shape[0]
    for c in range(contexts):
        commit_slots(
            c, plan.context_base[c], own_from, own_to, private.active, private.claims,
            private.copies, shared.slots, private.claimed, thread, stamp,
        )
    lap(timed, clock, SLOTS)
    task = thread
    while task < sets + finals:
        if task < sets:
            commit_weights(
                private.rows, private.errors, task, private.inputs, shared.weights, shared.visits,
                plan.eagerness, lanes_from, lanes_to, bits, private.active, shared.head,
                private.link[thread], private.total[thread], plan.lane_scale,
            )
        else:
            commit_weights(
                private.rows, private.errors, task, private.middles, shared.final_weights,
                shared.final_visits, plan.eagerness, lanes_from, lanes_to, bits, private.active,
                shared.final_head, private.link[thread], private.total[thread], plan.lane_scale,
            )
        task += threads
    task -= sets + finals
    if plan.lstm[0] > 0:
        for index in range(own_from, own_to):
            note_features(plan, private.lanes[index], shared.history, private, index)
        while task < bits:
            commit_gates(plan, shared, private, task, lanes_from, lanes_to, thread)
            task += threads
        task -= bits
        if task == 0:
            commit_common(plan, shared, private, lanes_from, lanes_to, thread)
    lap(timed, clock, WEIGHTS)
    columns = contexts + matches + stages
    if plan.numbers[9] > 0:  # the contexts' maps
        columns += contexts
    commit_counted(
        private.touched, columns * thread // threads, columns * (thread + 1) // threads, lanes_from,
        lanes_to, bits, private.active, private.symbols, shared.probability, plan.touched_limit,
        plan.reciprocal,
    )
    while task < matches:
        if plan.match_insert[task]:
            # Highest lane first, so that the lowest lane's place stays.
            table = shared.match_table[task]
            for index in range(lanes_to - 1, lanes_from - 1, -1):
                if private.active[index]:
                    table[private.found[index, task]] = private.lanes[index, f.START] + step + 1
        task += threads
    task -= matches
    if plan.numbers[6]:
        while task < INDIRECT_TABLES:
            followers = shared.followers[task]
            for index in range(lanes_to - 1, lanes_from - 1, -1):
                if private.active[index]:
                    noted = private.followed[index, task]
                    followers[noted >> 24] = noted & 0xFFFFFF
            task += threads
    if plan.experts[0] > 0:
        if task == 0:
            commit_experts(
                private.expert_touched, lanes_from, lanes_to, private.active, shared.probability,
                plan.experts[0], plan.reciprocal,
            )
        if task == 1 or threads == 1:
            commit_places(private, shared, plan, lanes_from, lanes_to, step)
    if plan.numbers[11] > 0 and task == 0:
        commit_frames(
            private.frame_touched, lanes_from, lanes_to, private.active, shared.probability,
            plan.reciprocal,
        )
    lap(timed, clock, COUNTS)
