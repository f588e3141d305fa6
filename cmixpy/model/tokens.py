"""The words of a text, found and replaced: the two loops of the words transform (words.py).

A word is a run of letters, A … Z, a … z, and bytes from 128 up. `find_words` numbers the distinct
ones by their first place; `write_words` puts something else in the place of each.
"""

import numpy as np

from cmixpy.model.hashing import add_to_hash
from cmixpy.model.jit import block, kernel, routine

ESCAPE = 3  # bytes 1 … 3 mean something in the coded text, so they stand behind an escape
LETTERS = 52 + 128


@block
def in_word(byte):
    return byte >= 128 or 65 <= byte <= 90 or 97 <= byte <= 122


@block
def is_special(byte):
    return 1 <= byte <= ESCAPE


@routine
def word_end(data, at):
    """Where the word at `at` ends, and its hash."""
    h = 0
    while at < data.shape[0] and in_word(data[at] + 0):
        h = add_to_hash(h, data[at] + 0)
        at += 1
    return at, h


@routine
def place_of(data, begin, end, h, table, starts, lengths):
    """Place in `table` of the word data[begin:end], or the free one where it belongs."""
    mask = table.shape[0] - 1
    place = h & mask
    while table[place] > 0:
        number = table[place] - 1
        same = lengths[number] == end - begin
        first = starts[number] + 0
        i = begin
        while same and i < end:
            same = data[first + i - begin] == data[i]
            i += 1
        if same:
            break
        place = (place + 1) & mask
    return place


@kernel
def find_words(data, table, starts, lengths, counts):
    """Number the distinct words of a text; (how many, bytes in words, special bytes).

    Parameters
    ----------
    data : uint8[n]
    table : int32[2^k] of zeros, more than there can be words: where a hash leads, number plus 1
    starts, lengths, counts : int32[…], are given those of each distinct word
    """
    at = 0
    distinct = 0
    inside = 0
    specials = 0
    while at < data.shape[0]:
        byte = data[at] + 0
        if in_word(byte):
            begin = at
            at, h = word_end(data, begin)
            inside += at - begin
            place = place_of(data, begin, at, h, table, starts, lengths)
            if table[place] == 0:
                starts[distinct] = begin
                lengths[distinct] = at - begin
                counts[distinct] = 0
                distinct += 1
                table[place] = distinct
            counts[table[place] - 1] += 1
        else:
            specials += is_special(byte)
            at += 1
    return distinct, inside, specials


@kernel
def write_words(data, table, starts, lengths, written, begins, out):
    """Copy a text with other bytes for each word, and an escape before each special byte.

    Parameters
    ----------
    data, table, starts, lengths : as `find_words` has left them
    written : uint8[…], begins : int64[words + 1]: what stands for each word
    out : uint8[…], exactly as long as that makes
    """
    at = 0
    done = 0
    while at < data.shape[0]:
        byte = data[at] + 0
        if in_word(byte):
            end, h = word_end(data, at)
            number = table[place_of(data, at, end, h, table, starts, lengths)] - 1
            for i in range(begins[number], begins[number + 1]):
                out[done] = written[i]
                done += 1
            at = end
        else:
            if is_special(byte):
                out[done] = ESCAPE
                done += 1
            out[done] = byte
            done += 1
            at += 1


class Tokens:
    """The distinct words of a text.

    Attributes
    ----------
    words : list of bytes, by their first place
    counts : int32[words], how often each occurs
    outside : bytes that `rewrite` makes of what is no word
    """

    def __init__(self, data: np.ndarray):
        self.data = np.ascontiguousarray(data).view()
        # Or the kernels would be compiled for both kinds.
        self.data.flags.writeable = False
        # Words of one and two letters are few; all others take four bytes with what ends them.
        most = LETTERS + LETTERS**2 + len(data) // 4 + 1
        self.table = np.zeros(1 << most.bit_length(), dtype=np.int32)
        starts, lengths, counts = np.empty((3, most), dtype=np.int32)
        found, inside, specials = find_words(
            self.data, self.table, starts, lengths, counts
        )
        self.outside = len(data) - inside + specials
        self.starts, self.lengths, self.counts = starts[:found], lengths[:found], counts[:found]
        text = self.data.data
        self.words = [
            bytes(text[start : start + length])
            for start, length in zip(self.starts.tolist(), self.lengths.tolist(), strict=True)
        ]

    def rewrite(self, written: list[bytes]) -> np.ndarray:
        """uint8[…]: the text with written[i] for each occurrence of words[i].

        That is the end of the tokens: words and table go, for they take three bytes a byte of text.
        """
        sizes = np.array([len(one) for one in written], dtype=np.int64)
        begins = np.concatenate(([0], np.cumsum(sizes)))
        out = np.empty(int(sizes @ self.counts) + self.outside, dtype=np.uint8)
        joined = np.frombuffer(b"".join(written) or b"\0", dtype=np.uint8)
        write_words(self.data, self.table, self.starts, self.lengths, joined, begins, out)
        del self.words, self.table
        return out
