import threading
import time

import pytest

from xaiwidgets.progress import track
from xaiwidgets.worker import GRACE, Worker


class Desk:
    """Records what a worker does."""

    def __init__(self, compute):
        self.published, self.errors, self.cancels, self.reports = [], [], [], []
        self.worker = Worker(
            compute,
            lambda result, seconds: self.published.append(result),
            failed=self.errors.append,
            cancelled=lambda: self.cancels.append(True),
            progressed=lambda *report: self.reports.append(report),
        )


@pytest.fixture
def desk(request):
    made = []

    def make(compute):
        made.append(Desk(compute))
        return made[-1]

    yield make
    for each in made:
        each.worker.close()


def slow(seconds):
    """Work that takes a while and can be cancelled every 5 ms."""
    for _ in track(range(int(seconds / 0.005)), "Sleeping"):
        time.sleep(0.005)
    return seconds


def test_a_result_is_published_once(desk):
    at = desk(lambda request: request * 2)
    at.worker.submit(21)
    assert at.worker.wait(5)
    assert at.published == [42]


def test_the_newest_of_many_requests_wins(desk):
    started, release = threading.Event(), threading.Event()

    def compute(request):
        started.set()
        release.wait(5)
        return request

    at = desk(compute)
    at.worker.submit(0)
    started.wait(5)
    for request in range(1, 51):
        at.worker.submit(request)
    release.set()
    assert at.worker.wait(5)
    assert at.published == [0, 50]


def test_a_newer_request_ends_a_long_one(desk):
    at = desk(slow)
    begun = time.perf_counter()
    at.worker.submit(30.0)
    time.sleep(0.05)
    at.worker.submit(0.01)
    assert at.worker.wait(10)
    assert at.published == [0.01]
    assert time.perf_counter() - begun < GRACE + 5
    assert not at.cancels


def test_requests_faster_than_answers_still_show_answers(desk):
    at = desk(slow)
    for _ in range(30):
        at.worker.submit(0.05)
        time.sleep(0.02)
    assert len(at.published) >= 3


def test_cancel_is_answered_at_once_and_the_worker_goes_on(desk):
    at = desk(slow)
    at.worker.submit(30.0)
    time.sleep(0.3)
    begun = time.perf_counter()
    at.worker.cancel()
    assert at.worker.wait(5)
    assert time.perf_counter() - begun < 1  # of 30 s
    assert (at.published, at.cancels) == ([], [True])
    assert at.reports[0][0] == "Sleeping"
    at.worker.submit(0.01)
    assert at.worker.wait(5)
    assert at.published == [0.01]


def test_an_error_is_reported_and_the_worker_goes_on(desk):
    at = desk(lambda request: 1 / request)
    at.worker.submit(0)
    assert at.worker.wait(5)
    at.worker.submit(4)
    assert at.worker.wait(5)
    assert isinstance(at.errors[0], ZeroDivisionError)
    assert at.published == [0.25]


def test_an_error_that_cannot_be_shown_costs_one_request_only(desk, monkeypatch):
    reported = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    at = desk(lambda request: 1 / request)
    at.worker._failed = lambda error: 1 / 0
    at.worker.submit(0)
    assert at.worker.wait(5)
    at.worker.submit(4)
    assert at.worker.wait(5)
    assert at.published == [0.25]
    assert reported[0].exc_type is ZeroDivisionError


def test_quick_work_reports_no_progress(desk):
    at = desk(slow)
    at.worker.submit(0.02)
    assert at.worker.wait(5)
    assert at.reports == []


def test_a_closed_worker_ends_its_thread_and_takes_nothing(desk):
    at = desk(slow)
    at.worker.submit(30.0)
    thread = at.worker._thread
    at.worker.close()
    thread.join(5)
    assert not thread.is_alive()
    at.worker.submit(0.01)
    assert at.worker._slot is None
    assert at.published == []
