"""For all tests: what takes long starts first, and memory is taken from the system once."""

import ctypes
import signal
import sys

# The files in the order in which a process should take them (pytest-xdist hands out whole files,
# with --no-loadscope-reorder in this order): two processes then end at about the same time. The
# others take less than 20 seconds of CPU each and come last.
LONGEST = (
    "test_cuda.py", "test_reference.py", "test_threads.py", "test_seeds.py", "test_roundtrip.py",
    "test_lstm.py", "test_primer.py", "test_process.py", "test_golden.py", "test_analysis.py",
    "test_ratio.py", "test_api.py",
)  # fmt: skip


def pytest_collection_modifyitems(items) -> None:
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def keep_memory() -> None:
    """Have glibc keep what is freed, and take the next large array from it.

    Most tests make and drop tables of some hundred megabytes. Each would be mapped afresh, and
    cleared by the system page by page, which took a fifth of all the tests' time.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        TRIM_THRESHOLD, MMAP_MAX = -1, -4
        mallopt(TRIM_THRESHOLD, -1)
        mallopt(MMAP_MAX, 0)


def heed_signals() -> None:
    """What nohup, or & in a script, makes tests ignore their processes would ignore as well."""
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
            signal.signal(number, default)


keep_memory()
heed_signals()
