"""The LSTM's learning beside the step kernel, which makes the outputs itself (forward.py).

When the kernel has committed the half-step with which a group's trace is full, the network goes
back through it and learns. What it has learnt counts from a half-step on that the description
tells, whenever it is done: the kernel goes on with the weights before until then, and waits for
the others there. So nothing depends on who is faster, and nobody waits long: the thread that learns
codes lanes with the others while there is nothing to learn.
"""

import torch

from cmixpy.lstm import arrays
from cmixpy.lstm.network import Group, Weights
from cmixpy.lstm.selftest import require_exact_products
from cmixpy.model import step as kernel


class Driver:
    """The network of one segment, and what the kernel has of it (`arrays`)."""

    def __init__(self, plan, threads: int):
        settings = plan.description.lstm[0]
        self.threads = torch.get_num_threads()
        # Products are too small to share, and the other cores have the kernel to run.
        torch.set_num_threads(1)
        require_exact_products(settings.cells, settings.horizon, plan.group_lanes)
        bits = plan.description.symbol_bits
        self.weights = w = Weights(
            settings, bits, plan.description.network, plan.held_trainings,
            plan.description.least_mean,
        )  # fmt: skip
        self.arrays = arrays.build_network(plan, w.recurrent, w.embedding, threads)
        self.groups = [
            Group(w, self.arrays, number, high - low)
            for number, (low, high) in enumerate(plan.group_ranges)
        ]
        self.horizon, self.busy = settings.horizon, arrays.learnt_after(settings)
        self.learnt: list[int] = []  # the half-steps with which the last two learnings ended
        self.helped = 0  # half-steps until which this thread has coded with the kernel

    def run_from(self, first: int) -> int:
        """The half-step behind `first` that needs a learning which `first` does not."""
        groups, trace = len(self.groups), max(1, first // len(self.groups) // self.horizon)
        ends = [(t * self.horizon + self.busy - 1) * groups for t in (trace, trace + 1)]
        return min(end + g + 1 for end in ends for g in range(groups) if end + g + 1 > first)

    def learn(self, first: int, last: int, sync, assist=None) -> None:
        """What there is to learn in half-steps first … last - 1, which the kernel has done or, with
        `assist`, does meanwhile; sync: int64[48] (model/atomics.py).

        assist(a, b) codes half-steps a … b - 1 with the kernel's threads, where there is nothing
        to learn yet."""
        groups, number = len(self.groups), max(first, self.horizon * len(self.groups))
        while number < last and not sync[16]:
            step, group = divmod(number, groups)
            place = step % self.horizon
            if place >= self.busy:
                number = (step + self.horizon - place) * groups
                continue
            if place == 0:
                self._await(number + 1, sync, assist)
                self.groups[group].turn_over(step // self.horizon - 1)
            if self.groups[group].go_back():
                self._hand_over(number, sync)
            number += 1
        if assist:
            self._await(last, sync, assist)

    def _await(self, until: int, sync, assist) -> None:
        """Until the kernel has committed `until` half-steps, help it if that can be."""
        if assist and until > self.helped:
            first = kernel.ask_to_help(sync, until)
            if first < until:
                self.helped = until
                assist(first, until)
        kernel.await_kernel(sync, until)

    def _hand_over(self, number: int, sync) -> None:
        """Give the kernel what was learnt with half-step `number`."""
        if len(self.learnt) == 2:
            # Its place is that of the learning before the last, which the kernel is to have taken.
            kernel.await_kernel(sync, self.learnt.pop(0) + 2)
        self.learnt.append(number)
        self.groups[number % len(self.groups)].hand_over(self.weights.updates - 1)
        kernel.announce_lstm(sync, number + 1)

    def close(self) -> str:
        """Give torch its threads back; what to tell a user who wants to know."""
        torch.set_num_threads(self.threads)
        w = self.weights
        return f"LSTM: {w.updates} updates, {w.saturated()} saturated weights, {w.clipped} slopes"
