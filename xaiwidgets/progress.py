"""Progress and cancellation of long work.

A long method says `for batch in track(batches, "Occluding")`. Whoever listens in the current context (a widget, a
terminal, nobody) hears of each step, and may stop the work at the next one: `track` then raises `Cancelled`.
"""

import contextlib
import contextvars
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
Clock = Callable[[], float]


class Cancelled(Exception):  # noqa: N818 - a request that was granted, not an error
    """The work was stopped on request."""


class Listener(Protocol):
    """Hears of progress and may ask to stop."""

    def progressed(self, label: str, done: int, total: int | None) -> None:
        """`done` of `total` items (None: nobody knows how many) are done."""

    def cancelled(self) -> bool:
        """Whether the work should stop."""


_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("listener", default=None)


@contextlib.contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Report the progress of the work inside the `with` block to `listener` (this thread and context only)."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Inside the `with` block cancellation is heard, but no progress reported: that of the work around it is."""
    listener = _listener.get()
    with listening(listener and _Quiet(listener)):
        yield


@dataclass(frozen=True)
class _Quiet:
    listener: Listener

    def progressed(self, label: str, done: int, total: int | None) -> None:
        pass

    def cancelled(self) -> bool:
        return self.listener.cancelled()


def track(
    items: Iterable[T], label: str, total: int | None = None, size: Callable[[T], int] | None = None
) -> Iterator[T]:
    """Yield `items`, reporting how many are done.

    Args:
        items: what is worked through.
        label: what is being done, as a person reads it ("Integrating").
        total: number of items; `len(items)` where that exists; unknown otherwise.
        size: how much one item counts for; 1 each if not given.

    Raises:
        Cancelled: if the listener asks for it; asked before each item and after the last.
    """
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    if total is None and hasattr(items, "__len__"):
        total = len(items)
    done = 0

    def report() -> None:
        if listener.cancelled():
            raise Cancelled(label)
        listener.progressed(label, done, total)

    for item in items:
        report()
        yield item
        done += size(item) if size else 1
    report()


def chunks(
    total: int,
    label: str,
    *,
    largest: int,
    first: int = 16,
    seconds: float = 0.1,
    clock: Clock = time.perf_counter,
) -> Iterator[slice]:
    """Cut `total` items into slices sized by measured cost, and `track` them.

    A slice grows to twice its length as long as that makes an item cheaper and the slice takes less than `seconds`,
    and shrinks when it takes longer: Cancel is answered quickly and no time is lost on tiny batches.

    Args:
        total: number of items.
        label: see `track`.
        largest: most items in one slice (memory).
        first: items in the first slice, of which nothing is known yet.
        seconds: aim for slices of at most this time.
        clock: returns seconds; another one for tests.
    """

    def slices() -> Iterator[slice]:
        start, length, cheapest = 0, min(first, largest), math.inf
        while start < total:
            stop = min(start + length, total)
            begun = clock()
            yield slice(start, stop)
            taken = clock() - begun
            each = taken / (stop - start)
            if taken > seconds:
                length = max(1, int(seconds / each))
            elif 2 * taken < seconds and each < cheapest:
                length, cheapest = min(2 * length, largest), each
            start = stop

    yield from track(slices(), label, total, size=lambda piece: piece.stop - piece.start)


@dataclass
class TextBar:
    """A plain text bar on a terminal: `with listening(TextBar()): integrated_gradients(…)`."""

    width: int = 30

    def progressed(self, label: str, done: int, total: int | None) -> None:
        """Write the bar over the last one."""
        filled = self.width * done // total if total else 0
        amount = f"[{'#' * filled:<{self.width}}] {done}/{total}" if total else f"{done}"
        sys.stderr.write(f"\r{label} {amount}" + ("\n" if done == total else ""))
        sys.stderr.flush()

    def cancelled(self) -> bool:
        """Never."""
        return False
