"""`python -m benchmarks`: peers run side by side, and what is made of their figures."""

import hashlib
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from math import log10

import pytest

import cmixpy
from benchmarks import (
    ablate,
    compare,
    data,
    history,
    horizons,
    picks,
    process,
    programs,
    projection,
    readme,
    report,
    results,
    scaling,
    scaling_report,
    seeds,
)
from cmixpy import presets
from cmixpy.analysis import variants
from cmixpy.parts import Gate

COPY = f"#!{sys.executable}\nimport shutil, sys\nshutil.copy(sys.argv[1], sys.argv[2])\n"
LINE = {
    "date": "2026-01-02", "commit": "abc", "machine": "M", "cores": "2", "file": "enwik8",
    "size": "1000000", "threads": "1", "compress_mib": "10", "decompress_mib": "20",
}  # fmt: skip


def row(program, archive, speed, **more):
    return {
        **dict.fromkeys(results.COLUMNS, ""), **LINE, "program": program, "bytes": str(archive),
        "compress_kbps": str(speed), "decompress_kbps": str(2 * speed), **more,
    }  # fmt: skip


@pytest.fixture
def rows():
    return [
        row("xz-9e", 250_000, 1000), row("slow", 240_000, 10),
        row("cmixpy", 200_000, 50, level="6", commit="old"),
        row("cmixpy", 180_000, 60, level="6", compress_cpu="2.5"),
        row("cmixpy", 180_000, 40, level="6", compress_cpu="3.5"),
        row("cmixpy", 1, 1, level="6", machine="another"),
    ]  # fmt: skip


@pytest.fixture
def piece(tmp_path):
    (tmp_path / "file").write_bytes(b"to be or not to be\n" * 200)
    return data.Piece("file:3000", tmp_path / "file", 3000)


@pytest.mark.skipif(shutil.which("gzip") is None, reason="no gzip")
def test_a_peer_of_pipes(piece):
    trip = process.round_trip(piece, programs.peer("gzip-9"))
    assert trip.same
    assert 20 < trip.archive < 200
    assert trip.compress.seconds > 0
    assert trip.compress.cpu >= 0
    assert trip.decompress.peak > 100_000


@pytest.mark.parametrize("name", list(programs.known_peers()))
def test_every_line_of_peers_names_its_files(name, tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "on_path", lambda names: f"/bin/{names.partition('|')[0]}")
    found = programs.peer(name)
    files = found.files(tmp_path)
    for way in ("compress", "decompress"):
        for word in getattr(found, way):
            word.format(**files)
    assert found.only in (None, "bases")


def test_failures_are_told(piece, tmp_path, monkeypatch, capsys):
    """A program that fails, one that is not there, one whose output is wrong, one that works."""
    lines = {"good": COPY, "bad": "#!/bin/sh\nexit 3\n", "wrong": COPY + "open('again', 'w')\n"}
    found = []
    for name, text in lines.items():
        path = tmp_path / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        found.append(programs.Program(
            name, (str(path),), ("{plain}", "{packed}"), ("{packed}", "{again}")))  # fmt: skip
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.tsv")
    complaints = compare.run([piece], found, 2, append=True)
    assert len(complaints) == 4
    assert sum("exit code 3" in complaint for complaint in complaints) == 2
    assert sum("THE ROUND TRIP FAILED" in complaint for complaint in complaints) == 2
    assert [row["program"] for row in results.read()] == ["good", "good"]
    assert results.read()[0]["bytes"] == "3000"
    assert "good: 3,000 bytes" in capsys.readouterr().out
    _, absent = compare.chosen_programs(["nobody", "gzip-9"], (), 1)
    assert absent[0] == "nobody: not in peers.toml"


def test_programs_for_bases_get_only_bases(piece, tmp_path):
    program = programs.Program("p", ("x",), (), (), only="bases")
    assert not compare.suits(program, piece)
    (tmp_path / "bases").write_bytes(b"ACGT" * 5)
    assert compare.suits(program, data.Piece("bases", tmp_path / "bases", 20))
    (tmp_path / "mixed").write_bytes(b"ACGT" * 5 + b"acgt")
    assert not compare.suits(program, data.Piece("mixed", tmp_path / "mixed", 24))


def test_programs_for_bases_get_capitals(tmp_path):
    """A file of small letters is handed over in capitals, and compared with those."""
    plain, peer = tmp_path / "small", tmp_path / "peer"
    plain.write_bytes(b"acgt" * 5)
    peer.write_text(COPY + "assert open(sys.argv[1]).read().isupper()\n")
    peer.chmod(peer.stat().st_mode | stat.S_IXUSR)
    ways = ("{plain}", "{packed}"), ("{packed}", "{again}")
    program = programs.Program("p", (str(peer),), *ways, only="bases")
    small = data.Piece("bases", plain, 20)
    assert compare.suits(program, small)
    assert process.round_trip(small, program).same


def test_tables_by_size_and_in_the_benchmark_form(rows):
    found = report.figures(rows, "enwik8")
    assert list(found) == ["cmixpy -6, 1 thread", "slow", "xz-9e"]
    assert found["cmixpy -6, 1 thread"]["compress_kbps"] == 50  # the median of the last commit
    lines = report.size_table(found).splitlines()
    assert "180,000" in lines[2]
    assert "20.00 / 3.00" in lines[2]
    assert "| 100.00 |" in " ".join(lines[3].split())
    form = report.benchmark_row(rows)
    assert "180,000" in form
    assert "–" in form
    assert "has been measured" in report.benchmark_row([])
    prefix = report.benchmark_row([row("cmixpy", 750_000, 100, file="enwik8.4M", size="4000000")])
    assert prefix.startswith("Of prefixes")
    assert "750,000" in prefix


def test_the_pareto_front():
    points = {"a": (1, 9), "b": (2, 9), "c": (3, 5), "d": (4, 6), "e": (9, 1)}
    assert report.front(points) == ["a", "c", "e"]


def test_plots_are_made_of_the_lines_alone(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "read", lambda: rows)
    monkeypatch.setattr(report, "COMPARISON", tmp_path / "COMPARISON.md")
    monkeypatch.setattr(report, "PLOTS", tmp_path / "plots")
    text = report.write()
    plot = (tmp_path / "plots" / "pareto-enwik8.svg").read_bytes()
    assert "xz-9e" in text
    assert b"<svg" in plot
    report.write()
    assert (tmp_path / "plots" / "pareto-enwik8.svg").read_bytes() == plot
    history.plot(history.series(rows), ("old", "abc"), tmp_path / "history.svg")
    assert b"<svg" in (tmp_path / "history.svg").read_bytes()


def test_the_history_has_a_point_where_the_bytes_changed(rows):
    found = history.series(rows[:-1])
    assert found == {("enwik8", 6): [("old", 200_000), ("abc", 180_000)]}


def test_stored_results_can_be_read():
    rows = results.read()
    assert all(row["program"] and float(row["bytes"]) > 0 for row in rows)
    assert results.latest()[("enwik6", 5)]["program"] == "cmixpy"
    assert "| 5 (default)" in readme.section(results.latest())


def test_every_command_has_help():
    for name in ("", "compare", "ratio", "scaling", "seeds", "history", "picks"):
        words = [sys.executable, "-m", "benchmarks", *([name] if name else []), "--help"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert "usage" in done.stdout.lower()


def scaled(study, lanes, threads, size, level, archive, time):
    values = ("2026-01-02", "abc", "M", "2", study, "f", size, level, lanes, threads, archive)
    times = (time, time / 2, time, time / 2, 10, 20)
    return dict(zip(scaling.COLUMNS, map(str, values + times), strict=True))


def test_the_scaling_report(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(scaling_report, "PAGE", tmp_path / "RESULTS.md")
    monkeypatch.setattr(scaling_report, "PLOTS", tmp_path / "plots")
    monkeypatch.setattr(scaling, "STORED", tmp_path / "scaling.tsv")
    for row in (
        scaled("lanes", 1, 2, 1000, 5, 500, 9.0), scaled("lanes", 1, 2, 1000, 5, 400, 8.0),
        scaled("lanes", 4, 2, 1000, 5, 410, 2.0), scaled("lengths", 1, 2, 5000, 5, 900, 9.0),
    ):  # fmt: skip
        scaling.append(row)
    monkeypatch.setattr(scaling_report, "STORED", tmp_path / "scaling.tsv")
    monkeypatch.setattr(results, "read", lambda: rows)
    text = scaling_report.write()
    assert "| 4 " in text.replace("|     4", "| 4")
    assert "+2.50 %" in text
    assert " 8.50 |" in text  # the median of two rounds
    assert "4.25" in text
    assert "| 1     |   400 | 3.2000 |" in text  # of the last
    assert "|   500 |" not in text  # the older line
    assert "Against 1 lane: 4 lanes +2.50 %. The fastest here are 4 lanes, 4.25 times" in text
    assert "Not measured yet: `python -m benchmarks scaling threads`" in text
    assert "Not enough prefixes" in text
    assert (tmp_path / "plots" / "scaling-lanes.svg").exists()


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        ("threads", "2 threads compress 2.00 times and decompress 2.00 times as fast as 1, for"),
        ("lengths", "against 1 MB: 4 MB +100 %."),
        ("levels", "Level 6 is 20.0 % smaller than level 1 and takes 2.0 times as long."),
    ],
)
def test_what_the_studies_say(study, sentence):
    found = {
        "threads": [scaled(study, 8, 1, 1000, 5, 400, 8.0), scaled(study, 8, 2, 1000, 5, 400, 4.0)],
        "lengths": [
            scaled(study, 1, 2, 100_000, 5, 30_000, 1.0), scaled(study, 2, 2, 10**6, 5, 10**5, 1.0),
            scaled(study, 2, 2, 4 * 10**6, 5, 10**5, 8.0),
        ],
        "levels": [scaled(study, 1, 2, 1000, 1, 500, 4.0), scaled(study, 1, 2, 1000, 6, 400, 8.0)],
    }  # fmt: skip
    assert sentence in scaling_report.finding(found[study], study)


def test_the_projections(monkeypatch):
    constant, slope = projection.fitted([(10**6, 1.7), (10**7, 1.5), (10**8, 1.3)])
    assert constant + slope * 9 == pytest.approx(1.1)
    first = {("enwik6", 5): row("cmixpy", 212_500, 100, file="enwik6")}
    more = {("enwik8.4M", 5): row("cmixpy", 750_000, 100, file="enwik8.4M", size="4000000")}
    points = [(10**7, 1.5), (10**6, 1.7), (10**9, 1.4)]
    assert [projection.between(points, size) for size in (10, 10**6, 10**8, 10**9, 10**11)] == (
        pytest.approx([1.7, 1.7, 1.45, 1.4, 1.4])
    )
    known = {"enwik8.4M": 10**6, "enwik8": 2 * 10**7, "enwik9": 16 * 10**7}
    peers = {file: {"lpaq1-9": size} for file, size in known.items()}
    monkeypatch.setattr(results, "peers", lambda: {**peers, "xml": {"lpaq1-9": 1}})
    text = projection.projection({**first, **more})
    assert text.startswith("**A projection, not a measurement**")
    one, _, hundred = (line.split("|")[1:-1] for line in text.splitlines()[-3:])
    # 1.7 bpc, 1.5 for four times the bytes; three quarters of the peer's 1.28; 100 KB/s.
    assert [cell.strip() for cell in one[2:]] == [
        "0.703", "0.960", "87.9 MB", "120.0 MB", "2.78 h"
    ]  # fmt: skip
    assert [cell.strip() for cell in hundred[:2]] == ["100", "10,000,000"]
    assert hundred[3].strip() == f"{0.75 * (2 - 0.4 * log10(2.5) / log10(25)):.3f}"
    assert projection.projection(first).startswith("Not enough prefixes")


def test_studies_change_one_thing(tmp_path):
    piece = data.Piece("f", tmp_path / "f", 10)
    for study, count in (("lanes", 11), ("threads", 3), ("levels", 9)):
        found = list(scaling.runs(study, piece, 4, (), scaling.LANES, tmp_path, tmp_path))
        assert len(found) == count
    assert scaling.thread_counts(6) == [1, 2, 4, 6]


def test_picks_ranks_files_by_what_the_best_preset_gains(tmp_path, capsys):
    files = [tmp_path / "prose", tmp_path / "zeros"]
    files[0].write_bytes(data.generated_text(1, 6000))
    files[1].write_bytes(bytes(3000))
    names = [str(file) for file in files]
    shape = ["--level", "1", "--presets", "text", "binary", "--processes", "1"]
    assert picks.main([*names, *shape]) == 0
    *_, first, second = capsys.readouterr().out.splitlines()
    sizes = {
        name: len(cmixpy.compress(files[0].read_bytes(), level=1, preset=name, threads=1))
        for name in ("text", "binary")
    }
    assert any(f"{sizes['text']:,} | {sizes['binary']:,}" in " ".join(line.split())
               for line in (first, second))  # fmt: skip
    assert picks.gain([100, 90, 120]) == pytest.approx(0.1)
    assert picks.gain([100, 100, 120]) == 0


def test_horizons_change_the_lstm_alone():
    description = presets.describe(7, "english")
    other = horizons.changed(description, 24)
    assert other.lstm[0].horizon == 24
    assert horizons.changed(other, description.lstm[0].horizon) == description
    without = horizons.changed(description, 0)
    assert (without.lstm, without.gates, without.contexts) == ((), (), description.contexts)
    tasks = [horizons.Task(9000, lanes, horizon, 7, None) for lanes in (1, 2) for horizon in (0, 8)]
    *_, one, two = horizons.report(tasks, [1000, 990, 1100, 1078]).splitlines()
    assert "990 (-1.00 %)" in one
    assert "1,078 (-2.00 %)" in two


def test_parts_left_out_one_by_one_and_together():
    whole = presets.describe(6, "text")
    names = [name for name, _ in ablate._parts(whole, "folded", None)]
    assert names == ["context text folded", "context text folded folded-high"]
    ((name, rest),) = ablate._parts(whole, "", ["text-column"])
    assert name == "all text-column"
    assert len(rest.contexts) == len(whole.contexts) - 1
    assert len(rest.sets) == len(whole.sets) - 1
    for only, together in ("nothing", None), ("", ["folded", "nothing"]):
        with pytest.raises(SystemExit, match="is named like 'nothing':\ncontext bytes order 0"):
            ablate._parts(whole, only, together)


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_techniques_left_out(preset):
    whole = presets.describe(6, preset)
    found = dict(variants.techniques(whole))
    assert all(rest != whole and not rest.mixer for rest in found.values())
    # Every context belongs to one technique; one stays where there is no other.
    contexts = [len(rest.contexts) for name, rest in found.items() if name.startswith("contexts: ")]
    lost = sum(len(whole.contexts) - count for count in contexts)
    assert lost == len(whole.contexts) - (len(contexts) < 2)
    assert ("SSE" in found) == bool(whole.stages)
    if "SSE" in found:
        assert found["SSE"].rates.mix_share == 16
    assert ("copy experts" in found) == (preset in ("dna", "genes"))
    if preset == "dna":
        rest = found["inverted repeats"]
        assert not any(c.inverted for c in rest.contexts)
        assert [m.backwards for m in rest.matches] == [0] * (len(whole.matches) - 1)


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_parts_left_out_beneath_an_lstm(preset):
    whole = presets.describe(9, preset)
    for name, rest in variants.leave_one_out(whole):
        gone = name.startswith("set ") and bool(whole.lstm)
        assert (rest.mixer, rest.pretrained) == ((), ())
        if name != "LSTM mixer":
            assert rest.lstm == whole.lstm
            assert len(whole.gates) - len(rest.gates) in ((0, 1) if gone else (0,))
    found = dict(variants.techniques(whole))
    assert any(name.startswith("LSTM") for name in found) == bool(whole.lstm)


def test_the_gates_of_sets_that_go():
    whole = presets.describe(9, "text")
    last = len(whole.sets) - 1
    gates = tuple(Gate(1, i) for i in (0, 1, last))
    whole = replace(variants.untaught(whole), gates=(Gate(0, 0), *gates))
    rest = variants.with_sets(whole, [1, last - 1])
    assert rest.gates == (Gate(0, 0), Gate(1, 0))
    assert rest.sets == (whole.sets[1], whole.sets[last - 1])
    assert variants.with_sets(replace(whole, gates=gates[:1]), [1]).gates == (Gate(0, 0),)


def test_a_table_of_techniques_that_some_files_do_without():
    table = ablate.report(
        ["nothing", "a", "b"], ["x", "y"], [[1000, 2000], [1001, None], [None, 2001]]
    )
    *_, a, b = table.splitlines()
    assert "+1 (+0.10 %) | – | |" in " ".join(a.split())
    assert "– | +1 (+0.05 %) | cut? |" in " ".join(b.split())


def test_generated_text_is_the_same_everywhere():
    text = data.generated_text(1, 5000)
    assert len(text) == 5000
    assert hashlib.sha256(text).hexdigest()[:16] == "2c220bcd1c39b30e"


@pytest.mark.parametrize("group", ["independent", "markov", "hidden", "generators"])
def test_sources_with_known_entropy(group, tmp_path):
    """Generated, measured, and never below the least."""
    found = seeds.groups(3000, tmp_path)[0][group]
    line = seeds.measure(found.experiments[-1], 1)
    name, symbols, size, bits, xz, least, _ = line
    assert symbols == "3,000"
    assert float(bits) >= float(least) * 0.99
    assert float(bits) == pytest.approx(8 * int(size.replace(",", "")) / 3000, abs=1e-4)
    assert 0 < float(xz) < 9
    assert name
