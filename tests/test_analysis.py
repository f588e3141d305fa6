"""`cmixpy analyze`: what is observed adds up to what is coded, and coding does not notice."""

import json
import random
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from cmixpy import cli, engine, presets
from cmixpy.analysis import charts, page, study
from cmixpy.analysis.letters import letters
from cmixpy.analysis.observe import cost_table
from cmixpy.analysis.text import COLOURS
from cmixpy.coded_text import WORDS
from cmixpy.errors import CmixpyError
from cmixpy.words import apply_words

LINE = b"It was the %d. of <b>May</b> & the %d. year.\n"
TEXT = b"".join(LINE % (i * i % 31, i) for i in range(90))
BASES = bytes(random.Random(3).choices(b"ACGT", k=900)) * 2
RECORDS = b"".join(i.to_bytes(4, "little") + bytes([i * i & 255, 7]) for i in range(400))


def subject(data=TEXT, level=5, preset="auto", lanes=None):
    return study.subject("name", data, level, preset, lanes)


@pytest.fixture(scope="module")
def found():
    return study.study("a<b>", TEXT, level=1, preset="text", text=500, ablated=True)


@pytest.mark.parametrize(
    ("data", "level", "preset", "lanes"),
    [
        (TEXT, 5, "text", 1), (TEXT, 6, "text", 3), (TEXT, 1, "binary", None),
        (BASES, 5, "dna", 2), (RECORDS, 5, "records", 1), (TEXT, 5, "executable", 2),
        (TEXT[:1500], 7, "text", 4),
    ],
)  # fmt: skip
def test_it_adds_up_and_the_codes_are_the_same(data, level, preset, lanes):
    given = subject(data, level, preset, lanes)
    seen = study.follow(given, text=100)
    assert seen.codes == engine.encode_segment(given.symbols, given.plan, 1)
    # The coder rounds and every lane's code ends at a byte.
    assert abs(seen.bits / 8 - seen.code_bytes) <= 0.001 * seen.code_bytes + given.plan.lanes
    tally = seen.tally
    assert tally.symbols.sum() == len(given.symbols)
    assert tally.final.sum() == pytest.approx(seen.bits)
    assert np.allclose(tally.bits.sum(axis=1), tally.cost[:100], rtol=1e-5)
    assert all(np.isfinite(values).all() for values in tally)
    assert (tally.solo >= 0).all()
    assert seen.fill.min() >= 0
    assert 0 < seen.fill[-1].max() <= 1


def test_the_lstm_off_and_on():
    given = subject(TEXT[:1500], 6, "text", 2)
    without = study.follow(given, text=50)
    assert np.array_equal(without.tally.plain, without.tally.mixed)
    assert "mixed, LSTM off" not in page.html(without)
    given = given._replace(plan=replace(given.plan, description=presets.describe(7, "english")))
    seen = study.follow(given, text=50)
    assert seen.codes == engine.encode_segment(given.symbols, given.plan, 1)
    assert seen.parts.names[-1] == "LSTM mixer"
    assert seen.tally.push[:, -1].any()
    assert seen.tally.help[:, -1].any()
    assert not np.allclose(seen.tally.plain, seen.tally.mixed)
    assert seen.tally.plain.sum() == pytest.approx(without.tally.mixed.sum(), rel=0.05)
    assert "mixed, LSTM off" in page.html(seen)
    over_time = json.loads(page.as_json(seen))["by_time"]
    assert len(over_time["without_lstm"]) == len(over_time["mixed"])


def test_what_is_shown_may_begin_anywhere():
    given = subject(TEXT, 1, "text", 3)
    whole, part = study.follow(given), study.follow(given, text=400, shown=1000)
    assert part.codes == whole.codes
    assert np.array_equal(part.tally.bits, whole.tally.bits[1000:1400])
    assert np.array_equal(part.tally.help, whole.tally.help[1000:1400])
    assert part.letters == whole.letters[1000:1400]
    assert "at 1,399:" in page.html(part)
    assert study.follow(given, text=9, shown=10**6).letters == []


def test_the_curve_sums_to_the_code_within_a_thousandth():
    """On a whole, as the user sees it: without any allowance."""
    rng = random.Random(9)
    data = b" ".join(rng.choice([b"alpha", b"beta", b"gamma", b"delta%d" % rng.randrange(99)])
                     for _ in range(4000))  # fmt: skip
    seen = study.study("x", data, level=5, preset="text", lanes=1)
    ends, here, sofar = page.bpc_by_position(seen)
    total = (here * np.diff(ends, prepend=0)).sum() / 8
    assert total == pytest.approx(seen.code_bytes, rel=0.001)
    assert sofar[-1] * seen.symbols / 8 == pytest.approx(seen.code_bytes, rel=0.001)


@pytest.mark.parametrize("preset", ["text", "dna", "generator", "records"])
def test_every_input_has_its_part(preset):
    """The constant is the input that the kernel sets to one; what is behind it is padding."""
    given = subject(BASES, 5, preset)
    parts = study.parts_of(given.plan.description)
    segment = engine.encoder(given.symbols, given.plan, 1)
    segment.run(0, 50)
    inputs = segment.private.inputs[0, 0]
    assert parts.names[-1] == "constant"
    (constant,) = np.flatnonzero(parts.owner == len(parts.names) - 1)
    assert inputs[constant] == 256
    assert not inputs[parts.owner < 0].any()
    assert (parts.owner[constant + 1 :] < 0).all()
    assert set(parts.owner[:constant]) == set(range(len(parts.names) - 1))


def test_the_page_stands_alone(found):
    text = page.html(found)
    assert not re.search(r"https?:|<script|<link|<img|src=|url\(", text)
    assert "<h1>a&lt;b&gt;</h1>" in text
    assert text.count('<span class="b') == 500 + 12  # and the legend
    assert "bytes order 3" in text
    assert f"{found.code_bytes:,} bytes" in text


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_the_page(found, tmp_path):
    """Offline: the colours of the text, of the curves and of the strips are on the screenshot."""
    (tmp_path / "page.html").write_text(page.html(found))
    switches = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
        "--force-color-profile=srgb", "--window-size=1060,3000",
    ]  # fmt: skip
    shot = tmp_path / "page.png"
    subprocess.run(
        [CHROMIUM, *switches, f"--user-data-dir={tmp_path}/profile", f"--screenshot={shot}",
         f"file://{tmp_path}/page.html"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    picture = (imread(shot)[:, :, :3] * 255).round().astype(int)
    assert picture.shape[1] == 1060
    there = {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.unique(
        picture.reshape(-1, 3), axis=0).tolist()}  # fmt: skip
    assert set(COLOURS) <= there
    assert set(charts.LINES[:2]) <= there
    assert len(set(charts.RAMP) & there) > 5


def test_json_has_the_figures(found):
    read = json.loads(page.as_json(found))
    assert read["code_bytes"] == found.code_bytes
    assert read["by_position"]["end"][-1] == read["symbols"] == found.symbols
    assert [part["name"] for part in read["parts"]] == found.parts.names
    without = {line["name"]: line["code_bytes"] for line in read["left_out"]}
    assert without["context bytes order 3 local"] > 0.9 * found.code_bytes
    assert len(without) == 5  # four contexts and a match model


def test_one_byte_and_none():
    assert page.html(study.study("x", b"a", level=1))
    with pytest.raises(CmixpyError, match="x: empty"):
        study.study("x", b"", level=1)


def test_what_cannot_be_shrunk_is_told():
    noise = random.Random(4).randbytes(5000)
    seen = study.study("noise", noise, level=1, preset="binary")
    assert seen.bits / len(noise) > 7.9
    assert page.html(seen)


def test_letters_of_codes_and_characters():
    text = "Größe und größe – THE end, the End.\n".encode() * 30 + b"\x02\xff"
    symbols, parameters = apply_words(np.frombuffer(text, dtype=np.uint8))
    shown = letters(symbols, 8, WORDS, parameters, len(symbols))
    assert len(shown) == len(symbols)
    size = shown.index("\n") + 1
    assert "".join(shown[:size]) == "end↵grö·ß·e↵the↵und↵–··\n"
    assert "".join(shown[size:]).startswith("ˆgröße und größe – ˆˆthe end, the ˆend.\n")
    assert shown[-4:] == ["‸", "·", "‸", "·"]
    plain = letters(np.frombuffer("aß\0".encode(), dtype=np.uint8), 8, 0, b"", 4)
    assert plain == ["a", "ß", "·", "·"]


def test_costs_and_ticks():
    costs = cost_table()
    assert costs[32768] == 1
    assert costs[65536] == 0
    assert charts.ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert charts.ticks(3, 3) == [3]
    assert charts.colour(9, 0, 1) == charts.RAMP[-1]


def test_the_command(tmp_path, monkeypatch, capfdbinary):
    monkeypatch.setattr(cli.interrupts, "install", lambda: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").write_bytes(TEXT)
    assert cli.run(["analyze", "-1", "in"]) == 0
    assert (tmp_path / "in.html").read_bytes().startswith(b"<!doctype html>")
    assert cli.run(["analyze", "-1", "in"]) == 1  # there already
    assert cli.run(["analyze", "in", "-o", "in"]) == 2
    assert cli.run(["analyze", "none"]) == 1
    errors = capfdbinary.readouterr().err.decode().splitlines()
    assert [line.partition(" (")[0] for line in errors] == [
        "cmixpy: in.html: exists already", "cmixpy: in: is both input and output",
        "cmixpy: none: no such file or directory",
    ]  # fmt: skip
    assert cli.run(["analyze", "--json", "--bytes", "1k", "--text", "0", "-1", "in"]) == 0
    read = json.loads(capfdbinary.readouterr().out)
    assert (read["bytes"], read["file_bytes"]) == (1024, len(TEXT))
