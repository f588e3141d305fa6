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
KERNELS = {name: kernel(*function) for name, function in FUNCTIONS.items()}
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
