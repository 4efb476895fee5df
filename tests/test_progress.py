import threading

import pytest

from xaiwidgets.progress import Cancelled, TextBar, chunks, listening, quietly, track


class Recorder:
    def __init__(self, stop_at=None):
        self.reports, self.stop_at = [], stop_at

    def progressed(self, label, done, total):
        self.reports.append((label, done, total))

    def cancelled(self):
        return self.stop_at is not None and len(self.reports) >= self.stop_at


def test_track_yields_everything_when_nobody_listens():
    assert list(track(iter("abc"), "Working")) == ["a", "b", "c"]


def test_a_listener_hears_of_every_step():
    recorder = Recorder()
    with listening(recorder):
        assert list(track("ab", "Working")) == ["a", "b"]
    assert recorder.reports == [("Working", 0, 2), ("Working", 1, 2), ("Working", 2, 2)]


@pytest.mark.parametrize("stop_at", [0, 1, 2, 3])
def test_a_listener_can_cancel_at_every_step_and_after_the_last(stop_at):
    seen = []

    def work():
        for item in track("abc", "Working"):
            seen.append(item)

    with listening(Recorder(stop_at)), pytest.raises(Cancelled, match="Working"):
        work()
    assert len(seen) == stop_at


def test_listening_ends_with_its_block_and_holds_for_its_thread_only():
    recorder = Recorder(stop_at=0)
    heard = []
    with listening(recorder):
        thread = threading.Thread(target=lambda: heard.extend(track("ab", "Elsewhere")))
        thread.start()
        thread.join()
    assert heard == ["a", "b"]
    assert list(track("ab", "After")) == ["a", "b"]


def test_quiet_work_is_not_reported_but_can_be_cancelled():
    recorder = Recorder()
    with listening(recorder), quietly():
        assert list(track("ab", "Inside")) == ["a", "b"]
    assert recorder.reports == []
    with listening(Recorder(stop_at=0)), pytest.raises(Cancelled, match="Inside"), quietly():
        list(track("ab", "Inside"))


def test_quiet_work_that_nobody_listens_to():
    with quietly():
        assert list(track("ab", "Inside")) == ["a", "b"]


class Clock:
    """Time that passes as a cost model says, when a slice has been worked on."""

    def __init__(self, cost):
        self.now, self.cost = 0.0, cost

    def __call__(self):
        return self.now

    def work(self, piece):
        self.now += self.cost(piece.stop - piece.start)


def lengths(total, cost, **options):
    clock, found = Clock(cost), []
    for piece in chunks(total, "Working", clock=clock, **options):
        clock.work(piece)
        found.append((piece.start, piece.stop))
    assert [stop for _, stop in found[:-1]] == [start for start, _ in found[1:]]
    assert (found[0][0], found[-1][1]) == (0, total)
    return [stop - start for start, stop in found]


def test_chunks_grow_while_an_item_gets_cheaper():
    assert max(lengths(1000, lambda n: 0.001 + 0.00001 * n, largest=4096)) >= 256


def test_chunks_stop_growing_when_that_does_not_pay():
    assert max(lengths(1000, lambda n: 0.0001 * n**1.5, largest=4096)) <= 32


def test_chunks_shrink_to_the_time_asked_for():
    found = lengths(200, lambda n: 0.05 * n, largest=64, seconds=0.1)
    assert max(found[1:]) <= 2


def test_chunks_never_exceed_the_memory_bound():
    assert max(lengths(100, lambda n: 1e-6, largest=5)) == 5


def test_chunks_report_items():
    recorder = Recorder()
    with listening(recorder):
        list(chunks(40, "Working", largest=16, clock=lambda: 0.0))
    assert [done for _, done, _ in recorder.reports] == [0, 16, 32, 40]
    assert {total for _, _, total in recorder.reports} == {40}


def test_the_text_bar_fills(capsys):
    with listening(TextBar(width=4)):
        list(track("ab", "Working"))
    written = capsys.readouterr().err
    assert written.split("\r")[1:] == ["Working [    ] 0/2", "Working [##  ] 1/2", "Working [####] 2/2\n"]
