"""The command as a process: signals, pipes, start-up time. Everything else is in test_cli.py."""

import os
import random
import signal
import statistics
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "cmixpy"]
TEXT = b"The quick brown fox jumps over the lazy dog; the dog does not mind. " * 15


def seconds_of(command: list[str], place) -> float:
    """Wall time of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    return time.perf_counter() - start


def test_help_is_quick():
    seconds = [seconds_of([*COMMAND, "--help"], None) for _ in range(5)]
    assert statistics.median(seconds) < 0.4


def test_the_import_loads_neither_numpy_nor_numba_nor_torch():
    code = "import sys, cmixpy, cmixpy.cli; print({'numpy', 'numba', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_kilobyte_is_quick_and_does_not_load_torch(tmp_path):
    (tmp_path / "in").write_bytes(TEXT)
    subprocess.run([*COMMAND, "c", "-q", "-f", "in"], cwd=tmp_path, check=True)
    # Two seconds; where the machine is slow or busy with other tests, what they are beside the
    # import of numba, which every start has to do: 0.29 s where the two bounds are the same.
    command, reference = [*COMMAND, "c", "-f", "in"], [sys.executable, "-c", "import numba"]
    pairs = [(seconds_of(command, tmp_path), seconds_of(reference, tmp_path)) for _ in range(6)]
    seconds, import_seconds = map(min, zip(*pairs, strict=True))
    assert seconds < 2 or seconds < 7 * import_seconds
    code = "import sys, cmixpy; cmixpy.compress(b'abc' * 99); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_pipes_both_ways():
    packed = subprocess.run([*COMMAND, "c", "-q"], input=TEXT, capture_output=True, check=False)
    assert packed.returncode == 2  # a missing IN is no standard input
    packed = subprocess.run([*COMMAND, "c", "-q", "-"], input=TEXT, capture_output=True, check=True)
    back = subprocess.run(
        [*COMMAND, "d", "-q", "-"], input=packed.stdout, capture_output=True, check=True
    )
    assert back.stdout == TEXT
    listed = subprocess.run(
        [*COMMAND, "l", "-"], input=packed.stdout, capture_output=True, check=True
    )
    assert b"1 segment:" in listed.stdout


def test_a_reader_that_leaves(tmp_path):
    (tmp_path / "in").write_bytes(random.Random(6).randbytes(1 << 20))
    subprocess.run([*COMMAND, "c", "-q", "-1", "in"], cwd=tmp_path, check=True)
    process = subprocess.Popen(
        [*COMMAND, "d", "-q", "-c", "in.cmx"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b"cmixpy: broken pipe\n"
    assert process.wait(timeout=20) == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(tmp_path, closed):
    def run(arguments: str) -> int:
        command = f"{sys.executable} -m cmixpy {arguments} {closed}"
        return subprocess.run(command, shell=True, cwd=tmp_path, stdout=subprocess.PIPE).returncode

    (tmp_path / "in").write_bytes(TEXT)
    assert run("c in out") == 0
    assert run("d out back") == 0
    assert (tmp_path / "back").read_bytes() == TEXT
    # What cannot be written is an error.
    assert run("c -c in") == (1 if " >&-" in " " + closed else 0)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("busy", [False, True])
def test_signals_end_it_within_a_second_and_leave_nothing(tmp_path, name, busy):
    process = subprocess.Popen(
        [*COMMAND, "c", "--progress", "-3", "--preset", "text", "-", "out"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not list(tmp_path.iterdir()):
        time.sleep(0.01)
    if busy:
        words = random.Random(7)
        process.stdin.write(b" ".join(b"%d" % words.randrange(10**6) for _ in range(10**6)))
        process.stdin.close()
        read = b""
        while b"bpc" not in read:
            read += os.read(process.stderr.fileno(), 1000)
    assert process.poll() is None
    start = time.perf_counter()
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=20) == 130
    assert time.perf_counter() - start < 1
    assert process.stderr.read().endswith(b"cmixpy: interrupted\n")
    assert list(tmp_path.iterdir()) == []


# What a destructor raises is printed and forgotten.
LOSING = """
import os, signal
from cmixpy import cli, codec

class Losing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

codec.check_options = lambda *_: Losing() and None
cli.main()
"""


def test_an_interrupt_that_python_loses_is_heard(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", LOSING, "c", "-", "out"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.wait(timeout=20) == 130
    assert process.stderr.read().endswith(b"cmixpy: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_a_level_with_the_lstm_is_interrupted_within_a_second(tmp_path):
    words = random.Random(7)
    data = b" ".join(b"%d" % words.randrange(10**6) for _ in range(10**5))
    (tmp_path / "in").write_bytes(data)
    seconds = []
    for _ in range(3):  # the machine may be busy with something else
        process = subprocess.Popen(
            [*COMMAND, "c", "--progress", "-7", "--preset", "text", "in", "out"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        )
        read = b""
        while b"bpc" not in read:
            read += os.read(process.stderr.fileno(), 1000)
        start = time.perf_counter()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        seconds.append(time.perf_counter() - start)
        assert process.stderr.read().endswith(b"cmixpy: interrupted\n")
        assert [path.name for path in tmp_path.iterdir()] == ["in"]
        if seconds[-1] < 1:
            return
    raise AssertionError(f"{seconds} s")
