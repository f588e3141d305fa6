"""Places that a lane follows: where something like what it reads now stood before.

Two columns of the lane table each: the place in the history plus one (0: none), and whether every
byte since the place was found has been the same.
"""

from cmixpy.model.jit import block


@block
def follow_place(lane, place, same, byte, history):
    """Move the place in column `place` on behind `byte`."""
    if lane[place] > 0:
        if history[lane[place] - 1] != byte:
            lane[same] = 0
        lane[place] += 1


@block
def bytes_at(lane, place, same, history):
    """The byte there, the one behind it, whether there is a place, whether all was the same."""
    at = lane[place] - 1
    value = 0
    if at >= 0:
        value = history[at] + 256 * history[at + 1] + 65536
    return value | lane[same] << 17
