"""Where the time goes: cycles by phase, gathered only in the timed build of the kernel."""

from cmixpy.model.atomics import cycles
from cmixpy.model.jit import block

PHASES = (
    "hashing",
    "matching",
    "look-up",
    "histories and maps",
    "mixing",
    "SSE",
    "coding",
    "commit of slots",
    "commit of weights",
    "commit of counts",
    "LSTM: outputs",
    "barrier",
)
(HASHING, MATCHING, LOOK_UP, HISTORIES, MIXING, REFINING, CODING, SLOTS, WEIGHTS, COUNTS,
 OUTPUTS, BARRIER) = range(len(PHASES))  # fmt: skip
LAST = len(PHASES)
# Threads' rows are apart by whole cache lines.
CLOCK_COLUMNS = 24


@block
def lap(timed, clock, phase):
    """Add the cycles since the last lap to `phase`; clock: int64[CLOCK_COLUMNS] of a thread."""
    if timed:
        now = cycles()
        clock[phase] += now - clock[LAST]
        clock[LAST] = now
