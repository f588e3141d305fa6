"""What the compression ratio is watched on: seeded generated data, and files of the corpus.

Only `random.Random.random` is used, whose sequence Python promises to keep.
"""

import os
import random
from pathlib import Path

from xxhash import xxh3_64_hexdigest

import cmixpy

STORED = Path(__file__).with_name("ratio.tsv")
HEADER = "source\tbytes\txxh3\tlevel\tarchive"
GENERATED_LEVELS = (1, 5, 6)
# (path in the corpus, bytes taken) at level 5.
FILES = {
    "canterbury/alice29.txt": None,
    "misc/Hadoop_2k.log": 200_000,
    "calgary/obj2": None,
    "E.coli": 300_000,
}


class Dice(random.Random):
    """Seeded random numbers that are the same in every Python."""

    def below(self, n: int) -> int:
        return int(self.random() * n)

    def skewed(self, n: int) -> int:
        """Small numbers are likelier, as words are by their rank."""
        return int(n ** self.random()) - 1

    def pick(self, choices):
        return choices[self.below(len(choices))]


def text() -> bytes:
    """Sentences over 2000 words; each word has favourite followers."""
    dice = Dice(11)
    syllables = [a + b for a in "bcdfglmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er")]
    words = ["".join(dice.pick(syllables) for _ in range(1 + dice.below(4))) for _ in range(2000)]
    followers = [[dice.skewed(2000) for _ in range(6)] for _ in words]
    out, size = [], 0
    while size < 60_000:
        word, sentence = dice.skewed(2000), []
        for _ in range(4 + dice.below(14)):
            sentence.append(words[word])
            word = dice.pick(followers[word]) if dice.below(3) else dice.skewed(2000)
        line = " ".join(sentence).capitalize() + dice.pick([". ", ". ", ".\n", "? "])
        out.append(line)
        size += len(line)
    return "".join(out).encode()


def log() -> bytes:
    """Lines of a server: time, host, level, message with numbers."""
    dice = Dice(12)
    hosts = [f"node-{dice.below(900):03}.example" for _ in range(12)]
    messages = (
        "accepted connection from 10.0.{}.{}", "request {} took {} ms",
        "block blk_{}{} replicated", "cache miss for key {:x}{:x}", "retry {} of {}",
    )  # fmt: skip
    out, size, now = [], 0, 1_700_000_000_000
    while size < 50_000:
        now += dice.skewed(4000)
        numbers = dice.below(256), dice.skewed(9000)
        level = dice.pick(["INFO"] * 7 + ["WARN", "DEBUG", "ERROR"])
        message = messages[dice.skewed(len(messages) + 1)].format(*numbers)
        out.append(f"{now // 1000}.{now % 1000:03} {dice.pick(hosts)} {level} {message}\n")
        size += len(out[-1])
    return "".join(out).encode()


def dna() -> bytes:
    """Bases with mutated copies of what came before, a third of them inverted."""
    dice = Dice(13)
    bases = [dice.below(4) for _ in range(2000)]
    while len(bases) < 60_000:
        start, length = dice.below(len(bases) - 400), 100 + dice.below(300)
        piece = bases[start : start + length]
        if not dice.below(3):
            piece = [3 - base for base in reversed(piece)]
        bases += [dice.below(4) if not dice.below(20) else base for base in piece]
        bases += [dice.skewed(5) for _ in range(dice.below(300))]
    return "".join("ACGT"[base] for base in bases[:60_000]).encode()


def records() -> bytes:
    """Records of 16 bytes: a counter, two slow samples, flags, a constant, noise."""
    dice = Dice(14)
    out, first, second = bytearray(), 30_000, 1_000
    for i in range(2500):
        first += dice.below(41) - 20
        second = (second * 15 + dice.below(4096)) // 16
        flags = 1 << dice.skewed(9)
        out += i.to_bytes(4, "little") + first.to_bytes(4, "little") + second.to_bytes(2, "big")
        out += bytes([flags, 0, 0xC3, 0x50, dice.below(256), dice.below(4)])
    return bytes(out)


def csv() -> bytes:
    """Orders: number, date, town with its region and code, a quoted address, sums, a remark."""
    dice = Dice(15)
    streets = [f"{dice.pick('NESW')} {dice.below(90) + 1}th St" for _ in range(60)]
    towns = [(f"Town {i}", f"Region {dice.below(7)}", 10_000 + dice.below(900)) for i in range(40)]
    out, size, day = ["order,date,town,region,code,address,net,gross,remark\n"], 0, 0
    while size < 50_000:
        day += dice.below(2)
        town, region, code = towns[dice.skewed(41)]
        address = f'"{1 + dice.below(999)} {dice.pick(streets)}, {town}"'
        net = dice.skewed(90_000)
        date = f"2026-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}"
        sums = f"{net / 100:.2f},{net * 119 // 100 / 100:.2f}"
        remark = dice.pick(["", "", "", "paid", "late", "returned"])
        row = f"{4000 + len(out)},{date},{town},{region},{code},{address},{sums},{remark}\n"
        out.append(row)
        size += len(row)
    return "".join(out).encode()


GENERATORS = {"csv": csv, "text": text, "log": log, "dna": dna, "records": records}


def cases() -> list[tuple[str, int]]:
    """All (source, level) that are watched."""
    generated = [(name, level) for name in GENERATORS for level in GENERATED_LEVELS]
    return generated + [(_named(path, size), 5) for path, size in FILES.items()]


def _named(path: str, size: int | None) -> str:
    return f"{path}:{size}" if size else path


def content(source: str) -> bytes | None:
    """The source's bytes; None where the corpus does not have it."""
    if source in GENERATORS:
        return GENERATORS[source]()
    name, _, size = source.partition(":")
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("CMIXPY_DATA") or beside) / name
    if not path.is_file():
        return None
    return path.read_bytes()[: int(size) if size else None]


def digest(data: bytes) -> str:
    """What tells that a source is the one the stored figure is of."""
    return xxh3_64_hexdigest(data)


def archive_size(data: bytes, level: int) -> int:
    """Bytes of the archive."""
    return len(cmixpy.compress(data, level=level))


def stored() -> dict[tuple[str, int], tuple[str, int]]:
    """(source, level) → (digest of the source, bytes of the archive)."""
    rows = [line.split("\t") for line in STORED.read_text().splitlines()[1:]]
    return {(row[0], int(row[3])): (row[2], int(row[4])) for row in rows}
