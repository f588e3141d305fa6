"""Copy experts for bases: many earlier places followed at once, on both strands.

Where `match` follows one place, this follows up to `limit` of them: each expert copies from a
place whose last 32 bases resemble the present ones, so it predicts through substitutions, and it
is believed by what it really got right of late. Diverged repeats (Alu, L1) have hundreds of
copies; what their bases vote for is close to the family's consensus. Experts come from chains of
earlier places with the same `seed` bases, newest first, and are dropped after too many misses.
Origin: the expert model (XM, Cao et al. 2007); repeat models of cmix, GeCo3 and JARVIS.
"""

from cmixpy.model import fields as f
from cmixpy.model.contexts import reverse_strand
from cmixpy.model.counted import COUNT_BITS, ENTRY_MASK, gather, settle
from cmixpy.model.jit import block, routine
from cmixpy.model.match import start_of_lane_at

EXPERT_LIMIT = 31  # 2048 lanes times these must fit the 16 bits in which outcomes are gathered
# Columns of an expert: the place it copies, the direction, the least place it may reach, the last
# 32 outcomes (1: a miss), the run of hits, the base it expects, its counted entry.
POINTER, DIRECTION, FLOOR, OUTCOMES, RUN, BASE, ENTRY = 0, 1, 2, 3, 4, 5, 6
EXPERT_FIELDS = 8
EXPERT_ENTRIES = 2048
EXPERT_INPUTS = 5
# Counted entries of experts: first probability (16 bits), first count, limit.
FIRST, START, MOST = 45875, 2, 1023
WINDOW = 32
LONGEST_RUN = 256
LOG_3 = 281  # ln 3 in 1/256: the odds of one base of four against the other three
VOTE_LIMIT = 2047


@block
def ones_in(x):
    """How many of the low 32 bits of x are ones."""
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return ((x * 0x01010101) & 0xFFFFFFFF) >> 24


@block
def run_bucket(run):
    """0 … 15: bucket of a run of hits, finer where short."""
    bucket = 15
    if run < 4:
        bucket = run
    elif run < 8:
        bucket = 2 + (run >> 1)
    elif run < 24:
        bucket = 4 + (run >> 2)
    elif run < 32:
        bucket = 10
    elif run < 64:
        bucket = 9 + (run >> 4)
    elif run < 128:
        bucket = 13
    elif run < LONGEST_RUN:
        bucket = 14
    return bucket


@block
def expert_entry(outcomes, run):
    """Entry under which an expert of this record is counted."""
    recent = min(15, ones_in(outcomes & 0xFFFF))
    older = min(7, 2 * ones_in(outcomes >> 16) // 3)
    return (older * 16 + recent) * 16 + run_bucket(run)


@block
def recruit(lane, experts, plan, shared, direction):
    """Take on experts from the chain of the last `seed` bases, or of their reverse complement."""
    limit = plan.experts[0]
    seed = plan.experts[1]
    history = shared.history
    position = lane[f.POSITION]
    here = lane[f.START] + position
    count = lane[f.EXPERTS] + 0
    place = 0
    if count < limit and position >= seed:
        if direction > 0:
            place = shared.expert_head[lane[f.PACKED] & ((1 << (2 * seed)) - 1)] + 0
        else:
            place = shared.expert_head[reverse_strand(lane, seed)] + 0
    tried = 0
    while place > 0:
        pointer = place - 1
        if direction < 0:
            pointer -= seed + 1
        known = False
        for i in range(count):
            if experts[i, POINTER] == pointer and experts[i, DIRECTION] == direction:
                known = True
        tried += 1
        if not known:
            floor = start_of_lane_at(place - 1, plan.numbers[0], plan.numbers[1])
            if pointer >= floor:
                # What lies on the other side of the pointer, for as far as it has been coded.
                if direction > 0:
                    most = min(WINDOW, min(pointer - floor, position))
                else:
                    most = min(WINDOW, min(floor + position - pointer - 1, position))
                outcomes = 0xFFFFFFFF
                for q in range(most):
                    if direction > 0:
                        same = history[pointer - 1 - q] == history[here - 1 - q]
                    else:
                        same = history[pointer + 1 + q] + history[here - 1 - q] == 3
                    if same:
                        outcomes ^= 1 << q
                if ones_in(outcomes) <= plan.experts[3]:
                    run = 0
                    while run < WINDOW and (outcomes >> run) & 1 == 0:
                        run += 1
                    experts[count, POINTER] = pointer
                    experts[count, DIRECTION] = direction
                    experts[count, FLOOR] = 0
                    if direction < 0:
                        experts[count, FLOOR] = floor
                    experts[count, OUTCOMES] = outcomes
                    experts[count, RUN] = run
                    count += 1
        place = shared.expert_before[place - 1] + 0
        # An older place behind one that is followed was tried when that one came.
        if known or tried >= plan.experts[2] or count >= limit:
            place = 0
    lane[f.EXPERTS] = count


@routine
def find_experts(lane, experts, plan, shared):
    """Recruit, let every expert vote, and note what the inputs and selectors need of the votes."""
    recruit(lane, experts, plan, shared, 1)
    recruit(lane, experts, plan, shared, -1)
    history = shared.history
    first_entry = plan.experts[6]
    for s in range(4):
        lane[f.EXPERT_VOTES + s] = 0
        lane[f.EXPERT_ODDS + s] = 0
    best = 0
    best_base = 0
    second = 0
    second_base = 0
    for i in range(lane[f.EXPERTS]):
        pointer = experts[i, POINTER]
        direction = experts[i, DIRECTION]
        base = history[pointer] + 0
        if direction < 0:
            base = 3 - base
        entry = first_entry + expert_entry(experts[i, OUTCOMES], experts[i, RUN])
        experts[i, BASE] = base
        experts[i, ENTRY] = entry
        p = (shared.probability[entry] & ENTRY_MASK) >> (COUNT_BITS + 6)
        lane[f.EXPERT_VOTES + base] += plan.stretch[p >> 4] + LOG_3
        lane[f.EXPERT_ODDS + base] += max(0, 48 * p // (65536 - p) - 16)
        if p > best:
            if base != best_base:
                second = best
                second_base = best_base
            best = p
            best_base = base
        elif base != best_base and p > second:
            second = p
            second_base = base
    lane[f.EXPERT_BEST] = best
    lane[f.EXPERT_BEST_BASE] = best_base
    lane[f.EXPERT_SECOND] = second
    lane[f.EXPERT_SECOND_BASE] = second_base


@block
def belief_bucket(p, stretch):
    """0 (no expert) … 15: how sure a 16-bit probability is."""
    bucket = 0
    if p > 0:
        bucket = 1 + min(max((stretch[p >> 4] + 256) >> 7, 0), 14)
    return bucket


@block
def log_sum(a, b, softplus):
    """ln(e^a + e^b) in 1/256."""
    return max(a, b) + softplus[min(abs(a - b), softplus.shape[0] - 1)]


@block
def believed(p, base, partial, k, stretch):
    """Logit of bit k, if the expected base has the partial symbol, from the base's probability."""
    logit = 0
    symbol = base | 4
    if p > 0 and symbol >> (2 - k) == partial:
        share = p + (65536 - p) // 3
        if k == 1:
            share = (p << 16) // share
        logit = stretch[min(share, 65535) >> 4] + 0
        if (symbol >> (1 - k)) & 1 == 0:
            logit = -logit
    return logit


@routine
def expert_inputs(lane, x, at, partial, k, stretch, softplus):
    """Five inputs of bit k from x[at] on: votes, odds twice, the best expert, the best against."""
    v = f.EXPERT_VOTES
    o = f.EXPERT_ODDS
    if k == 0:
        votes = log_sum(lane[v + 2], lane[v + 3], softplus)
        votes -= log_sum(lane[v], lane[v + 1], softplus)
        zeros = lane[o] + lane[o + 1]
        both = zeros + lane[o + 2] + lane[o + 3]
    else:
        b = 2 * (partial & 1)
        votes = lane[v + b + 1] - lane[v + b]
        zeros = lane[o + b] + 0
        both = zeros + lane[o + b + 1]
    p = min(((both - zeros + 16) << 16) // (both + 32), 65535)
    x[at] = min(max(votes, -VOTE_LIMIT), VOTE_LIMIT)
    x[at + 1] = stretch[p >> 4]
    x[at + 2] = (p - 32768) >> 4
    x[at + 3] = believed(
        lane[f.EXPERT_BEST], lane[f.EXPERT_BEST_BASE], partial, k, stretch
    )
    x[at + 4] = believed(
        lane[f.EXPERT_SECOND], lane[f.EXPERT_SECOND_BASE], partial, k, stretch
    )


@routine
def move_experts(lane, experts, touched, plan, symbol):
    """After a symbol: note each expert's outcome in `touched`, move it on or let it go."""
    count = lane[f.EXPERTS] + 0
    limit = plan.experts[0]
    noted = 0
    i = 0
    while i < count:
        outcomes = (experts[i, OUTCOMES] << 1) & 0xFFFFFFFF
        if experts[i, BASE] == symbol:
            touched[noted] = 2 * experts[i, ENTRY] + 1
            experts[i, RUN] = min(experts[i, RUN] + 1, LONGEST_RUN)
        else:
            touched[noted] = 2 * experts[i, ENTRY]
            outcomes |= 1
            experts[i, RUN] = 0
        noted += 1
        experts[i, OUTCOMES] = outcomes
        pointer = experts[i, POINTER] + experts[i, DIRECTION]
        experts[i, POINTER] = pointer
        out = pointer >= plan.numbers[0] or pointer < experts[i, FLOOR]
        tired = ones_in(outcomes & 0xFFFF) > plan.experts[4] or ones_in(outcomes) > plan.experts[3]
        if out or tired:
            # The last of the list, which has not moved yet, takes its place.
            count -= 1
            for column in range(EXPERT_FIELDS):
                experts[i, column] = experts[count, column]
        else:
            i += 1
    while noted < limit:
        touched[noted] = -1
        noted += 1
    lane[f.EXPERTS] = count


@block
def commit_experts(touched, lanes_from, lanes_to, active, probability, limit, reciprocal):
    """Counted update of all experts' entries; touched: int32[lanes, limit] of 2·entry + hit."""
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for i in range(limit):
                if touched[lane, i] >= 0:
                    gather(probability, touched[lane, i] >> 1, touched[lane, i] & 1)
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for i in range(limit):
                if touched[lane, i] >= 0:
                    settle(probability, touched[lane, i] >> 1, MOST, reciprocal)


@block
def commit_places(private, shared, plan, lanes_from, lanes_to, step):
    """Chain the places just coded, highest lane first, so that the lowest heads the chain."""
    for index in range(lanes_to - 1, lanes_from - 1, -1):
        if private.active[index]:
            key = private.expert_key[index]
            if key >= 0:
                place = private.lanes[index, f.START] + step
                shared.expert_before[place] = shared.expert_head[key]
                shared.expert_head[key] = place + 1
