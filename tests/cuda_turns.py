"""numba's CUDA simulator, but threads and blocks take turns: faster, and in two orders.

The simulator lets Python threads run against each other and polls them. Here one thread of a block
runs to its next `syncthreads`, then the next one; `BACKWARDS` has blocks and threads come last to
first. What depends on an order that the device does not promise differs between the two.
"""

import threading

import numpy as np
from numba.cuda.simulator import kernel as simulator

BACKWARDS = False


class TurnThread(simulator.BlockThread):
    """A CUDA thread that runs only when it is its turn."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        # Held locks: released once for each turn, and once at its end.
        self.turn = threading.Lock()
        self.over = threading.Lock()
        self.turn.acquire()
        self.over.acquire()
        self.finished = False

    def run(self):
        self.turn.acquire()
        super().run()
        self.finished = True
        self.over.release()

    def syncthreads(self):
        self.over.release()
        self.turn.acquire()


def run_block(manager, grid_point, *arguments) -> None:
    """In the place of BlockManager.run."""
    points = list(np.ndindex(*manager._block_dim))
    if BACKWARDS:
        grid_point = tuple(
            size - 1 - place for size, place in zip(manager._grid_dim, grid_point, strict=True)
        )
        points.reverse()
    threads = [
        TurnThread(lambda: manager._f(*arguments), manager, grid_point, point, manager._debug)
        for point in points
    ]
    for thread in threads:
        thread.start()
    while threads:
        for thread in threads:
            thread.turn.release()
            thread.over.acquire()
            if thread.exception:
                raise thread.exception[0].with_traceback(thread.exception[1])
        waiting = [thread for thread in threads if not thread.finished]
        # On a device a barrier that some threads never reach hangs.
        assert not waiting or len(waiting) == len(threads)
        threads = waiting


def install() -> None:
    """Replace the simulator's way of running a block."""
    simulator.BlockManager.run = run_block
