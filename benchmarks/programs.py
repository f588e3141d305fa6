"""The programs that are compared: cmixpy at its levels, and the peers that are on PATH."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from benchmarks.corpora import CHECKOUT

PEERS = Path(__file__).with_name("peers.toml")
PLACES = {"plain": "plain", "packed": "packed", "again": "again"}


@dataclass(frozen=True)
class Program:
    """How to run a compressor; `name` has the setting in it, as in results.tsv."""

    name: str
    command: tuple[str, ...]
    compress: tuple[str, ...]
    decompress: tuple[str, ...]
    unpacker: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    version: tuple[str, ...] | None = None
    level: int | None = None  # of cmixpy
    threads: int = 1

    def files(self, folder: Path) -> dict[str, Path]:
        """Where the input, the archive and the output lie: plain, packed, again."""
        return {key: folder / name for key, name in {**PLACES, **self.names}.items()}

    def describe_version(self) -> str:
        """What the program says of its version; empty where it is not known how to ask."""
        if self.version is None:
            return ""
        done = subprocess.run(
            [*self.command, *self.version], capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return lines[0] if lines else ""


def on_path(programs: str) -> str | None:
    """The first of `a|b|c` that is on PATH."""
    return next(filter(None, map(which, programs.split("|"))), None)


def known_peers(path: Path = PEERS) -> dict[str, dict]:
    """The lines of peers.toml by name."""
    with open(path, "rb") as file:
        return tomllib.load(file)


def peer(name: str, path: Path = PEERS) -> Program | None:
    """The peer, or None when it is not on PATH. KeyError when it is not in peers.toml."""
    line = known_peers(path)[name]
    found = on_path(line["program"])
    unpacker = on_path(line.get("unpacker", line["program"]))
    if found is None or unpacker is None:
        return None
    version = line.get("version")
    return Program(
        name, (found,), tuple(line["compress"]), tuple(line["decompress"]), (unpacker,),
        line.get("names", {}), line.get("only"), None if version is None else tuple(version),
    )  # fmt: skip


def cmixpy(level: int, threads: int, lanes: int | None = None) -> Program:
    """cmixpy of this checkout at a level."""
    command = (sys.executable, "-m", "cmixpy")
    both = ("-q", "-f", "--threads", str(threads))
    more = () if lanes is None else ("--lanes", str(lanes))
    return Program(
        "cmixpy", command, ("c", *both, f"-{level}", *more, "{plain}", "{packed}"),
        ("d", *both, "{packed}", "{again}"), command, version=("--version",), level=level,
        threads=threads,
    )  # fmt: skip


def working_directory(program: Program, folder: Path) -> Path:
    """cmixpy runs in the checkout, whose package it is to be; others run beside their files."""
    return CHECKOUT if program.level is not None else folder
