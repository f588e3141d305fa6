"""The LSTM beside the step kernel: one half-step of its own after each of the kernel's.

After the kernel has committed half-step s of group g, the network takes the group's symbols and
residuals; its outputs are what the kernel reads in the group's next half-step. Then it learns. So
with two groups one is coded while the other is taken in, and nothing depends on who is faster.
"""

import torch

from cmixpy.lstm.network import Group, Weights
from cmixpy.lstm.selftest import require_exact_products


class Driver:
    """The network of one segment, over the kernels' `private` arrays (model/arrays.py)."""

    def __init__(self, plan, private):
        settings = plan.description.lstm[0]
        self.groups = []
        self.threads = torch.get_num_threads()
        # Products are too small to share, and the other cores have the kernel to run.
        torch.set_num_threads(1)
        first = -(-plan.lanes // plan.groups)
        ranges = [(0, first), (first, plan.lanes)][: plan.groups]
        require_exact_products(settings.cells, settings.horizon, first)
        bits = plan.description.symbol_bits
        self.weights = Weights(settings, bits, plan.description.network, plan.held_trainings)
        names = ("features", "residuals", "gradients", "outputs")
        arrays = [getattr(private, name) for name in names]
        features = private.features.shape[1]
        for low, high in ranges:
            group = Group(self.weights, high - low, features)
            self.groups.append((group, [array[low:high] for array in arrays]))

    def take(self, number: int) -> None:
        """Take what half-step `number` of the kernel has committed; make the next outputs."""
        group, arrays = self.groups[number % len(self.groups)]
        group.forward(*arrays)

    def learn(self, number: int) -> None:
        """What is left to do in that half-step, for which nobody waits."""
        self.groups[number % len(self.groups)][0].learn()

    def close(self) -> str:
        """Give torch its threads back; what to tell a user who wants to know."""
        torch.set_num_threads(self.threads)
        w = self.weights
        return f"LSTM: {w.updates} updates, {w.saturated()} saturated weights, {w.clipped} slopes"
