"""The command `cmixpy`: what was asked for, in typer's words; the doing is in commands.py.

Commands return the work instead of doing it, so that everything the work raises is answered here,
in one place and in one line, and so that `--help` loads neither numpy nor numba.
"""

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

import cmixpy
from cmixpy import interrupts

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Lossless compression for the smallest file.",
    epilog="Exit codes: 0 done, 1 bad input or I/O error, 2 wrong usage, 130 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Input = Annotated[str, typer.Argument(metavar="IN", help="File, or - for standard input.")]
Output = Annotated[
    str | None,
    typer.Argument(metavar="[OUT]", help="File, or - for standard output."),
]
OutputOption = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="OUT", help="The same as the argument OUT."),
]
ToStdout = Annotated[bool, typer.Option("-c", "--stdout", help="Write to standard output.")]
Force = Annotated[bool, typer.Option("-f", "--force", help="Overwrite; write to a terminal.")]
Remove = Annotated[bool, typer.Option("--rm", help="Remove the input when all is written.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", min=1, help="Default: all cores. Never changes the bytes."
    ),
]
Level = Annotated[
    int, typer.Option("--level", metavar="N", min=1, max=9, help="Also as -1 (fast) … -9 (small).")
]
Preset = Annotated[
    str, typer.Option("--preset", metavar="auto|text|dna|binary|…", help="Kind of data.")
]
Lanes = Annotated[
    int | None,
    typer.Option(
        "--lanes", metavar="N", min=1, help="Streams in lockstep; 1 is smallest and slowest."
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="SIZE", help="For example 2G. Default: what is free."),
]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="auto|cpu|cuda", help="Where to run. Never changes the bytes."
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Tell what was chosen.")]
Bar = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Default: when stderr is a terminal."),
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"cmixpy {cmixpy.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Lossless compression for the smallest file."""


@app.command("c")
def compress(
    source: Input,
    target: Output = None,
    output: OutputOption = None,
    stdout: ToStdout = False,
    force: Force = False,
    remove: Remove = False,
    level: Level = 5,
    preset: Preset = "auto",
    lanes: Lanes = None,
    segment_size: Annotated[
        str | None,
        typer.Option("--segment-size", metavar="SIZE", help="Bytes that share a model."),
    ] = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    device: Device = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Bar = None,
) -> Callable[[], None]:
    """Compress IN into OUT (default: IN.cmx)."""
    from cmixpy import commands

    return partial(
        commands.compress,
        source,
        commands.one_target(target, output, stdout),
        force=force,
        remove=remove,
        level=level,
        preset=preset,
        lanes=lanes,
        segment_size=segment_size,
        threads=threads,
        memory_limit=memory_limit,
        device=device,
        talk=commands.Talk(quiet, verbose, progress),
    )


@app.command("d")
def decompress(
    source: Input,
    target: Output = None,
    output: OutputOption = None,
    stdout: ToStdout = False,
    force: Force = False,
    remove: Remove = False,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    device: Device = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Bar = None,
) -> Callable[[], None]:
    """Decompress IN into OUT (default: IN without .cmx)."""
    from cmixpy import commands

    return partial(
        commands.decompress,
        source,
        commands.one_target(target, output, stdout),
        force=force,
        remove=remove,
        threads=threads,
        memory_limit=memory_limit,
        device=device,
        talk=commands.Talk(quiet, verbose, progress),
    )


@app.command("t")
def check(
    source: Input,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    device: Device = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Bar = None,
) -> Callable[[], None]:
    """Test IN: decode it, check it, write nothing."""
    from cmixpy import commands

    talk = commands.Talk(quiet, verbose, progress)
    return partial(
        commands.check, source, threads=threads, memory_limit=memory_limit, device=device, talk=talk
    )


@app.command("l")
def list_(source: Input, threads: Threads = None) -> Callable[[], None]:
    """List IN: sizes, presets, levels, checksums, memory and time to decode."""
    from cmixpy import commands

    return partial(commands.list_archive, source, threads)


@app.command("models")
def models() -> Callable[[], None]:
    """Show the presets and levels."""
    from cmixpy import commands

    return commands.list_models


@app.command("devices")
def devices() -> Callable[[], None]:
    """Show where models can run, and why elsewhere they cannot."""
    from cmixpy import commands

    return commands.list_devices


@app.command("analyze")
def analyze(
    source: Input,
    target: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="OUT", help="Default: IN.html; JSON: stdout."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Figures for machines.")] = False,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Code again without each part: long, and worth it.")
    ] = False,
    force: Force = False,
    level: Level = 5,
    preset: Preset = "auto",
    lanes: Lanes = None,
    most: Annotated[
        str, typer.Option("--bytes", metavar="SIZE", help="How much of the beginning to code.")
    ] = "1000000",
    text: Annotated[
        str, typer.Option("--text", metavar="SIZE", help="How much to show byte by byte.")
    ] = "16k",
    at: Annotated[str, typer.Option("--at", metavar="SIZE", help="And from where on.")] = "0",
    threads: Threads = None,
    quiet: Quiet = False,
    progress: Bar = None,
) -> Callable[[], None]:
    """Show what each byte of IN costs and what each part of the model does: an HTML page."""
    from cmixpy import commands
    from cmixpy.analysis import command

    return partial(
        command.analyze,
        source,
        target,
        json=json,
        ablate=ablate,
        force=force,
        level=level,
        preset=preset,
        lanes=lanes,
        most=most,
        text=text,
        at=at,
        threads=threads,
        talk=commands.Talk(quiet, False, progress),
    )


def _with_level_flags(arguments: list[str]) -> list[str]:
    """-1 … -9, alone or among other short flags (-9cf), as --level N, which typer understands."""
    out: list[str] = []
    for i, argument in enumerate(arguments):
        if argument == "--":
            return out + arguments[i:]
        found = re.fullmatch("-[cfqv]*([1-9])[cfqv]*", argument)
        if found:
            digit = found[1]
            out.append(f"--level={digit}")
            argument = argument.replace(digit, "")
            if argument == "-":
                continue
        out.append(argument)
    return out


def run(arguments: list[str]) -> int:
    """Do what the arguments say; the exit code."""
    from cmixpy.errors import OptionError

    try:
        interrupts.install()
        work = app(_with_level_flags(arguments), prog_name="cmixpy", standalone_mode=False)
        if callable(work):
            work()
        sys.stdout.flush()
        # A number: help or version was printed, or typer answered Ctrl-C itself.
        return work if isinstance(work, int) else 0
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except OptionError as error:
        return _fail(str(error), 2)
    except cmixpy.CmixpyError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(_describe(error), 1)
    except MemoryError:
        return _fail("out of memory", 1)
    except Exception as error:
        # typer's own errors come from its copy of click, whose place differs between versions.
        if not hasattr(error, "format_message"):
            raise
        message = error.format_message()
        return _fail(f"{message.rstrip('.')} (cmixpy --help)", 2) if message else 2


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error)
    reason = reason[:1].lower() + reason[1:]
    return f"{error.filename}: {reason}" if error.filename else reason


def _fail(message: str, code: int) -> int:
    print("cmixpy: " + " ".join(message.split()), file=sys.stderr)
    return code


def _open_standard_streams() -> None:
    """Where a standard stream is closed, a file opened later must not get its number.

    Reading or writing it is an error then, as it should be, but messages may go nowhere.
    """
    modes = {"stdin": os.O_WRONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for number, (name, mode) in enumerate(modes.items()):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, mode), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def main() -> None:
    """Entry point of the console script."""
    _open_standard_streams()
    code = run(sys.argv[1:])
    # Everything has been written by now. Python would take half a second to take numba apart, one
    # to take torch apart; and it ends itself by the signal, whatever the code, when an interrupt
    # came within an `exec` of source text, as dataclasses have.
    os._exit(code)
