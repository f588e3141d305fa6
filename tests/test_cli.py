"""The command line: what it prints, what it leaves, with which code it ends; to the letter."""

import io
import os
import random
import sys

import pytest
from fake_model import PRESETS, fake_model  # noqa: F401 - a fixture

import cmixpy
from cmixpy import cli

pytestmark = pytest.mark.usefixtures("fake_model")

TEXT = b"What is written here is written twice, what is written twice is written here.\n" * 30


class Standard(io.StringIO):
    """A standard stream with bytes below, and with or without a terminal at its end."""

    def __init__(self, data: bytes = b"", terminal: bool = False):
        super().__init__()
        self.buffer = io.BytesIO(data)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").write_bytes(TEXT)
    return tmp_path


@pytest.fixture
def cmixpy_says(capsys, monkeypatch):
    """Run the command; returns (exit code, standard output, standard error)."""
    monkeypatch.setattr(cli.interrupts, "install", lambda: None)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_there_and_back_with_default_names(folder, cmixpy_says):
    assert cmixpy_says("c", "in") == (0, "", "")
    assert names(folder) == ["in", "in.cmx"]
    assert (folder / "in.cmx").read_bytes() == cmixpy.compress(TEXT)
    (folder / "in").unlink()
    assert cmixpy_says("d", "in.cmx") == (0, "", "")
    assert (folder / "in").read_bytes() == TEXT
    assert cmixpy_says("t", "in.cmx") == (0, "", "")
    assert names(folder) == ["in", "in.cmx"]


@pytest.mark.parametrize("output", [["out"], ["-o", "out"], ["--output=out"]])
def test_named_output(folder, cmixpy_says, output):
    assert cmixpy_says("c", "in", *output) == (0, "", "")
    assert cmixpy_says("d", "out", "back") == (0, "", "")
    assert names(folder) == ["back", "in", "out"]
    assert (folder / "back").read_bytes() == TEXT


@pytest.mark.parametrize("level", range(1, 10))
def test_levels_as_flags(folder, cmixpy_says, level):
    assert cmixpy_says("c", f"-{level}", "in") == (0, "", "")
    assert cmixpy_says("c", "in", f"-f{level}q") == (0, "", "")
    assert (folder / "in.cmx").read_bytes() == cmixpy.compress(TEXT, level=level)
    assert cmixpy_says("c", "in", "out", f"--level={level}") == (0, "", "")
    assert (folder / "out").read_bytes() == cmixpy.compress(TEXT, level=level)


def test_options_reach_the_codec(folder, cmixpy_says):
    arguments = "c in --preset binary --lanes 3 --threads 2 --segment-size 1K --memory-limit 1G"
    assert cmixpy_says(*arguments.split()) == (0, "", "")
    expected = cmixpy.compress(TEXT, preset="binary", lanes=3, segment_size=1024)
    assert (folder / "in.cmx").read_bytes() == expected


@pytest.mark.parametrize("arguments", [["c", "-"], ["c", "-", "-"], ["c", "-", "-c"]])
def test_standard_streams(folder, monkeypatch, cmixpy_says, arguments):
    (folder / "in").open("rb")
    with (folder / "in").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        stdout = Standard()
        monkeypatch.setattr(sys, "stdout", stdout)
        assert cli.run(arguments) == 0
    packed = stdout.buffer.getvalue()
    assert packed == cmixpy.compress(TEXT)


def test_stdout_from_a_file(folder, monkeypatch, cmixpy_says):
    cmixpy_says("c", "in")
    stdout = Standard()
    monkeypatch.setattr(sys, "stdout", stdout)
    assert cli.run(["d", "-c", "in.cmx"]) == 0
    assert stdout.buffer.getvalue() == TEXT


def test_no_archive_to_a_terminal(folder, monkeypatch, capsys):
    stdout = Standard(terminal=True)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert cli.run(["c", "-c", "in"]) == 2
    assert stdout.buffer.getvalue() == b""
    message = "refusing to write an archive to a terminal (-o names a file, -f forces)"
    assert capsys.readouterr().err == f"cmixpy: {message}\n"
    assert cli.run(["c", "-c", "-f", "in"]) == 0
    assert stdout.buffer.getvalue() == cmixpy.compress(TEXT)


def test_the_input_is_removed_only_when_asked(folder, cmixpy_says):
    assert cmixpy_says("c", "--rm", "in") == (0, "", "")
    assert names(folder) == ["in.cmx"]
    assert cmixpy_says("d", "--rm", "in.cmx") == (0, "", "")
    assert names(folder) == ["in"]
    message = "cmixpy: --rm needs files for both input and output\n"
    assert cmixpy_says("c", "--rm", "-c", "in") == (2, "", message)
    assert names(folder) == ["in"]


def test_nothing_is_removed_after_an_error(folder, cmixpy_says):
    (folder / "bad.cmx").write_bytes(cmixpy.compress(TEXT)[:-1])
    code, _, _ = cmixpy_says("d", "--rm", "bad.cmx")
    assert code == 1
    assert names(folder) == ["bad.cmx", "in"]


def test_overwriting(folder, cmixpy_says):
    (folder / "in.cmx").write_bytes(b"old")
    message = "cmixpy: in.cmx: exists already (-f overwrites it)\n"
    assert cmixpy_says("c", "in") == (1, "", message)
    assert (folder / "in.cmx").read_bytes() == b"old"
    assert cmixpy_says("c", "-f", "in") == (0, "", "")
    assert cmixpy_says("d", "-f", "in.cmx") == (0, "", "")


def damaged(place: int) -> bytes:
    packed = bytearray(cmixpy.compress(TEXT))
    packed[place] ^= 1
    return bytes(packed)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "not a cmixpy archive: it is empty"),
        (b"hello, world", "not a cmixpy archive"),
        (
            lambda: cmixpy.compress(TEXT)[:-1],
            "truncated: the file ends inside the codes of segment 1",
        ),
        (
            lambda: cmixpy.compress(TEXT)[:9],
            "truncated: the file ends inside the header of segment 1",
        ),
        (lambda: damaged(-1), "segment 1 is damaged: its codes' check is wrong"),
        (lambda: damaged(-9), "segment 1 is damaged: its codes' check is wrong"),
        (lambda: damaged(9), "the header of segment 1 is damaged: its check is wrong"),
        (
            lambda: damaged(3),
            "the archive has format version 3, this cmixpy reads version 2",
        ),
        (
            lambda: cmixpy.compress(b"abc") + b"\n",
            "trailing garbage: no archive begins at offset 21",
        ),
    ],
)
@pytest.mark.parametrize("command", ["d", "t", "l"])
def test_bad_archives(folder, cmixpy_says, contents, message, command):
    (folder / "bad.cmx").write_bytes(contents() if callable(contents) else contents)
    code, out, err = cmixpy_says(command, "bad.cmx")
    if command == "l" and "codes' check" in message:
        assert (code, err) == (0, "")  # the headers are sound
    else:
        assert (code, out, err) == (1, "", f"cmixpy: bad.cmx: {message}\n")
    assert names(folder) == ["bad.cmx", "in"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["c", "no"], 1, "no: no such file or directory"),
        (["c", "no/in", "out"], 1, "no/in: no such file or directory"),
        (["c", "in", "no/out"], 1, "no/out: no such file or directory"),
        (["c", "."], 1, ".: is a directory"),
        (["c", "in", "."], 1, ".: is a directory"),
        (["c", "in", "in"], 2, "in: is both input and output"),
        (["c", "in", "-f", "./in"], 2, "in: is both input and output"),
        (["c", "in", "a", "-o", "b"], 2, "the output is given twice: use one of OUT, -o and -c"),
        (["d", "in"], 2, "in: does not end in .cmx, so the output needs a name (-o)"),
        (
            ["c", "in", "--preset", "x"],
            2,
            f"no preset 'x': presets are auto, {', '.join(PRESETS)}",
        ),
        (["c", "in", "--segment-size", "x"], 2, "'x' is no size; write for example 64M or 2G"),
        (["c", "in", "--segment-size", "2G"], 2, "the segment size must be 1 to 1073741824 bytes"),
        (["c", "in", "--lanes", "5000"], 2, "lanes must be 1 to 2048"),
        (
            ["c", "in", "--memory-limit", "1M"],
            1,
            "in: compressing needs 1.01 MiB of memory, the limit is 1 MiB (--memory-limit)",
        ),
    ],
)
def test_what_cannot_be_done(folder, cmixpy_says, arguments, code, message):
    assert cmixpy_says(*arguments) == (code, "", f"cmixpy: {message}\n")
    assert names(folder) == ["in"]


@pytest.mark.parametrize("arguments", [["x"], ["c"], ["c", "--zz", "in"], ["c", "-0", "in"]])
def test_usage_errors_are_one_line(folder, cmixpy_says, arguments):
    code, out, err = cmixpy_says(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("cmixpy: ")
    assert err.endswith("(cmixpy --help)\n")
    assert err.count("\n") == 1


def test_version_and_help(cmixpy_says):
    assert cmixpy_says("--version") == (0, f"cmixpy {cmixpy.__version__}\n", "")
    code, out, err = cmixpy_says("--help")
    assert (code, err) == (0, "")
    for word in ("Compress", "Decompress", "Test", "List", "presets"):
        assert word in out


def test_verbose_tells_what_was_chosen(folder, cmixpy_says):
    (folder / "noise").write_bytes(random.Random(5).randbytes(100))
    expected = (
        "cmixpy: 2340 bytes: preset lines, level 5, lanes 4, groups 2, table bits 15, threads 1, "
        "memory 1.01 MiB\n"
    )
    assert cmixpy_says("c", "-v", "in", "--threads", "1") == (0, "", expected)
    assert cmixpy_says("c", "-v", "noise", "--threads", "1")[2].endswith(
        "cmixpy: 100 bytes: stored as they are\n"
    )


def test_a_line_while_kernels_compile(folder, cmixpy_says, monkeypatch):
    monkeypatch.setattr(cmixpy.engine, "compiled", lambda: False)
    line = "cmixpy: compiling kernels for this machine (once; about a minute) …\n"
    assert cmixpy_says("c", "in") == (0, "", line)
    assert cmixpy_says("t", "in.cmx") == (0, "", line)
    assert cmixpy_says("t", "-q", "in.cmx") == (0, "", "")


def test_progress_is_shown_when_forced(folder, cmixpy_says):
    code, out, err = cmixpy_says("c", "--progress", "in")
    assert (code, out) == (0, "")
    assert "100 %" in err
    assert "bpc" in err
    code, out, err = cmixpy_says("d", "--progress", "in.cmx", "out")
    assert "100 %" in err


COLUMNS = ["segment", "bytes", "archived", "bpc", "preset", "level", "lanes", "XXH3-64"]


def test_list(folder, cmixpy_says):
    cmixpy_says("c", "in", "--segment-size", "2000", "--preset", "text", "-5")
    (folder / "two.cmx").write_bytes((folder / "in.cmx").read_bytes() + cmixpy.compress(b"\0\1\2"))
    packed = (folder / "two.cmx").read_bytes()
    code, out, err = cmixpy_says("l", "two.cmx", "--threads", "2")
    assert (code, err) == (0, "")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0].split() == COLUMNS
    assert lines[1].split()[:2] == ["1", "2000"]
    assert lines[1].split()[4:7] == ["english", "5", "4"]
    assert lines[3].split()[:3] == ["3", "3", "17"]
    assert lines[3].split()[4] == "stored"
    assert lines[4] == (
        f"2 archives, 3 segments: 2343 bytes in {len(packed)}, {8 * len(packed) / 2343:.4f} bpc"
    )
    assert lines[5].startswith("decoding needs 1 MiB of memory and about 0.0 s with 2 threads")


def test_models(cmixpy_says):
    code, out, err = cmixpy_says("models")
    assert (code, err) == (0, "")
    assert "orders 0–6" in out


def test_an_interrupt_leaves_nothing(folder, cmixpy_says, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cmixpy.engine, "encode_segment", interrupted)
    assert cmixpy_says("c", "in") == (130, "", "cmixpy: interrupted\n")
    assert names(folder) == ["in"]


def test_a_full_disk_is_one_line(folder, cmixpy_says):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    message = "cmixpy: no space left on device\n"
    assert cmixpy_says("c", "in", "/dev/full") == (1, "", message)
