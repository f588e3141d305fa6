"""The pace: all threads as long as they are faster, one where a neighbour holds a core."""

from cmixpy.pace import PATIENCE, TRY, Pace


def drive(pace: Pace, together, alone, ranges: int) -> list[int]:
    """Threads of each range; `together` and `alone` give the speed of range i."""
    chosen = []
    for i in range(ranges):
        threads = pace.next
        chosen.append(threads)
        pace.record(threads, alone(i) if threads == 1 else together(i))
    return chosen


def test_one_thread_needs_no_choice():
    assert drive(Pace(1), None, lambda i: 1, 20) == [1] * 20


def test_all_threads_where_they_are_faster():
    chosen = drive(Pace(2), lambda i: 18, lambda i: 10, 100)
    assert chosen.count(1) == 1  # the comparison behind the cold first range


def test_a_lasting_slowdown_is_compared_once():
    chosen = drive(Pace(2), lambda i: 18 if i < 20 else 9, lambda i: 10 if i < 20 else 5, 200)
    assert chosen.count(1) == 2


def test_single_stalls_change_nothing():
    chosen = drive(Pace(2), lambda i: 1 if i % 5 == 4 else 18, lambda i: 10, 200)
    assert chosen.count(1) == 1


def test_one_thread_where_a_core_is_held():
    pace, tried, whole = Pace(2), 0, 0
    for _ in range(200):
        threads, part = pace.next, pace.part
        if threads == 2:
            tried += part > 1
            whole += part == 1
        pace.record(threads, 10 if threads == 1 else 2)
    # All threads are tried again from time to time, on short ranges.
    assert 200 / (PATIENCE + 1) - 5 < tried < 200 / (PATIENCE + 1) + 10
    assert whole == 2  # the first two


def test_back_to_all_threads_when_the_core_is_free_again():
    chosen = drive(Pace(2), lambda i: 2 if i < 100 else 18, lambda i: 10, 200)
    assert chosen[100 + PATIENCE + 1 :].count(1) == 0


def test_comparisons_are_short():
    pace = Pace(2)
    for i in range(200):
        assert pace.next == 2 or pace.part == TRY
        pace.record(pace.next, 10 if pace.next == 1 else 18 if i < 20 else 11)
