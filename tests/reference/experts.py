"""FORMAT.md, "Experts"."""

from collections import Counter
from dataclasses import dataclass

from reference.tables import clamp, softplus, stretch


@dataclass
class Expert:
    pointer: int
    direction: int
    floor: int
    outcomes: int
    run: int
    base: int = 0
    key: int = 0


def run_bucket(run: int) -> int:
    bounds = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64, 128, 256)
    return sum(run >= bound for bound in bounds)


def key_of(outcomes: int, run: int) -> int:
    recent = min(15, (outcomes & 0xFFFF).bit_count())
    older = min(7, 2 * (outcomes >> 16).bit_count() // 3)
    return (older * 16 + recent) * 16 + run_bucket(run)


class Chains:
    """Earlier places by the `seed` bases before them, newest first."""

    def __init__(self, seed: int, n: int):
        self.head = [0] * 4**seed
        self.before = [0] * n

    def add(self, key: int, place: int) -> None:
        self.before[place] = self.head[key]
        self.head[key] = place + 1


class Voting:
    """What a lane's experts say of the coming base."""

    def __init__(self, experts: list[Expert], entries):
        self.count = len(experts)
        self.votes, self.odds = [0] * 4, [0] * 4
        self.best = self.best_base = self.second = self.second_base = 0
        for expert in experts:
            s, p = expert.base, entries.p16(expert.key)
            self.votes[s] += stretch(p >> 4) + 281
            self.odds[s] += max(0, 48 * p // (65536 - p) - 16)
            if p > self.best:
                if s != self.best_base:
                    self.second, self.second_base = self.best, self.best_base
                self.best, self.best_base = p, s
            elif s != self.best_base and p > self.second:
                self.second, self.second_base = p, s

    def inputs(self, partial: int, k: int) -> list[int]:
        if k == 0:
            votes = log_sum(*self.votes[2:]) - log_sum(*self.votes[:2])
            zeros, both = sum(self.odds[:2]), sum(self.odds)
        else:
            b = 2 * (partial & 1)
            votes = self.votes[b + 1] - self.votes[b]
            zeros, both = self.odds[b], self.odds[b] + self.odds[b + 1]
        p = min(65535, ((both - zeros + 16) << 16) // (both + 32))
        return [
            clamp(votes, -2047, 2047), stretch(p >> 4), (p - 32768) >> 4,
            believed(self.best, self.best_base, partial, k),
            believed(self.second, self.second_base, partial, k),
        ]  # fmt: skip


def log_sum(a: int, b: int) -> int:
    return max(a, b) + softplus(min(abs(a - b), 3071))


def believed(p: int, base: int, partial: int, k: int) -> int:
    symbol = base | 4
    if p == 0 or symbol >> (2 - k) != partial:
        return 0
    share = p + (65536 - p) // 3
    if k == 1:
        share = (p << 16) // share
    logit = stretch(min(share, 65535) >> 4)
    return logit if symbol >> (1 - k) & 1 else -logit


def belief(p: int) -> int:
    return 1 + clamp((stretch(p >> 4) + 256) >> 7, 0, 14) if p else 0


def recruit(lane, rule, direction: int, chains: Chains, history, base_of, events: Counter) -> None:
    experts, here, position = lane.experts, lane.here, lane.position
    if len(experts) >= rule.limit or position < rule.seed:
        return
    if direction > 0:
        key = lane.packed & (4**rule.seed - 1)
    else:
        key = lane.reversed >> 2 * (31 - rule.seed)
    place, tried = chains.head[key], 0
    while place > 0:
        e = place - 1
        pointer = e if direction > 0 else e - rule.seed - 1
        if any((x.pointer, x.direction) == (pointer, direction) for x in experts):
            events["expert already there"] += 1
            return
        base = base_of(e)
        if pointer < base:
            events["expert before its lane"] += 1
        else:
            if direction > 0:
                most = min(32, pointer - base, position)
            else:
                most = min(32, base + position - pointer - 1, position)
            outcomes = 0xFFFFFFFF
            for q in range(most):
                now = history[here - 1 - q]
                if direction > 0:
                    same = history[pointer - 1 - q] == now
                else:
                    same = history[pointer + 1 + q] + now == 3
                outcomes -= same << q
            if outcomes.bit_count() <= rule.misses:
                run = next((q for q in range(32) if outcomes >> q & 1), 32)
                floor = base if direction < 0 else 0
                experts.append(Expert(pointer, direction, floor, outcomes, run))
                events["expert recruited"] += 1
                events["inverted expert recruited"] += direction < 0
            else:
                events["expert refused"] += 1
        place, tried = chains.before[e], tried + 1
        if tried >= rule.depth or len(experts) >= rule.limit:
            return


def find_experts(lane, rule, chains, history, entries, base_of, events: Counter) -> None:
    """At the start of a step, after the matches."""
    for direction in (1, -1):
        recruit(lane, rule, direction, chains, history, base_of, events)
    for expert in lane.experts:
        symbol = history[expert.pointer]
        expert.base = symbol if expert.direction > 0 else 3 - symbol
        expert.key = key_of(expert.outcomes, expert.run)
    lane.voting = Voting(lane.experts, entries)
    events["experts disagree"] += lane.voting.second > 0


def move_experts(lane, rule, symbol: int, n: int, entries, events: Counter) -> None:
    """After a symbol: experts learn, move on, or are let go."""
    experts, i = lane.experts, 0
    while i < len(experts):
        expert = experts[i]
        hit = expert.base == symbol
        entries.touch(expert.key, int(hit))
        expert.outcomes = (expert.outcomes << 1 & 0xFFFFFFFF) | (not hit)
        expert.run = min(256, expert.run + 1) if hit else 0
        expert.pointer += expert.direction
        out = not expert.floor <= expert.pointer < n
        tired = (expert.outcomes & 0xFFFF).bit_count() > rule.tolerance
        tired = tired or expert.outcomes.bit_count() > rule.misses
        if out or tired:
            events["expert ran out" if out else "expert let go"] += 1
            last = experts.pop()
            if i < len(experts):
                experts[i] = last
        else:
            i += 1
