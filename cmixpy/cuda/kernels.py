"""The kernels of a half-step, in their order; compiled for the device by their first launch."""

from cmixpy.cuda import coding, commits, symbols
from cmixpy.cuda.device import kernel

# Each with the functions of its module that it calls.
FUNCTIONS = {
    "begin": (symbols.begin, symbols.BEGIN_BLOCKS),
    "code": (coding.code, coding.BLOCKS),
    "finish": (symbols.finish, symbols.FINISH_BLOCKS),
    "gather": (commits.gather, commits.GATHER_BLOCKS),
    "apply": (commits.apply, commits.APPLY_BLOCKS),
}
KERNELS = {name: kernel(*function) for name, function in FUNCTIONS.items()}
