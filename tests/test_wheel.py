"""The built wheel works where the checkout is not: its models travel in it."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from cmixpy import compress
from cmixpy.model import jit

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, CHECKOUT],
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


def test_contents(wheel):
    names = set(ZipFile(wheel).namelist())
    assert "cmixpy/py.typed" in names
    for preset in (CHECKOUT / "models").glob("*.toml"):
        assert f"cmixpy/models/{preset.name}" in names
    assert not any(name.startswith(("tests/", "models/", "benchmarks/")) for name in names)


def test_round_trip_in_a_fresh_environment(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    site = tmp_path / "venv" / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel],
        check=True,
    )
    # The dependencies are borrowed, not installed again: a path file is not read recursively, so
    # an editable install of the checkout among them stays unseen; -I below keeps PYTHONPATH out.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = tmp_path / "venv" / "bin" / "python"
    (tmp_path / "in").write_bytes(b"wheels within wheels " * 100)

    def cmixpy(*arguments: str) -> str:
        done = subprocess.run(
            [python, "-I", "-m", "cmixpy", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    where = subprocess.run(
        [python, "-I", "-c", "import cmixpy; print(cmixpy.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path)
    compress(b"The kernels are compiled here, if they are not yet.")
    before = set(jit.CACHE_DIRECTORY.rglob("step.*.nbc"))
    cmixpy("c", "-q", "in")
    # Kernels of the same sources are compiled once, wherever the package lies.
    assert set(jit.CACHE_DIRECTORY.rglob("step.*.nbc")) == before
    assert (tmp_path / "in.cmx").stat().st_size < 100
    cmixpy("d", "-q", "in.cmx", "back")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "in").read_bytes()
    for preset in ("text", "dna", "binary", "executable"):
        assert preset in cmixpy("models")
