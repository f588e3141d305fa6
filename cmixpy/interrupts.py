"""Ctrl-C, SIGTERM and SIGHUP end the work the same way: unwind, clean up, exit with 130.

An exception raised by a signal's handler can be lost: where the signal meets a weak reference's
callback (the import system has one for every module) or a destructor, Python prints it and goes on.
So work that takes long, or waits for input, asks by `check` whether an interrupt was lost.
"""

import signal
import threading
import time
from collections.abc import Callable

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
# An impatient second Ctrl-C must not interrupt the cleaning up; a later one means it.
DEAF_SECONDS = 2.0

NEVER = float("-inf")
_heard = NEVER


def install() -> None:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread, as SIGINT does."""
    global _heard
    _heard = NEVER
    for name in SIGNALS:
        number = getattr(signal, name, None)
        # A process started with nohup, or in the background by a script, ignores some on purpose.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def check() -> None:
    """Raise again what a signal raised, should it have been lost on its way."""
    if _heard != NEVER:
        raise KeyboardInterrupt


def aside(work: Callable[[], None]) -> Callable[[], None]:
    """Begin work that hears no signals on a thread, which is left to itself at an interrupt.

    What is returned waits for its end, and raises what it raised.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    def wait() -> None:
        thread.join()
        if failures:
            raise failures[0]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return wait


def _interrupt(number: int, frame: object) -> None:
    global _heard
    now = time.monotonic()
    if now - _heard < DEAF_SECONDS:
        return
    _heard = now
    raise KeyboardInterrupt
