"""What `make numbers` measures in JupyterLab: pointer to painted pixel, memory and comms after long use."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_servers import serve
from notebook_files import notebook_of
from notebook_page import NotebookPage, opened
from playwright.sync_api import Locator, sync_playwright
from programs import CHROMIUM, CHROMIUM_FLAGS, program

CELLS = (
    "from xaiwidgets import GradientsExplorer\nfrom ipywidgets.widgets.widget import _instances\nimport gc, psutil",
    'explorer = GradientsExplorer(methods=("Gradient",))\nexplorer',
)
# Each pointer event on the input, and the frame after each painting of the map, in milliseconds of the page's clock.
RECORD = """canvas => {
  window.moved = []; window.painted = [];
  window.addEventListener("pointermove", event => window.moved.push(event.timeStamp), true);
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    if (this.canvas === canvas) requestAnimationFrame(() => window.painted.push(performance.now()));
  };
}"""
MEMORY = "(gc.collect(), psutil.Process().memory_info().rss / 1e6, len(_instances))"


@contextmanager
def gradient_page() -> Iterator[NotebookPage]:
    """JupyterLab with a `GradientsExplorer` that shows one gradient map of scenes-cnn."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(*CHROMIUM), args=CHROMIUM_FLAGS)
        notebook = notebook_of(Path(folder) / "numbers.ipynb", *CELLS)
        with serve("lab", Path(folder) / "lab") as server, opened(browser, server, notebook) as driven:
            driven.run_all()
            yield driven
        browser.close()


def latencies(driven: NotebookPage, moves: int = 120) -> list[float]:
    """Milliseconds from each pointer move of a drag to the map painted for it, one move at a time."""
    page, views = driven.page, driven.outputs(1).locator(".xai-image")
    views.nth(1).locator(".xai-pixels").evaluate(RECORD)
    box = _middle(views.first)
    page.mouse.move(*box)
    page.mouse.down()
    found = []
    for move in range(moves):
        page.wait_for_timeout(120)
        page.evaluate("window.moved.length = window.painted.length = 0")
        page.mouse.move(box[0] + 20 + 4 * (move % 2), box[1] + 12)
        page.wait_for_function("window.painted.length")
        found.append(page.evaluate("window.painted.at(-1) - window.moved[0]"))
    page.mouse.up()
    return sorted(found[10:])  # the first ones warm up


def _middle(view: Locator) -> tuple[float, float]:
    place = view.locator(".xai-overlay").bounding_box()
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


def growth(driven: NotebookPage) -> dict[str, tuple[float, int]]:
    """(MB, widgets) that 1,000 interactions and 100 runs of the cell add, after a warm-up of each."""
    page = driven.page

    def interact(times: int) -> None:
        driven.outputs(1).locator(".xai-image .xai-overlay").first.focus()
        for press in range(times):
            page.keyboard.press(("ArrowLeft", "ArrowRight")[press % 2])
        driven.kernel_eval("explorer.wait(60)")

    def rerun(times: int) -> None:
        for _ in range(times):
            driven.run_cell(1)

    found = {}
    for name, use, warm, times in (("1,000 interactions", interact, 200, 1000), ("100 re-runs", rerun, 30, 100)):
        use(warm)
        _, memory, widgets = driven.kernel_eval(MEMORY)
        use(times)
        _, memory_after, widgets_after = driven.kernel_eval(MEMORY)
        found[name] = memory_after - memory, widgets_after - widgets
    return found


def measured() -> dict[str, str]:
    """Each figure, as text."""
    with gradient_page() as driven:
        times = latencies(driven)
        p50, p95 = statistics.median(times), times[int(0.95 * len(times))]
        table = {"pointer to painted pixel, gradient of scenes-cnn": f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"}
        for name, (memory, widgets) in growth(driven).items():
            table[f"growth after {name}"] = f"{memory:+.1f} MB, {widgets:+d} comms"
    return table
