"""Output files that are either whole or not there.

A file is written beside its target under a temporary name, fsynced and renamed; whatever goes
wrong before, the temporary is removed and the target is as it was.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cmixpy.errors import CmixpyError


@contextlib.contextmanager
def atomic_output(
    target: Path, *, force: bool = False, like: os.stat_result | None = None
) -> Iterator[BinaryIO]:
    """Open `target` for writing; it appears when the block ends without an error.

    Parameters
    ----------
    target : Path
        A link is followed. A device or pipe is written to directly.
    force : bool
        Whether an existing file may be replaced.
    like : os.stat_result or None
        File whose permissions and time of modification the output gets.

    Raises
    ------
    CmixpyError
        The target exists and `force` is not set, or is a directory.
    """
    check_target(target, force)
    named, target = target, Path(os.path.realpath(target))
    if target.exists() and not target.is_file():
        with open(target, "wb") as device:
            yield device
        return
    # Hidden, and short enough for names at the limit of the file system. It is chosen before the
    # file exists: an interrupt while the file is made must find it where it is removed.
    name = target.parent / f".{target.name[:32]}.{secrets.token_hex(8)}.part"
    try:
        with _private(name, named) as file:
            yield file
            file.flush()
            _take_over(file.fileno(), like)
            os.fsync(file.fileno())
        check_target(named, force)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def check_target(target: Path, force: bool) -> None:
    """Refuse a target that must not be replaced."""
    if target.is_dir():
        raise CmixpyError(f"{target}: is a directory")
    if target.is_file() and not force:
        raise CmixpyError(f"{target}: exists already (-f overwrites it)")


def _private(name: Path, named: Path) -> BinaryIO:
    """Make a file that nobody else may read yet; an error names the file that was asked for."""
    try:
        return open(name, "xb", opener=lambda path, flags: os.open(path, flags, 0o600))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(named)) from None


def _take_over(handle: int, like: os.stat_result | None) -> None:
    if like is None:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(handle, 0o666 & ~mask)
    else:
        os.fchmod(handle, stat.S_IMODE(like.st_mode) & 0o777)
        os.utime(handle, ns=(like.st_atime_ns, like.st_mtime_ns))


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
