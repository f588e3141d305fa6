"""The kernels of a half-step, compiled for the device by their first launch."""

from cmixpy.cuda import coding, commits
from cmixpy.cuda.device import kernel

code = kernel(coding.code, coding.BLOCKS)
gather = kernel(commits.gather, commits.GATHER_BLOCKS)
apply = kernel(commits.apply, commits.APPLY_BLOCKS)
KERNELS = {
    "code": (coding.code, coding.BLOCKS),
    "gather": (commits.gather, commits.GATHER_BLOCKS),
    "apply": (commits.apply, commits.APPLY_BLOCKS),
}
