"""FORMAT.md, "Records": what lies a hinted distance before the coming byte."""

M32 = 0xFFFFFFFF


def back(lane, history: list, d: int) -> int:
    return history[lane.here - d] if 0 < d <= lane.position else 0


def distances(lane, number: int) -> tuple[int, int]:
    """Record length, length of an element."""
    return lane.hints[number], lane.hints[(number + 1) % 8] or 1


def tap(code: int, r: int, e: int, lane, history: list) -> int:
    rows, element, right = code >> 6, code >> 5 & 1, (code & 31) - 16
    unit = e if element else r
    if code == 0 or (rows and not unit):
        return 0
    return back(lane, history, rows * unit - right)


def derived(mode: int, r: int, e: int, lane, history: list) -> int:
    def at(d):
        return back(lane, history, d)

    west = at(e)
    north, corner = (at(r), at(r + e)) if r else (0, 0)
    plane = west + north - corner
    match mode:
        case 1:
            return plane & 255
        case 2:
            return (2 * north - at(2 * r)) & 255 if r else 0
        case 3:
            return (2 * west - at(2 * e)) & 255
        case 4:
            return (west + north) >> 1
        case 5:
            return sorted((west, north, plane))[1]
        case 6:
            return lane.agreed
        case 7:
            return (north + at(1) - at(r + 1)) & 255 if r else 0
        case 8:
            return min(lane.line_changes >> 2, 255)
        case 9:
            return max(at(2), at(3))
    return 0


def row(k: int, left: int, right: int, r: int, lane, history: list) -> int:
    """Bits of the row k up, `left` before the place of the coming nibble and `right` from it."""
    if not r:
        return 0
    bits = "".join(f"{back(lane, history, k * r - d):08b}" for d in range(-2, 3))
    place = 16 + (4 if lane.partial > 1 else 0)
    return int("0" + bits[place - left : place + right], 2)


def pixels(a: int, r: int, lane, history: list) -> tuple[int, int]:
    known = lane.low
    if lane.partial > 1:
        known = known << 4 | lane.partial & 15
    rows = [
        row(k, a >> 8 * k - 3 & 15, a >> 8 * k + 1 & 15, r, lane, history) for k in (1, 2, 3)
    ]
    return ((known & (1 << (a & 31)) - 1) | rows[0] << 16) & M32, (rows[1] | rows[2] << 16) & M32


def words(a: int, b: int, lane, history: list) -> tuple[int, int]:
    r, e = distances(lane, b & 7)
    if b >> 15 & 1:
        return pixels(a, r, lane, history)
    mask = b >> 16 & 255
    first = sum((tap(a >> 8 * i & 255, r, e, lane, history) & mask) << 8 * i for i in range(4))
    second = sum(lane.low & 255 << 8 * i for i in range(4) if b >> 3 + i & 1)
    if b >> 7 & 3 and r:
        second += ((lane.here % r >> 2 * ((b >> 7 & 3) - 1)) + 1) * 0x2B4C5ED5
    second += (derived(b >> 9 & 15, r, e, lane, history) & b >> 24) * 0x3D4D51CB
    return first, second & M32


def selected(a: int, lane, history: list) -> int:
    """Selector 14."""
    r, e = distances(lane, 0)
    if not r:
        return 0
    match a:
        case 0:
            return back(lane, history, r)
        case 1:
            return lane.agreed
        case 2:
            return row(1, 1, 5, r, lane, history) << 2 | pixels(2, r, lane, history)[0] & 3
        case 3:
            return derived(1, r, e, lane, history)
    return 0


def take(s: int, lane, history: list) -> None:
    """The fields take the coded byte, before the others do."""
    if not lane.hints[0]:
        return
    equal = back(lane, history, lane.hints[0]) == s
    lane.agreed = (lane.agreed << 1 | equal) & 255
    lane.line_changes = 0 if s == 10 else lane.line_changes + abs(s - (lane.low & 255))
