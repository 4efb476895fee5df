"""What the browser tests of every explorer share: one open notebook, and patience.

A key or a click reaches the kernel some time later, and a painting comes some time after that: on a slow machine a
second or more. So nothing here waits for a fixed time; it looks again until what is expected is there.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from notebook_files import notebook_of
from notebook_page import NotebookPage, canvas_pixels
from playwright.sync_api import Locator

from xaiwidgets.colors import overlay

PATIENCE = 60  # seconds, for what takes less than one on an idle machine


def opened_on(open_notebook: Callable, server: Any, folder: Path, *cells: str) -> NotebookPage:
    """A notebook with code `cells` in the browser, run to its end; the explorer is the output of the second."""
    driven = open_notebook(server, notebook_of(folder / "explorer.ipynb", *cells))
    driven.run_all()
    return driven


def settled(notebook: NotebookPage, expression: str, expected: Callable[[Any], bool] | None = None) -> Any:
    """The value of `expression` in the kernel when nothing is computed any more and `expected(value)` holds.

    Without `expected`, the first value; with it, the last one is returned when patience ends, for the test to judge.
    """
    end = time.monotonic() + PATIENCE
    while True:
        value = notebook.kernel_eval(f"(explorer.wait({PATIENCE}), {expression})", 2 * PATIENCE)[1]
        if expected is None or expected(value) or time.monotonic() > end:
            return value
        notebook.page.wait_for_timeout(50)


def painted(notebook: NotebookPage, shown: Locator, view: str, index: int) -> np.ndarray:
    """The pixels of picture number `index`, once they are, every one, what the arrays of `view` in the kernel say."""
    canvas, end = shown.locator(".xai-image .xai-pixels").nth(index), time.monotonic() + PATIENCE
    while True:
        state = settled(notebook, f"[{view}.image, {view}.heatmap, {view}.limit, {view}.opacity]")
        found, expected = canvas_pixels(canvas)[..., :3], overlay(*state)
        if np.array_equal(found, expected):
            return found
        if time.monotonic() > end:
            np.testing.assert_array_equal(found, expected)
        notebook.page.wait_for_timeout(50)
