"""The background worker of a widget: the newest request wins.

Callbacks of a widget may arrive on any thread, and while a cell runs. So a callback only leaves a request in a
one-slot mailbox; one worker thread takes it, computes, and publishes. Cancel stops the running request at its next
`track`; so does a newer request, once the running one has had its `GRACE`: without it, a drag that asks faster than the
answers come would show nothing until the pointer rests. Long work may show what it knows so far, by `partial`.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from xaiwidgets.progress import Cancelled, listening

Request = TypeVar("Request")
Result = TypeVar("Result")
GRACE = 0.25  # seconds that a request may run although a newer one waits
QUIET = 0.1  # seconds of work before progress is shown, so that quick work does not flicker
EVERY = 0.05  # seconds between two reports of progress, and between two partial results


class Worker(Generic[Request, Result]):
    """Computes on a thread of its own, latest request first, and publishes each result once.

    Args:
        compute: request -> result; long work inside it loops with `track`.
        publish: result, seconds it took -> None; called on the worker's thread.
        failed: error -> None; called instead of `publish` when `compute` or `publish` raises.
        cancelled: called when Cancel stopped the running request.
        progressed: label, done, total -> None; called while `compute` runs.
        partly: a result as far as it is known -> None; called while `compute` runs, by `partial`.
    """

    def __init__(
        self,
        compute: Callable[[Request], Result],
        publish: Callable[[Result, float], Any],
        *,
        failed: Callable[[Exception], Any],
        cancelled: Callable[[], Any] = lambda: None,
        progressed: Callable[[str, int, int | None], Any] = lambda label, done, total: None,
        partly: Callable[[Result], Any] = lambda result: None,
    ) -> None:
        self._compute, self._publish = compute, publish
        self._failed, self._cancelled, self._progressed = failed, cancelled, progressed
        self._partly, self._job = partly, None
        self._changed = threading.Condition()
        self._slot: tuple[Request] | None = None
        self._newest = 0
        self._stopped = 0  # the newest request that Cancel was asked for
        self._running = self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, request: Request) -> None:
        """Compute `request` next; what is running or waiting is dropped."""
        with self._changed:
            if self._closed:
                return
            self._newest += 1
            self._slot = (request,)
            if self._thread is None:
                self._start()
            self._changed.notify_all()

    def partial(self, result: Result) -> None:
        """Publish what is known so far; for `compute`, which does nothing by it when somebody else called it.

        The first one is shown at once, the next ones when the last was shown `EVERY` seconds before.

        Raises:
            Cancelled: if the request was stopped.
        """
        if threading.current_thread() is self._thread and self._job is not None:
            self._job.partial(result)

    def cancel(self) -> None:
        """Stop the running request at its next step, and forget the waiting one."""
        with self._changed:
            self._stopped = self._newest
            self._slot = None
            self._changed.notify_all()

    def close(self) -> None:
        """Stop for good; the thread ends."""
        with self._changed:
            self._closed, self._slot = True, None
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is running or waiting; False if `timeout` (seconds) passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._slot is None and not self._running, timeout)

    def _work(self) -> None:
        try:
            while (taken := self._take()) is not None:
                self._answer(*taken)
        finally:
            with self._changed:  # also when an error could not be shown: the next request gets a new thread
                self._running, self._thread = False, None
                if self._slot is not None:
                    self._start()
                self._changed.notify_all()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="xaiwidgets-worker", daemon=True)
        self._thread.start()

    def _take(self) -> tuple[Request, int] | None:
        """The next request and its number; None when the worker was closed."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._slot is not None or self._closed)
            if self._closed:
                return None
            (request,), self._slot = self._slot, None
            self._running = True
            return request, self._newest

    def _answer(self, request: Request, mine: int) -> None:
        job = self._job = _Job(self, mine)
        try:
            with listening(job):
                result = self._compute(request)
            if not job.cancelled():
                self._publish(result, time.perf_counter() - job.begun)
        except Cancelled:
            pass
        except Exception as error:
            if not job.cancelled():
                self._failed(error)
        self._job = None
        if self._stopped >= mine and not self._closed:
            self._cancelled()


class _Job:
    """Listens to one request's progress; cancelled when it is no longer the newest."""

    def __init__(self, worker: Worker, mine: int) -> None:
        self.worker, self.mine = worker, mine
        self.begun = time.perf_counter()
        self.reported = self.begun + QUIET - EVERY
        self.shown: float | None = None  # when the last partial result was

    def progressed(self, label: str, done: int, total: int | None) -> None:
        now = time.perf_counter()
        if now - self.reported >= EVERY:
            self.reported = now
            self.worker._progressed(label, done, total)

    def partial(self, result: Any) -> None:
        if self.cancelled():
            raise Cancelled("partial result")
        if self.shown is None or time.perf_counter() - self.shown >= EVERY:
            self.worker._partly(result)
            self.shown = time.perf_counter()

    def cancelled(self) -> bool:
        worker = self.worker
        had_its_time = self.shown is not None or time.perf_counter() - self.begun > GRACE
        superseded = self.mine != worker._newest and had_its_time
        return worker._closed or superseded or worker._stopped >= self.mine
