"""How much memory may be used: what the user allows, or what the machine has left."""

from pathlib import Path

from cmixpy.errors import MemoryLimitError, OptionError

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_size(text: str) -> int:
    """Bytes of "1500000", "64M", "2G", "2GiB" …; units are powers of 1024."""
    digits = text.strip().upper().removesuffix("IB").removesuffix("B")
    unit = digits[-1:] if digits[-1:] in "KMGT" else ""
    number = digits.removesuffix(unit)
    if not number.isascii() or not number.isdigit():
        raise OptionError(f"'{text}' is no size; write for example 64M or 2G")
    return int(number) * UNITS[unit]


def format_size(count: int) -> str:
    """Three digits and a unit: "1.5 GiB"."""
    size: float = count
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"


def available() -> int | None:
    """Bytes that this process may still take, by machine and control groups; None if unknown."""
    known = [value for value in (_machine(), *_control_groups()) if value is not None]
    return min(known, default=None)


def require(needed: int, limit: int | None, what: str, held: int = 0) -> None:
    """Refuse work that needs more than `limit`, or than is available when it is None.

    `held` bytes of what it needs have been taken already.
    """
    if limit is not None:
        if needed > limit:
            raise MemoryLimitError(
                f"{what} needs {format_size(needed)} of memory, "
                f"the limit is {format_size(limit)} (--memory-limit)"
            )
        return
    free = available()
    if free is not None and needed > free + held:
        raise MemoryLimitError(
            f"{what} needs {format_size(needed)} of memory, {format_size(free)} are available "
            "(--memory-limit overrides)"
        )


def _machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _control_groups() -> list[int | None]:
    """What each control group on the path to this process leaves, version 1 and 2."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    left = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, most, used = Path("/sys/fs/cgroup"), "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root = Path("/sys/fs/cgroup/memory")
            most, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        # A limit on any ancestor holds as well; inside a container the path may not exist.
        for folder in (group, *group.parents):
            if folder == root.parent:
                break
            left.append(_left(folder, most, used))
    return left


def _left(folder: Path, most: str, used: str) -> int | None:
    try:
        limit = int((folder / most).read_text())
        taken = int((folder / used).read_text())
        # File cache is given back under pressure.
        for line in (folder / "memory.stat").read_text().splitlines():
            if line.startswith(("inactive_file ", "total_inactive_file ")):
                taken -= int(line.split()[1])
                break
    except (OSError, ValueError):
        return None
    return max(0, limit - taken)
