import itertools
import threading
import time

import pytest

from xaiwidgets import worker
from xaiwidgets.progress import track
from xaiwidgets.worker import Worker

PATIENCE = 60  # seconds, for what takes a few milliseconds on an idle machine


class Desk:
    """Records what a worker does."""

    def __init__(self, compute):
        self.published, self.errors, self.cancels, self.reports, self.partly = [], [], [], [], []
        self.worker = Worker(
            compute,
            lambda result, seconds: self.published.append(result),
            failed=self.errors.append,
            cancelled=lambda: self.cancels.append(True),
            progressed=self.progressed,
            partly=self.partly.append,
        )
        self.reported = threading.Event()

    def progressed(self, *report):
        self.reports.append(report)
        self.reported.set()


@pytest.fixture
def desk(request):
    made = []

    def make(compute):
        made.append(Desk(compute))
        return made[-1]

    yield make
    for each in made:
        each.worker.close()


def endless(request):
    """Work that ends only when it is cancelled, and can be every 5 ms; for the request 0, no work at all."""
    for _ in track(itertools.repeat(None) if request else (), "Sleeping"):
        time.sleep(0.005)
    return request


def test_a_result_is_published_once(desk):
    at = desk(lambda request: request * 2)
    at.worker.submit(21)
    assert at.worker.wait(PATIENCE)
    assert at.published == [42]


def test_the_newest_of_many_requests_wins(desk):
    started, release = threading.Event(), threading.Event()

    def compute(request):
        started.set()
        release.wait(PATIENCE)
        return request

    at = desk(compute)
    at.worker.submit(0)
    started.wait(PATIENCE)
    for request in range(1, 51):
        at.worker.submit(request)
    release.set()
    assert at.worker.wait(PATIENCE)
    assert at.published == [0, 50]


def test_a_newer_request_ends_a_long_one(desk):
    at = desk(endless)
    at.worker.submit(1)
    assert at.reported.wait(PATIENCE)
    at.worker.submit(0)
    assert at.worker.wait(PATIENCE)
    assert at.published == [0]
    assert not at.cancels


def test_requests_faster_than_answers_still_show_answers(desk, monkeypatch):
    monkeypatch.setattr(worker, "GRACE", PATIENCE)  # a busy machine takes longer than the usual grace

    def compute(request):
        for _ in track(range(3), "Overtaken"):
            if request < 4:
                at.worker.submit(request + 1)
        return request

    at = desk(compute)
    at.worker.submit(0)
    while not at.published or at.published[-1] < 4:
        assert at.worker.wait(PATIENCE)
    assert at.published == [0, 1, 2, 3, 4]


def test_cancel_is_answered_and_the_worker_goes_on(desk):
    at = desk(endless)
    at.worker.submit(1)
    assert at.reported.wait(PATIENCE)
    at.worker.cancel()
    assert at.worker.wait(PATIENCE)
    assert (at.published, at.cancels) == ([], [True])
    assert at.reports[0][0] == "Sleeping"
    at.worker.submit(0)
    assert at.worker.wait(PATIENCE)
    assert at.published == [0]


def test_an_error_is_reported_and_the_worker_goes_on(desk):
    at = desk(lambda request: 1 / request)
    at.worker.submit(0)
    assert at.worker.wait(PATIENCE)
    at.worker.submit(4)
    assert at.worker.wait(PATIENCE)
    assert isinstance(at.errors[0], ZeroDivisionError)
    assert at.published == [0.25]


def test_an_error_that_cannot_be_shown_costs_one_request_only(desk, monkeypatch):
    reported = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    at = desk(lambda request: 1 / request)
    at.worker._failed = lambda error: 1 / 0
    at.worker.submit(0)
    assert at.worker.wait(PATIENCE)
    at.worker.submit(4)
    assert at.worker.wait(PATIENCE)
    assert at.published == [0.25]
    assert reported[0].exc_type is ZeroDivisionError


def test_quick_work_reports_no_progress(desk, monkeypatch):
    monkeypatch.setattr(worker, "QUIET", PATIENCE)
    at = desk(lambda request: sum(track(range(1000), "Counting")))
    at.worker.submit(0)
    assert at.worker.wait(PATIENCE)
    assert at.published == [499500]
    assert at.reports == []


def counting(at, request, steps=3):
    """Work that shows each of its steps."""
    for step in range(steps):
        at.worker.partial(step)
    return request


def test_partial_results_are_shown_before_the_whole(desk, monkeypatch):
    monkeypatch.setattr(worker, "EVERY", 0)
    at = desk(lambda request: counting(at, request))
    at.worker.submit("done")
    assert at.worker.wait(PATIENCE)
    assert (at.partly, at.published) == ([0, 1, 2], ["done"])


def test_partial_results_do_not_flood_but_the_first_comes_at_once(desk, monkeypatch):
    monkeypatch.setattr(worker, "EVERY", PATIENCE)
    at = desk(lambda request: counting(at, request))
    for request in ("done", "again"):
        at.worker.submit(request)
        assert at.worker.wait(PATIENCE)
    assert (at.partly, at.published) == ([0, 0], ["done", "again"])


def test_a_cancelled_request_shows_no_further_part_and_keeps_the_last(desk, monkeypatch):
    monkeypatch.setattr(worker, "EVERY", 0)

    def compute(request):
        at.worker.partial("first")
        at.worker.cancel()
        at.worker.partial("second")
        return request

    at = desk(compute)
    at.worker.submit("done")
    assert at.worker.wait(PATIENCE)
    assert (at.partly, at.published, at.cancels, at.errors) == (["first"], [], [True], [])


def test_a_request_that_has_shown_something_gives_way_at_once(desk, monkeypatch):
    monkeypatch.setattr(worker, "GRACE", PATIENCE)

    def compute(request):
        if request == "long":
            at.worker.partial("long, in part")
            at.worker.submit("short")
            at.worker.partial("too late")
        return request

    at = desk(compute)
    at.worker.submit("long")
    while not at.published:
        assert at.worker.wait(PATIENCE)
    assert (at.partly, at.published, at.cancels) == (["long, in part"], ["short"], [])


def test_what_is_computed_elsewhere_shows_no_parts(desk):
    at = desk(lambda request: counting(at, request))
    assert counting(at, "by hand") == "by hand"
    assert at.partly == []


def test_an_error_while_a_part_is_shown_is_reported(desk):
    at = desk(lambda request: counting(at, request))
    at.worker._partly = lambda result: 1 / 0
    at.worker.submit("done")
    assert at.worker.wait(PATIENCE)
    assert isinstance(at.errors[0], ZeroDivisionError)
    assert at.published == []


def test_a_closed_worker_ends_its_thread_and_takes_nothing(desk):
    at = desk(endless)
    at.worker.submit(1)
    thread = at.worker._thread
    at.worker.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    at.worker.submit(0)
    assert at.worker._slot is None
    assert at.published == []
