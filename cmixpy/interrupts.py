"""Ctrl-C, SIGTERM and SIGHUP end the work the same way: unwind, clean up, exit with 130."""

import signal


def install() -> None:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread, as SIGINT does."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # A process started with nohup, or in the background by a script, ignores some on purpose.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    # Once is enough: a second signal must not interrupt the cleaning up.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        other = getattr(signal, name, None)
        if other is not None:
            signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt
