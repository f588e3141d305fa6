"""The LSTM beside the step kernel: one half-step of its own after each of the kernel's.

After the kernel has committed half-step s of group g, the network may train, and takes the group's
symbols and residuals; its outputs are what the kernel reads in the group's next half-step. So with
two groups one is coded while the other is taken in, and nothing depends on who is faster.
"""

import torch

from cmixpy.lstm.network import GRADIENT_ONE, Group, Weights
from cmixpy.lstm.selftest import require_exact_products


class Driver:
    """The network of one segment, over the kernels' `private` arrays (model/state.py)."""

    def __init__(self, plan, private):
        settings = plan.description.lstm[0]
        self.settings = settings
        self.groups = []
        self.threads = torch.get_num_threads()
        # Products are too small to share, and the other cores have the kernel to run.
        torch.set_num_threads(1)
        first = -(-plan.lanes // plan.groups)
        ranges = [(0, first), (first, plan.lanes)][: plan.groups]
        require_exact_products(settings.cells, settings.horizon, first)
        symbols = 1 << plan.description.symbol_bits
        bits = plan.description.symbol_bits
        self.weights = Weights(settings.cells, bits, symbols, settings.spread, settings.forget)
        names = ("symbols", "residuals", "outputs", "gradients")
        arrays = [torch.from_numpy(getattr(private, name)) for name in names]
        for low, high in ranges:
            group = Group(self.weights, high - low, settings.horizon)
            self.groups.append((group, *(array[low:high] for array in arrays)))

    def half_step(self, number: int) -> None:
        """Take what half-step `number` of the kernel has committed."""
        step, which = divmod(number, len(self.groups))
        group, symbols, residuals, outputs, gradients = self.groups[which]
        if step:
            # The gradient of the output that predicted this symbol: of the step before.
            # (Not in one call: int32 times a number is rounded to float32.)
            group.gradient[group.at - 1].copy_(gradients).mul_(1.0 / GRADIENT_ONE)
            if group.at == self.settings.horizon:
                self._train(group)
        group.forward(symbols, residuals, outputs)

    def _train(self, group) -> None:
        s, updates = self.settings, self.weights.updates
        rate = s.last + (s.first - s.last) * s.half // (s.half + updates)
        group.train(rate / (1 << 20), s.memory)

    def close(self) -> str:
        """Give torch its threads back; what to tell a user who wants to know."""
        torch.set_num_threads(self.threads)
        w = self.weights
        return f"LSTM: {w.updates} updates, {w.saturated()} saturated weights, {w.clipped} slopes"
