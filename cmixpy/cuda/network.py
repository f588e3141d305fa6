"""The LSTM's network on a device (the twin of lstm/network.py and lstm/driver.py).

torch multiplies, into tensors that share their memory with the arrays of the kernels beside it
(cells.py), and everything is launched on one stream: nothing waits for the host, takes memory or
copies from it once the network stands. What a step launches depends on its place in the horizon
(`Driver.state`) only, so the launches of each place can be captured into a CUDA graph.

Every product is exact, whatever order it is summed in (lstm/network.py), so torch's choice of a
kernel does not show.
"""

import contextlib

import numpy as np
import torch

from cmixpy.cuda import device
from cmixpy.cuda.cells import (
    CLIPPED,
    KERNELS,
    UPDATES,
    GroupArrays,
    ToldArrays,
    TraceArrays,
    WeightArrays,
)
from cmixpy.lstm import tables
from cmixpy.lstm.cells import WEIGHT_LIMIT
from cmixpy.lstm.network import Weights
from cmixpy.lstm.selftest import require_exact_products

# Threads of a block: a weight's column each, of which there are three for a cell.
THREADS = 128
# Blocks that share what is more than they are; the simulator's take their time one by one.
MOST_BLOCKS = 2 if device.SIMULATED else 4096
# What torch and its libraries take of the device's memory; estimated, to be measured.
BESIDE = 0 if device.SIMULATED else 256 << 20


def build_weights(plan) -> WeightArrays:
    """The network before the first step: the CPU's."""
    s, least = plan.description.lstm[0], plan.description.least_mean
    w = Weights(s, plan.description.symbol_bits, plan.description.network)
    return WeightArrays(
        w.recurrent,
        w.embedding,
        w.near,
        w.means,
        w.gradients,
        w.row_means,
        w.row_counts,
        np.zeros(len(w.row_counts), dtype=np.int32),
        np.zeros(w.embedding.shape, dtype=np.int64),
        np.zeros(len(w.row_counts), dtype=np.int32),
        tables.sigmoid_table().astype(np.int32),
        tables.tanh_table().astype(np.int32),
        np.array([s.first, s.last, s.half, s.memory, plan.held_trainings, least], dtype=np.int64),
        np.zeros(5, dtype=np.int64),
    )


def build_trace(plan, lanes: int) -> TraceArrays:
    """Nothing told, nothing done."""
    s, bits = plan.description.lstm[0], plan.description.symbol_bits
    return TraceArrays(
        np.zeros((s.horizon + 1, lanes, s.cells + bits)),
        np.zeros((s.horizon, lanes, s.picked), dtype=np.int64),
        np.zeros((s.horizon, lanes, 3 * s.cells), dtype=np.int32),
        np.zeros((s.horizon + 1, lanes, s.cells), dtype=np.int32),
        np.zeros((s.horizon, lanes, s.cells), dtype=np.int32),
    )


def build_group(plan, lanes: int) -> GroupArrays:
    """Buffers of a group."""
    s = plan.description.lstm[0]
    return GroupArrays(
        np.zeros((lanes, 3 * s.cells)),
        np.zeros((lanes, s.cells)),
        np.zeros((lanes, s.cells), dtype=np.int64),
        np.zeros((s.horizon, lanes, 3 * s.cells)),
    )


def size(plan) -> int:
    """Bytes of the device's memory that a plan's network takes."""
    total = BESIDE + sum(array.nbytes for array in build_weights(plan))
    for low, high in plan.group_ranges:
        # Zeros that nobody writes take no memory of the host's.
        parts = (*build_trace(plan, high - low), *build_trace(plan, high - low))
        total += sum(array.nbytes for array in (*parts, *build_group(plan, high - low)))
    return total


def tensor(array) -> torch.Tensor:
    """A tensor in the memory of a device's array."""
    if device.SIMULATED:
        return torch.from_numpy(array)
    made = torch.as_tensor(array, device="cuda")
    # A copy would never see what the kernels write.
    assert made.data_ptr() == array.__cuda_array_interface__["data"][0]
    return made


def multiply(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """A product of the device's, of operands on the host, for the self-test."""
    if device.SIMULATED:
        return torch.mm(a, b)
    return torch.mm(a.cuda(), b.cuda()).cpu()


class Launcher:
    """Launches kernels, and torch's products between them, on one stream."""

    def __init__(self, stream, threads: int):
        self.stream, self.threads = stream, threads
        self.external = None
        # Without a stream all is on the default one, torch's and numba's.
        if not device.SIMULATED and int(stream):
            self.external = torch.cuda.ExternalStream(int(stream))

    def torch_here(self) -> contextlib.AbstractContextManager:
        """What torch does inside is in its place on the stream."""
        if self.external is None:
            return contextlib.nullcontext()
        return torch.cuda.stream(self.external)

    def __call__(self, name: str, blocks: int, *arguments, threads: int = 0) -> None:
        """Launch a kernel of cells.py; nothing, where there is nothing to do."""
        if blocks:
            KERNELS[name][blocks, threads or self.threads, self.stream](*arguments)


class Group:
    """The lanes of a group: the trace that grows, the one that is learnt from, buffers."""

    def __init__(self, plan, low: int, lanes: int, weights: WeightArrays, told, launch: Launcher):
        settings = plan.description.lstm[0]
        self.low, self.lanes, self.launch = low, lanes, launch
        self.horizon, self.stride = settings.horizon, settings.stride
        self.weights, self.told = weights, told
        self.growing = device.upload(build_trace(plan, lanes))
        self.full = device.upload(build_trace(plan, lanes))
        self.buffers = device.upload(build_group(plan, lanes))
        self.at = 0  # steps in the growing trace
        self.left = 0  # steps of the full one that are still to go back
        self.trained = False
        cells, samples = settings.cells, self.horizon * lanes
        near = tensor(weights.near)[:cells]
        self.gradients = tensor(weights.gradients)
        if not lanes:
            return  # nothing to multiply
        # Operands and result of each product.
        x, slopes = tensor(self.growing.x), tensor(self.buffers.slopes)
        product, d_output = tensor(self.buffers.product), tensor(self.buffers.d_output)
        self.forward_views = [(x[t, :, :cells], near, product) for t in range(self.horizon)]
        self.backward_views = [(slopes[t], near.t(), d_output) for t in range(self.horizon)]
        self.training_views = (
            tensor(self.full.x)[:-1].view(samples, -1).t(), slopes.view(samples, -1),
            self.gradients,
        )  # fmt: skip

    def _multiply(self, a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
        torch.mm(a, b, out=out)

    def forward(self) -> None:
        """Take every lane's last symbol."""
        if self.at == self.horizon:
            self._finish(self.left)
            self.launch("turn_over", self._shared(self.horizon * self.lanes), *self._traces())
            self.left, self.at = self.at, 0
        if self.lanes:
            self._multiply(*self.forward_views[self.at])
        self.launch(
            "take", self.lanes, self.weights, *self._traces(), self.buffers, self.told, self.low,
            self.at,
        )  # fmt: skip
        self.at += 1

    def learn(self) -> None:
        """Go some steps back through the full trace; after the last of them, learn."""
        self._finish(min(self.left, self.stride))

    def _traces(self) -> tuple[TraceArrays, TraceArrays]:
        return self.growing, self.full

    def _shared(self, items: int) -> int:
        return min(items, MOST_BLOCKS)

    def _finish(self, steps: int) -> None:
        for t in range(self.left - 1, self.left - 1 - steps, -1):
            self.launch("back", self.lanes, self.full, self.buffers, t)
            if t and self.lanes:
                self._multiply(*self.backward_views[t])
        self.left -= steps
        if steps and not self.left:
            self._train()

    def _train(self) -> None:
        weights = self.weights
        self.trained = True
        if self.lanes:
            self._multiply(*self.training_views)
        else:
            self.gradients.zero_()
        elements = weights.recurrent.shape[0] * weights.recurrent.shape[1]
        samples = self.horizon * self.lanes
        self.launch("start_training", 1, weights, threads=1)
        self.launch("learn", self._shared(-(-elements // self.launch.threads)), weights)
        self.launch("sum_rows", self._shared(samples), weights, self.full, self.buffers)
        self.launch("learn_rows", self._shared(weights.embedding.shape[0]), weights)


class Driver:
    """The network of one segment, over the device's `private` arrays (model/arrays.py)."""

    def __init__(self, plan, private, stream=0, threads: int | None = None):
        settings = plan.description.lstm[0]
        self.launch = Launcher(stream, threads or THREADS)
        with self.launch.torch_here():
            require_exact_products(settings.cells, settings.horizon, plan.group_lanes, multiply)
            if not device.SIMULATED:
                torch.cuda.empty_cache()  # of the test's operands
            self.weights = device.upload(build_weights(plan))
            told = ToldArrays(*(getattr(private, name) for name in ToldArrays._fields))
            self.groups = [
                Group(plan, low, high - low, self.weights, told, self.launch)
                for low, high in plan.group_ranges
            ]

    @property
    def state(self) -> tuple:
        """What decides what the next half-steps launch: where each group is in its horizon."""
        return tuple((group.at, group.left) for group in self.groups)

    @state.setter
    def state(self, state: tuple) -> None:
        for group, (at, left) in zip(self.groups, state, strict=True):
            group.at, group.left = at, left

    @property
    def trained(self) -> bool:
        """Whether all that can be launched has been, once."""
        return all(group.trained for group in self.groups)

    def take(self, number: int) -> None:
        """Take what half-step `number` of the kernels has committed; make the next outputs."""
        with self.launch.torch_here():
            self.groups[number % len(self.groups)].forward()

    def learn(self, number: int) -> None:
        """What is left to do in that half-step, for which nobody waits."""
        with self.launch.torch_here():
            self.groups[number % len(self.groups)].learn()

    def close(self) -> str:
        """What to tell a user who wants to know; waits for the device."""
        training = device.download(self.weights.training)
        parts = (device.download(part) for part in (self.weights.recurrent, self.weights.embedding))
        saturated = sum(int(np.count_nonzero(np.abs(part) >= WEIGHT_LIMIT)) for part in parts)
        return (
            f"LSTM: {training[UPDATES]} updates, {saturated} saturated weights, "
            f"{training[CLIPPED]} slopes"
        )
