"""Output files are whole or not there."""

import gc
import itertools
import os
import stat
import sys
import threading

import pytest

from cmixpy.errors import CmixpyError
from cmixpy.files import atomic_output


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_target_appears_at_the_end(tmp_path):
    target = tmp_path / "out"
    with atomic_output(target) as file:
        file.write(b"abc")
        assert not target.exists()
    assert target.read_bytes() == b"abc"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error), atomic_output(tmp_path / "out") as file:
        file.write(b"abc")
        raise error
    assert names(tmp_path) == []


def test_an_interrupt_anywhere_leaves_nothing(tmp_path):
    """Before every single instruction of Python's on the way into the block and out of it."""
    target = tmp_path / "out"
    whole = 0
    for count in itertools.count(1):
        # What callbacks of the collector raise is lost (hypothesis has one), and so the interrupt.
        gc.disable()
        sys.settrace(interrupting_after(count))
        try:
            with atomic_output(target) as file:
                file.write(b"abc")
        except KeyboardInterrupt:
            pass
        else:
            break
        finally:
            sys.settrace(None)
            gc.enable()
        whole += target.exists()
        target.unlink(missing_ok=True)
        assert names(tmp_path) == []
    assert count > 300
    assert 0 < whole < count


def interrupting_after(count: int):
    """A trace function that raises KeyboardInterrupt at instruction `count`, once."""
    left = count

    def trace(frame, event, argument):
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    return trace


def test_an_error_leaves_the_old_file_as_it_was(tmp_path):
    target = tmp_path / "out"
    target.write_bytes(b"old")
    with pytest.raises(OSError), atomic_output(target, force=True) as file:
        file.write(b"new")
        raise OSError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_an_existing_file_is_replaced_only_by_force(tmp_path):
    target = tmp_path / "out"
    target.write_bytes(b"old")
    with pytest.raises(CmixpyError, match="exists already"), atomic_output(target):
        pass
    with atomic_output(target, force=True) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(CmixpyError, match="exists already"), atomic_output(target) as file:
        file.write(b"new")
        target.write_bytes(b"other")
    assert target.read_bytes() == b"other"
    assert names(tmp_path) == ["out"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with atomic_output(tmp_path / "link", force=True) as file:
        file.write(b"new")
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(CmixpyError, match="is a directory"), atomic_output(tmp_path, force=True):
        pass


def test_a_pipe_is_written_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with atomic_output(pipe) as file:
        file.write(b"abc")
    reader.join(timeout=10)
    assert read == [b"abc"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_permissions_and_time_are_taken_over(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x")
    source.chmod(0o640)
    os.utime(source, ns=(10**18, 10**18 + 5))
    with atomic_output(tmp_path / "out", like=source.stat()) as file:
        file.write(b"abc")
    made = (tmp_path / "out").stat()
    assert (stat.S_IMODE(made.st_mode), made.st_mtime_ns) == (0o640, 10**18 + 5)


def test_without_a_model_file_the_umask_decides(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_output(tmp_path / "out") as file:
            file.write(b"abc")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_long_names(tmp_path):
    target = tmp_path / ("n" * 255)
    with atomic_output(target) as file:
        file.write(b"abc")
    assert target.read_bytes() == b"abc"
