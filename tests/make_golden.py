"""Writes tests/golden/*.cmx, archives that every later version must decode.

    python -m tests.make_golden

An archive that is made differently today is moved to earlier/: it must decode too.

The data come from SHAKE-256, so that no library's random numbers have a say in them.
"""

from hashlib import shake_256
from itertools import count
from pathlib import Path

import cmixpy
from cmixpy import presets

FOLDER = Path(__file__).with_name("golden")
WORDS = b"the lane step of a slot Mixer <b>mix</b> (node) 42, 1.5; \xc3\xa9tat\n \xff".split(b" ")
# Of no language: the list of words has none of them.
SYLLABLES = b"blorn quastem ny Werkuz <q>zott</q> (drem) 42, 1.5; \xc3\xa9gatz\n \xff".split(b" ")


def noise(seed: str, size: int) -> bytes:
    return shake_256(seed.encode()).digest(size)


def text(seed: str, size: int) -> bytes:
    return b" ".join(WORDS[value % len(WORDS)] for value in noise(seed, size))[:size]


def foreign(seed: str, size: int) -> bytes:
    return b" ".join(SYLLABLES[v % len(SYLLABLES)] for v in noise(seed, size))[:size]


def rare(seed: str, size: int) -> bytes:
    """256 words of no language, none of which is frequent: no transform pays."""
    values = noise(seed, size)
    words = (b"%cul%co%s" % (98 + (v & 15), 98 + (v >> 4), b".\n" * (v < 20)) for v in values)
    return b" ".join(words)[:size]


def dna(seed: str, size: int) -> bytes:
    letters = bytes(b"ACGT"[value & 3] for value in noise(seed, size // 2))
    inverted = letters[::-1].translate(bytes.maketrans(b"ACGT", b"TGCA"))
    sequence = letters + inverted[:300] + b"N" * 25 + letters[100:].lower()
    lines = [sequence[i : i + 60] for i in range(0, len(sequence), 60)]
    return b">" + seed.encode() + b"\n" + b"\n".join(lines) + b"\n"


def binary(seed: str, size: int) -> bytes:
    """Records of four bytes: a counter, a small number, two that rarely change."""
    values = noise(seed, size // 4)
    return b"".join(
        bytes((i & 255, value & 7, i >> 8, 200 + (value == 0))) for i, value in enumerate(values)
    )


def executable(seed: str, size: int) -> bytes:
    """Instructions of 64-bit code: push, mov with a displacement, call, test, jump."""
    values = noise(seed, size // 16)
    return b"".join(
        bytes((0x50 + (v & 7), 0x48, 0x8B, 0x44, 0x24, v & 0xF8, 0xE8, v, v & 1, 0, 0))
        + b"\x85\xc0\x74" + bytes((v >> 4,)) + b"\xc3"
        for v in values
    )  # fmt: skip


def bitmap(seed: str, size: int) -> bytes:
    """Rows of 40 bytes, each the one above moved by a bit now and then."""
    row, rows = int.from_bytes(noise(seed, 40)) & (1 << 320) // 7, []
    for value in noise(seed + " rows", size // 40):
        row = row >> (value & 1) ^ (value == 0) << 160
        rows.append(row.to_bytes(40))
    return b"".join(rows)


def lines(seed: str, size: int) -> bytes:
    """Lines of 24 digits and a line feed, most digits high ones."""
    return b"".join(
        bytes(48 + max(value % 10, value >> 5) for value in noise(f"{seed} {i}", 24)) + b"\n"
        for i in range(size // 25)
    )


def log(seed: str, size: int) -> bytes:
    """Lines of a time, a number and a word."""
    lines = (
        b"12:%02d:%02d INFO %s took %d ms\n" % (i // 60 % 60, i % 60, WORDS[value % 9], value)
        for i, value in enumerate(noise(seed, size // 16))
    )
    return b"".join(lines)[:size]


def csv(seed: str, size: int) -> bytes:
    """Rows of a date, a name that settles a number, quoted words with a comma, a small number."""
    rows = (
        b'2026-%02d-%02d,%s,%d,"%s, %s",%d\n'
        % (i // 28 % 12 + 1, i % 28 + 1, WORDS[v % 9], v % 9 * 7919, WORDS[v % 5], WORDS[v % 3], v)
        for i, v in enumerate(noise(seed, size // 16))
    )
    return b"".join(rows)[:size]


def generator(seed: str, size: int) -> bytes:
    """x[n] = x[n - 7] + x[n - 23] modulo 256."""
    data = bytearray(noise(seed, 23))
    while len(data) < size:
        data.append((data[-7] + data[-23]) & 255)
    return bytes(data)


DATA = {
    "text": text, "english": foreign, "dna": dna, "genes": dna, "log": log, "lines": lines,
    "binary": binary, "executable": executable, "records": binary, "bitmap": bitmap,
    "generator": generator, "csv": csv,
}  # fmt: skip
# name: (data, options of compress)
CASES = {
    f"{preset}-{level}": (
        DATA[preset](f"{preset} {level}", 2400),
        {"preset": preset, "level": level, "lanes": 1 + level % 3},
    )
    for preset in presets.PRESETS
    # Data this small are coded without the LSTM: from there on levels are the same.
    for level in range(1, presets.LSTM_FROM)
}
CASES["lstm"] = (
    text("lstm", 66000),
    {"preset": "text", "level": 7, "lanes": 3},
)
# Of the one above the words' transform leaves too little for an LSTM.
CASES["network"] = (text("network", 150_000), {"preset": "text", "level": 7, "lanes": 3})
CASES["code"] = (executable("code", 40_000), {"preset": "executable", "level": 7, "lanes": 2})
for level in (3, 5, 6):
    CASES[f"plain-{level}"] = (rare(f"plain {level}", 2400), {"preset": "text", "level": level})
CASES["empty"] = (b"", {})
CASES["stored"] = (noise("stored", 300), {})
CASES["segments"] = (
    text("segments", 2000) + noise("segments", 700),
    {"preset": "text", "level": 2, "segment_size": 900},
)


def keep(path: Path) -> Path:
    """Move an archive to earlier/, as NAME.cmx, NAME.2.cmx …: the first that is free."""
    names = (f"{path.stem}.{n}.cmx" if n > 1 else path.name for n in count(1))
    place = next(at for at in (path.parent / "earlier" / name for name in names) if not at.exists())
    return path.rename(place)


def main() -> None:
    (FOLDER / "earlier").mkdir(parents=True, exist_ok=True)
    for name, (data, options) in CASES.items():
        archive = cmixpy.compress(data, threads=1, **options)
        path = FOLDER / f"{name}.cmx"
        if path.exists() and path.read_bytes() == archive:
            continue
        if path.exists():
            print(f"kept as {keep(path)}")
        path.write_bytes(archive)
        print(f"{name}: {len(data)} → {len(archive)} bytes")


if __name__ == "__main__":
    main()
