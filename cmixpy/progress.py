"""Progress on stderr: per cent, megabytes, bits per character so far, speed, time left."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cmixpy.report import Report

COMPILING = "cmixpy: compiling kernels for this machine (once; about a minute) …"


class ConsoleReport(Report):
    """Prints what the user asked to see; to be used in a `with` statement.

    Parameters
    ----------
    total : int or None
        Bytes of original data, where that is known from the start.
    bar : bool
        Whether to show a progress line.
    quiet, verbose : bool
        Whether to leave out the line about compiling; whether to tell what was chosen.
    """

    def __init__(self, total: int | None, *, bar: bool, quiet: bool, verbose: bool):
        self._quiet, self._verbose = quiet, verbose
        self._done = 0
        self._bar = None
        if bar:
            # Forced, it also goes to a log file, which is no terminal.
            console = Console(stderr=True, force_terminal=True)
            self._bar = Progress(
                TextColumn("{task.percentage:>3.0f} %"),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
                # The output itself may go to stdout meanwhile.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._bar.add_task("", total=total, figures="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, total: int | None) -> None:
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def advance(self, original: int, archived: int) -> None:
        self._done = original
        if self._bar is None:
            return
        elapsed = self._bar.tasks[0].elapsed or 0
        figures = f"{original / 1e6:.2f} MB"
        if original:
            figures += f"  {8 * archived / original:.3f} bpc"
        if elapsed > 0:
            figures += f"  {original / 1000 / elapsed:.0f} KB/s"
        self._bar.update(self._task, completed=original, figures=figures)

    def note(self, text: str) -> None:
        if self._verbose:
            self._line(f"cmixpy: {text}")

    def compiling(self) -> None:
        if not self._quiet:
            self._line(COMPILING)

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)
