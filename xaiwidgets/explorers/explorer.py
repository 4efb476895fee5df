"""What every explorer shares: worker, foot line, accessible picture, and closing when its cell is run again."""

import html
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
from ipywidgets import HTML, Box, HBox, VBox, Widget
from torch import nn

from xaiwidgets.borrow import device_and_dtype
from xaiwidgets.explorers.cells import close_earlier
from xaiwidgets.views import Panel, StatusView, static_figure
from xaiwidgets.worker import Worker

KEPT = ("device", "result", "status", "worker")  # of a closed explorer
HEAVY = 0.2  # seconds of one core, from which on a computation gets all cores


class Explorer(VBox):
    """Views and controls around a computation.

    A subclass builds its views in `build`, and answers three questions: `request` reads what the user has set;
    `compute` turns that into a result, touching no widget, on any thread; `publish` writes the result to the views.
    `panels` and `summary` say what a saved notebook shows. Views that matter call `self.update` when they change.
    """

    columns: int | None = None  # of the picture that a saved notebook shows; None: one row up to five

    def __init__(self, model: nn.Module) -> None:
        place = device_and_dtype(model)
        self.device = place[0] if place else torch.device("cpu")
        self.status = StatusView(device=_name(self.device))
        self.worker = Worker(
            self._compute,
            self._publish,
            failed=self._failed,
            cancelled=self._cancelled,
            progressed=self._progressed,
            partly=self._show_result,
        )
        self.status.observe(lambda change: self.worker.cancel(), names=["cancelled"])
        super().__init__()
        self.result: Any = None
        self._work = 0.0  # seconds times threads of the last computation
        self._cores = torch.get_num_threads()
        self._showing = threading.RLock()  # callbacks show again on threads of their own
        self.add_class("xai-explorer")
        try:
            self.children = (self.build(), self.status)
            self._publish(self._compute(self.request()))
        except BaseException:
            self.close()
            raise
        close_earlier(self)

    def build(self) -> Widget:
        """Make the views, observe them, and return their arrangement."""
        raise NotImplementedError

    def request(self) -> Any:
        """What the user has set, as one value."""
        raise NotImplementedError

    def compute(self, request: Any) -> Any:
        """The result for a request; touches no widget."""
        raise NotImplementedError

    def publish(self, result: Any) -> None:
        """Write a result to the views."""
        raise NotImplementedError

    def panels(self) -> list[Panel]:
        """The pictures of the present state, for a reader without a kernel."""
        raise NotImplementedError

    def summary(self) -> str:
        """The present state in one or two sentences, with its numbers."""
        raise NotImplementedError

    def hidden(self) -> list[Widget]:
        """Widgets that are not among the children just now, but are closed with the explorer."""
        return []

    def update(self, _change: Any = None) -> None:
        """Compute and publish again, in the background; for `observe`."""
        if self.result is None:
            return  # still being built
        try:
            request = self.request()
        except Exception as error:
            self._failed(error)
        else:
            self.worker.submit(request)

    def partial(self, result: Any) -> None:
        """Show a result as far as it is known; for long work in `compute`. Raises `Cancelled` when asked to stop."""
        self.worker.partial(result)

    def show_again(self, show: Callable[[Any], Any] | None = None) -> None:
        """Write the present result to the views once more; with `show` only what that does."""
        with self._showing:
            if self.result is not None:
                (show or self.publish)(self.result)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what was asked for is shown; False if `timeout` (seconds) passed first."""
        return self.worker.wait(timeout)

    def close(self) -> None:
        """Stop the worker and close every widget inside."""
        if self.comm is None:
            return  # closed before, or never opened
        self.worker.close()
        unfinished = [] if self.children else _inside(self.status)  # `build` raised
        for widget in (*(self.hidden() if self.children else []), *unfinished, *_inside(self)):
            Widget.close(widget)
        # The notebook's history of outputs keeps this object: it shall not keep pictures and models.
        self.children, self.result = (), None
        for name in [name for name in vars(self) if not name.startswith("_") and name not in KEPT]:
            delattr(self, name)

    def _compute(self, request: Any) -> Any:
        """`compute`, on one core unless the last one was heavy.

        The threads of a second core wait for work by spinning: beside a browser and other kernels that made a gradient
        of 4 ms take 20 to 80 ms.
        """
        threads = self._cores if self._work > HEAVY else 1
        begun = time.perf_counter()
        torch.set_num_threads(threads)
        try:
            return self.compute(request)
        finally:
            torch.set_num_threads(self._cores)
            self._work = (time.perf_counter() - begun) * threads

    def _show_result(self, result: Any) -> None:
        with self._showing:
            self.publish(result)
            self.result = result

    def _publish(self, result: Any, seconds: float | None = None) -> None:
        self._show_result(result)
        with self.status.hold_sync():
            self.status.set_trait("milliseconds", None if seconds is None else 1000 * seconds)
            self.status.set_trait("progress", None)
            self.status.set_trait("error", "")
            self.status.set_trait("state", "ready")

    def _failed(self, error: Exception) -> None:
        with self.status.hold_sync():
            self.status.set_trait("progress", None)
            self.status.set_trait("error", f"{type(error).__name__}: {error}")
            self.status.set_trait("state", "error")

    def _cancelled(self) -> None:
        with self.status.hold_sync():
            self.status.set_trait("progress", None)
            self.status.set_trait("state", "cancelled")

    def _progressed(self, label: str, done: int, total: int | None) -> None:
        with self.status.hold_sync():
            self.status.set_trait("label", label)
            self.status.set_trait("progress", done / total if total else None)
            self.status.set_trait("state", "busy")

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/html"] = static_figure(self.panels(), self.summary(), columns=self.columns)
        data["text/plain"] = self.summary()
        return bundle


def row(*children: Widget) -> Box:
    """Children beside each other, the next line where the window is narrow."""
    return HBox(children, layout={"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "12px"})


def column(*children: Widget, width: str | None = None) -> Box:
    """Children below each other."""
    return VBox(children, layout={"grid_gap": "6px", "width": width, "flex": "0 1 auto"})


def controls(*children: Widget) -> Box:
    """Controls in one column at the right, or side by side below where the window is narrow."""
    for child in children:
        child.layout.width = "250px"
    box = row(*children)
    box.layout.flex = "1 1 250px"
    return box


def heading(text: str) -> HTML:
    """A short line of text above a view."""
    return HTML(f'<div class="xai-heading">{html.escape(text)}</div>')


def _inside(widget: Widget) -> list[Widget]:
    """`widget`, what it holds, and their layouts."""
    found: list[Widget] = []
    for child in getattr(widget, "children", ()):
        found += _inside(child)
    parts = (getattr(widget, name, None) for name in ("layout", "style"))
    return [*found, *(part for part in parts if isinstance(part, Widget)), widget]


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
