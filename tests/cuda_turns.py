"""numba's CUDA simulator, but threads and blocks take turns: faster, and in two orders.

The simulator lets Python threads run against each other and polls them. Here one thread of a block
runs to its next `syncthreads`, then the next one; `BACKWARDS` has blocks and threads come last to
first. What depends on an order that the device does not promise differs between the two.
"""

import sys
import threading

import numpy as np
from numba.cuda.simulator import kernel as simulator
from numba.cuda.simulator import kernelapi

BACKWARDS = False


class TurnThread(threading.Thread):
    """A CUDA thread that runs only when it is its turn; when a block is done, one of the next."""

    def __init__(self):
        super().__init__(daemon=True)
        # Held: released for each turn, and by the block's last turn.
        self.turn, self.over = threading.Lock(), threading.Lock()
        self.turn.acquire()
        self.over.acquire()
        self.start()

    def take(self, work, block: list["TurnThread"], grid_point, point) -> None:
        """What to run at its next turn, and the threads that it takes turns with."""
        self.work, self.block = work, block
        self.blockIdx, self.threadIdx = kernelapi.Dim3(*grid_point), kernelapi.Dim3(*point)
        self.barriers, self.finished, self.exception = 0, False, None

    def run(self):
        while True:
            self.turn.acquire()
            try:
                self.work()
            except BaseException as error:
                self.exception = error
            self.finished = True
            following = self._following()
            if following is None or self.exception:
                self.block[0].over.release()
            else:
                following.turn.release()

    def _following(self) -> "TurnThread | None":
        """The thread whose turn comes after this one's; itself where the others have ended."""
        place = self.block.index(self) + 1
        order = self.block[place:] + self.block[:place]
        return next((thread for thread in order if not thread.finished), None)

    def syncthreads(self):
        self.barriers += 1
        self._following().turn.release()
        self.turn.acquire()


_threads: list[TurnThread] = []


def run_block(manager, grid_point, *arguments) -> None:
    """In the place of BlockManager.run."""
    points = list(np.ndindex(*manager._block_dim))
    if BACKWARDS:
        grid_point = tuple(
            size - 1 - place for size, place in zip(manager._grid_dim, grid_point, strict=True)
        )
        points.reverse()
    while len(_threads) < len(points):
        _threads.append(TurnThread())
    block = _threads[: len(points)]
    for thread, point in zip(block, points, strict=True):
        thread.take(lambda: manager._f(*arguments), block, grid_point, point)
    block[0].turn.release()
    block[0].over.acquire()
    for thread in block:
        if thread.exception:
            raise thread.exception
    # On a device a barrier that some threads never reach hangs.
    assert len({thread.barriers for thread in block}) == 1


def shared_array(shared, shape, dtype) -> np.ndarray:
    """In the place of FakeCUDAShared.array, which reads the sources of all callers each time."""
    caller = sys._getframe(1)
    place = caller.f_code, caller.f_lineno
    if place not in shared._allocations:
        shared._allocations[place] = np.empty(shape, dtype)
    return shared._allocations[place]


def install() -> None:
    """Replace the simulator's way of running a block."""
    simulator.BlockManager.run = run_block
    kernelapi.FakeCUDAShared.array = shared_array
    # Every launch would give the kernels' module hundreds of names, which these kernels do not use.
    kernelapi.vector_types = {}
