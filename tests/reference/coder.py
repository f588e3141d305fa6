"""FORMAT.md, "Arithmetic coder": a lane's code. `bit` codes one bit and returns it."""

from collections import Counter

M32 = 0xFFFFFFFF


class Encoder:
    def __init__(self, events: Counter):
        self.low, self.range, self.shifts = 0, M32, 0
        self.events = events

    def bit(self, p: int, bit: int) -> int:
        bound = self.range * p >> 16
        if bit:
            self.range = bound
        else:
            before = self.low >> 32
            self.low += bound
            self.range -= bound
            if self.low >> 32 != before:
                self.events["carry"] += 1
                self.events["carry through a byte of 255"] += before & 255 == 255
        while self.range < 1 << 24:
            self.range <<= 8
            self.low <<= 8
            self.shifts += 1
        return bit

    def finish(self) -> bytes:
        low = (self.low + 0xFFFFFF >> 24) << 24
        return low.to_bytes(4 + self.shifts, "big").rstrip(b"\0")


class Decoder:
    def __init__(self, code: bytes):
        self.rest = iter(code)
        self.code, self.range = 0, M32
        for _ in range(4):
            self.code = self.code << 8 | self._next_byte()

    def _next_byte(self) -> int:
        return next(self.rest, 0)

    def bit(self, p: int, _: int) -> int:
        bound = self.range * p >> 16
        if self.code < bound:
            bit = 1
            self.range = bound
        else:
            bit = 0
            self.code -= bound
            self.range -= bound
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = (self.code << 8 & M32) | self._next_byte()
        return bit


class Known:
    """In place of a coder where the symbol is known to both sides."""

    def bit(self, probability: int, bit: int) -> int:
        return bit
