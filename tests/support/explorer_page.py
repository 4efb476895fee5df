"""What the browser tests of every explorer share: one open notebook, patience, and what holds for each of them.

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
from PIL import Image
from playwright.sync_api import Locator, expect

from xaiwidgets.colors import overlay

PATIENCE = 60  # seconds, for what takes less than one on an idle machine


def opened_on(open_notebook: Callable, server: Any, folder: Path, *cells: str, **options: Any) -> NotebookPage:
    """A notebook with code `cells` in the browser, run to its end; the explorer is the output of the second."""
    driven = open_notebook(server, notebook_of(folder / "explorer.ipynb", *cells), **options)
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


def becomes(notebook: NotebookPage, expression: str, wanted: Any) -> bool:
    """Whether an expression in the kernel gets this value."""
    return wanted == settled(notebook, expression, lambda found: wanted == found)


def first_state(notebook: NotebookPage, reset: str, view: str, index: int) -> Locator:
    """The output of the explorer once `reset`, evaluated in the kernel, is done and picture `index` shows `view`."""
    notebook.kernel_eval(reset)
    shown = notebook.outputs(1)
    painted(notebook, shown, view, index)
    shown.locator("[data-state=ready]").wait_for()
    return shown


def painted(notebook: NotebookPage, shown: Locator, view: str, index: int) -> np.ndarray:
    """The pixels of picture number `index`, once they are, every one, what the arrays of `view` in the kernel say."""
    state = f"[{view}.image, {view}.heatmap, {view}.limit, {view}.opacity]"
    canvas = shown.locator(".xai-image .xai-pixels").nth(index)
    return same_pixels(notebook, canvas, lambda: overlay(*settled(notebook, state)))


def all_painted(notebook: NotebookPage, shown: Locator, *views: str) -> list[np.ndarray]:
    """The pixels of the first pictures, each as the arrays of its view say."""
    return [painted(notebook, shown, view, index) for index, view in enumerate(views)]


def same_pixels(notebook: NotebookPage, canvas: Locator, expected: Callable[[], np.ndarray]) -> np.ndarray:
    """The pixels of a canvas, once they are what `expected()` says."""
    end = time.monotonic() + PATIENCE
    while True:
        wanted, found = expected(), canvas_pixels(canvas)[..., :3]
        if np.array_equal(found, wanted):
            return found
        if time.monotonic() > end:
            np.testing.assert_array_equal(found, wanted)
        notebook.page.wait_for_timeout(50)


def next_by_keyboard(notebook: NotebookPage, shown: Locator, label: str, view: str) -> None:
    """Choose the option below the chosen one in the list of this label, by keyboard; the kernel's `view` follows."""
    before = notebook.kernel_eval(f"{view}.selected")
    shown.get_by_role("listbox", name=label).get_by_role("option").nth(before).focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    assert settled(notebook, f"{view}.selected", lambda found: found != before) != before


def add_picture(notebook: NotebookPage, shown: Locator, path: Path, size: tuple[int, int], color: tuple) -> None:
    """Upload a picture of one color; wait until the explorer shows it."""
    count = notebook.kernel_eval("len(explorer.data)")
    Image.new("RGB", size, color).save(path)
    shown.locator("input[type=file]").set_input_files(path)
    shown.get_by_text(f"{path.name} added").wait_for()
    assert becomes(notebook, "len(explorer.data)", count + 1)
    pixels = painted(notebook, shown, "explorer.input", 0)
    assert np.unique(pixels.reshape(-1, 3), axis=0).tolist() == [list(color)]


def is_accessible(notebook: NotebookPage, shown: Locator) -> None:
    """axe-core finds nothing; typing d d on any element that can have the focus deletes no cell."""
    assert notebook.axe_violations(shown) == []
    assert notebook.cells_deleted_by_dd(shown) == []


def closes_when_its_cell_runs_again(notebook: NotebookPage) -> None:
    """As many widgets after four runs of the explorer's cell as after one, and one explorer on the page."""
    widgets = "len(__import__('ipywidgets').widgets.widget._instances)"
    notebook.run_cell(1)
    before = notebook.kernel_eval(widgets)
    for _ in range(3):
        notebook.run_cell(1)
    assert notebook.kernel_eval(widgets) == before
    expect(notebook.outputs(1).locator(".xai-explorer")).to_have_count(1)
