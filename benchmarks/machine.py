"""What a figure was measured on, and of which commit."""

import os
import platform
import subprocess
from pathlib import Path

from benchmarks.data import CHECKOUT


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name for itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


def kind() -> str:
    """The machine kind as LOG.md and README name it: processor and cores."""
    return f"{processor()}, {cores()} core" + ("s" if cores() > 1 else "")


def commit() -> str:
    """The checkout's commit; with a + when the package or the presets differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "cmixpy", "models")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")
