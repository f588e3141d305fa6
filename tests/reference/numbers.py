"""FORMAT.md, "Coded numbers"."""

from collections import defaultdict

from reference.coder import Decoder
from reference.shared import Entry
from reference.tables import clamp, reciprocal

M32 = 0xFFFFFFFF


def learnt(entry: Entry, bit: int) -> Entry:
    """A counted entry after one bit."""
    probability = entry.probability
    probability += ((bit << 22) - probability) * reciprocal(entry.count) >> 16
    return Entry(clamp(probability, 64, 4194239), min(entry.count + 1, 255))


class Numbers:
    def __init__(self, code: bytes):
        self.coder = Decoder(code)
        self.entries = defaultdict(lambda: Entry(64 * 32768, 0))
        self.last_size = [0] * 6
        self.last = 0

    def _bit(self, name, more=()) -> int:
        bit = self.coder.bit(clamp(self.entries[name].probability >> 6, 16, 65520), 0)
        for entry in (name, *more):
            self.entries[entry] = learnt(self.entries[entry], bit)
        return bit

    def _byte(self) -> int:
        node = 1
        for _ in range(8):
            names = []
            for o, mask in enumerate((0xFF, 0xFFFF, M32)):
                h = ((self.last & mask) * 0x2B4C5ED5 + node * 0x3D4D51CB) & M32
                h = ((h ^ h >> 15) * 0x1E35A7BD) & M32
                names.append(("text", o, h >> 12))
            seen = [o for o in (1, 2) if self.entries[names[o]].count >= 2]
            used = names.pop(max(seen, default=0))
            node = 2 * node + self._bit(used, names)
        self.last = (self.last << 8 | node - 256) & M32
        return node - 256

    def take(self, kind: int) -> int:
        if kind == 6:
            return self._byte()
        node = 1
        for _ in range(5):
            node = 2 * node + self._bit(("size", kind, self.last_size[kind], node))
        z = self.last_size[kind] = node - 32
        x = min(z, 1)
        for _ in range(z - 1):
            bit = self._bit(("digit", kind, z, x)) if x < 64 else self.coder.bit(32768, 0)
            x = 2 * x + bit
        return x
