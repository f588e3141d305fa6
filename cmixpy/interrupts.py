"""Ctrl-C, SIGTERM and SIGHUP end the work the same way: unwind, clean up, exit with 130."""

import signal
import time

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
# An impatient second Ctrl-C must not interrupt the cleaning up; a later one means it.
DEAF_SECONDS = 2.0

_heard = float("-inf")


def install() -> None:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread, as SIGINT does."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        # A process started with nohup, or in the background by a script, ignores some on purpose.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    global _heard
    now = time.monotonic()
    if now - _heard < DEAF_SECONDS:
        return
    _heard = now
    raise KeyboardInterrupt
