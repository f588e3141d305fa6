"""The kernels of a half-step, in their order; compiled for the device by their first launch."""

from collections.abc import Callable

from cmixpy.cuda import coding, commits, gates, lookup, symbols
from cmixpy.cuda.device import SIMULATED, kernel

# Each with the functions of its module that it calls.
FUNCTIONS: dict[str, tuple[Callable, tuple[Callable, ...]]] = {
    "begin": (symbols.begin, symbols.BEGIN_BLOCKS),
    "look_up": (lookup.look_up, lookup.BLOCKS),
    "code": (coding.code, coding.BLOCKS),
    "finish": (symbols.finish, symbols.FINISH_BLOCKS),
    "gather": (commits.gather, commits.GATHER_BLOCKS),
    "apply": (commits.apply, commits.APPLY_BLOCKS),
    "sum_gates": (gates.sum_gates, gates.SUM_BLOCKS),
    "apply_gates": (gates.apply_gates, ()),
}
# Threads that work at one lane, measured on an H100 with 2,048 lanes (benchmarks/LOG.md): a barrier
# costs a warp on its own least.
THREADS = {"begin": 32, "look_up": 32, "code": 32, "finish": 32, "gather": 128, "apply": 128}
# With an LSTM: the dot products of its output layer keep more of them busy (gates.py).
LSTM_THREADS = {**THREADS, "code": 128, "sum_gates": 128, "apply_gates": 128}
# Registers of a thread, where the compiler would take so many that few lanes fit a multiprocessor.
REGISTERS = {"code": 128}
KERNELS = {
    name: kernel(*function, REGISTERS.get(name, 0)) for name, function in FUNCTIONS.items()
}
# What a half-step launches: a kernel, and the nibble for those that have one.
ORDER = (
    ("begin", None), ("look_up", 0), ("code", 0), ("look_up", 1), ("code", 1), ("finish", None),
    ("gather", None), ("apply", None),
)  # fmt: skip
# And then, with an LSTM: its output layer learns.
LSTM_ORDER = (*ORDER, ("sum_gates", None), ("apply_gates", None))
# Blocks of those kernels that have not one for each lane but share out what there is; the
# simulator's take their time one by one.
BLOCKS = {"sum_gates": 3 if SIMULATED else 1024, "apply_gates": 3 if SIMULATED else 256}
