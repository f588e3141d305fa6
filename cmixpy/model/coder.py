"""Binary arithmetic coder, one per lane: a carry-propagating range coder.

low is 33 bits, range 32; a byte that may still take a carry waits, with the 255s behind it
(Schindler's range coder as in LZMA, Pavlov). range stays at or above 2^24 before a bit, so a
16-bit probability never loses more than 2^-8 of its precision. `encode_bit` and `decode_bit`
are twins: what one does to (low, range), the other does to (code, range).
"""

from cmixpy.model import fields as f
from cmixpy.model.jit import block


@block
def put_byte(lane, out):
    """Move the top byte of low out; the lane's OVERFLOW is set when `out` is full."""
    low = lane[f.CODE_LOW]
    if low < 0xFF000000 or low > 0xFFFFFFFF:
        carry = low >> 32
        count = lane[f.CODE_COUNT]
        if count + lane[f.CODE_PENDING] > out.shape[0]:
            lane[f.OVERFLOW] = 1
        else:
            byte = lane[f.CODE_CACHE]
            while lane[f.CODE_PENDING] > 0:
                # The very first byte is always 0 and is left out (count starts at -1).
                if count >= 0:
                    out[count] = (byte + carry) & 255
                count += 1
                byte = 255
                lane[f.CODE_PENDING] -= 1
            lane[f.CODE_COUNT] = count
        lane[f.CODE_PENDING] = 0
        lane[f.CODE_CACHE] = (low >> 24) & 255
    lane[f.CODE_PENDING] += 1
    lane[f.CODE_LOW] = (low & 0x00FFFFFF) << 8


@block
def encode_bit(lane, out, probability, bit):
    """Spend -log2 of the probability (16 bits, of a one, 1 … 65535) of `bit`."""
    bound = (lane[f.CODE_RANGE] * probability) >> 16
    if bit:
        lane[f.CODE_RANGE] = bound
    else:
        lane[f.CODE_LOW] += bound
        lane[f.CODE_RANGE] -= bound
    while lane[f.CODE_RANGE] < 0x1000000:
        lane[f.CODE_RANGE] = lane[f.CODE_RANGE] << 8
        put_byte(lane, out)


@block
def get_byte(lane, code):
    """Next byte of the lane's code; zeros past its end, which the encoder left out."""
    byte = 0
    if lane[f.CODE_COUNT] < code.shape[0]:
        byte = code[lane[f.CODE_COUNT]] + 0
    lane[f.CODE_COUNT] += 1
    return byte


@block
def decode_bit(lane, code, probability):
    """The bit whose twin `encode_bit` was given with this probability."""
    bound = (lane[f.CODE_RANGE] * probability) >> 16
    bit = 0
    if lane[f.CODE_VALUE] < bound:
        bit = 1
        lane[f.CODE_RANGE] = bound
    else:
        lane[f.CODE_VALUE] -= bound
        lane[f.CODE_RANGE] -= bound
    while lane[f.CODE_RANGE] < 0x1000000:
        lane[f.CODE_RANGE] = lane[f.CODE_RANGE] << 8
        lane[f.CODE_VALUE] = ((lane[f.CODE_VALUE] << 8) & 0xFFFFFFFF) | get_byte(lane, code)
    return bit


@block
def start_coder(lane, code, decode):
    """Set a lane's zeroed coder fields; the decoder takes its first four bytes."""
    lane[f.CODE_RANGE] = 0xFFFFFFFF
    lane[f.CODE_PENDING] = 1
    lane[f.CODE_COUNT] = -1
    if decode:
        lane[f.CODE_COUNT] = 0
        for _ in range(4):
            lane[f.CODE_VALUE] = (lane[f.CODE_VALUE] << 8) | get_byte(lane, code)


@block
def flush(lane, out):
    """End the lane's code with the fewest bytes that still lie in [low, low + range)."""
    # range >= 2^24, so a value with 24 zero bits lies in the interval; its zeros are implied.
    lane[f.CODE_LOW] = (lane[f.CODE_LOW] + 0xFFFFFF) & 0x1FF000000
    put_byte(lane, out)
    put_byte(lane, out)
