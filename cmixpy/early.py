"""Memory for a model's tables, asked of the machine while there is something else to do.

Fresh memory is slow: the system clears it at the first touch, and a virtual machine may have to
get it from its host (1 GiB: 0.1 to 3.3 seconds on one and the same machine, LOG.md). A thread asks
for it while the transform runs and the kernels are loaded.
"""

import ctypes
import itertools
import sys
import threading

import numpy as np

# A piece at a time, and a small one: what maps memory meanwhile has to wait for the piece.
PIECE = 1 << 22
PAGE = 4096
ALIGNMENT = 128
POPULATE_WRITE = 23  # Linux 5.14: MADV_POPULATE_WRITE, what a write to each page would do
DO_NOT_NEED = 4  # MADV_DONTNEED: the system takes the pages back


def _bytes(shape, dtype) -> int:
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def _aligned(raw: np.ndarray, shape, dtype) -> np.ndarray:
    first = -raw.ctypes.data % ALIGNMENT
    return raw[first : first + _bytes(shape, dtype)].view(dtype).reshape(shape)


def aligned_zeros(shape, dtype) -> np.ndarray:
    """Zeros that begin at a pair of cache lines, so that rows of 64 bytes lie in one line each.

    The system's allocator puts large arrays 16 bytes past a page: every slot would need two lines.
    """
    return _aligned(np.zeros(_bytes(shape, dtype) + ALIGNMENT, dtype=np.uint8), shape, dtype)


def _advise():
    """The system's madvise(address, bytes, advice)."""
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return advise


class EarlyMemory:
    """`size` bytes of zeros that a thread asks for from now on; they can be used at any time.

    `asked` is how many it has got so far.
    """

    def __init__(self, size: int):
        self._raw = np.zeros(size + 2 * ALIGNMENT, dtype=np.uint8)
        self._taken = 0
        self._wanted = len(self._raw)
        self.asked = 0
        self._over = threading.Event()
        self._pieces = itertools.count()
        self._counting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._another()

    def _page(self, offset: int) -> int:
        """Address of the first page that begins at or behind a place in the memory."""
        return -(-(self._raw.ctypes.data + offset) // PAGE) * PAGE

    def _ask(self) -> None:
        if sys.platform != "linux":
            return
        advise, first = _advise(), self._page(0)
        for piece in self._pieces:  # each is one thread's
            begin = first + piece * PIECE
            missing = (self._raw.ctypes.data + self._wanted) // PAGE * PAGE - begin
            if missing <= 0 or self._over.is_set():
                return
            if advise(begin, min(PIECE, missing), POPULATE_WRITE):
                return  # an older system: the tables' first touches will do it
            with self._counting:
                self.asked += PIECE

    def _another(self) -> None:
        self._threads.append(threading.Thread(target=self._ask, daemon=True))
        self._threads[-1].start()

    def zeros(self, shape, dtype) -> np.ndarray:
        """As `aligned_zeros`, out of this memory while it lasts."""
        end = self._taken + _bytes(shape, dtype) + ALIGNMENT
        if end > self._wanted:
            return aligned_zeros(shape, dtype)
        part = self._raw[self._taken : end]
        self._taken = end
        return _aligned(part, shape, dtype)

    def wait(self, threads: int) -> None:
        """Until `threads` have asked for all that was taken; what was not is given back.

        To fault in the same pages side by side is no gain: with two threads for 2 GiB 3.8 seconds
        in place of 5.7, where memory is slow to come by.
        """
        self._wanted = self._taken
        for _ in range(1, threads):
            self._another()
        for thread in self._threads:
            thread.join()
        begin = self._page(self._taken)
        rest = self._raw.ctypes.data + len(self._raw) - begin
        if sys.platform == "linux" and rest > 0:
            # Whole pages: the last of them may hold what belongs to others.
            _advise()(begin, rest // PAGE * PAGE, DO_NOT_NEED)

    def close(self) -> None:
        """Ask for no more, and let go of what is not in use."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._raw, self._wanted = self._raw[:0].copy(), 0
