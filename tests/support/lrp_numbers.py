"""How long a rule change in the LRP explorer takes in JupyterLab, until the maps of all layers are painted."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_servers import serve
from notebook_files import notebook_of
from notebook_page import NotebookPage, opened
from playwright.sync_api import sync_playwright
from programs import CHROMIUM, CHROMIUM_FLAGS, program

CELLS = ("from xaiwidgets import LRPExplorer\nimport time", "explorer = LRPExplorer()\nexplorer")
# The change of a rule, and the frame after the last painting of a map, in milliseconds of the page's clock: the map
# over the picture, and one for each layer, whose canvases are painted before they are put into the page.
RECORD = """output => {
  const map = output.querySelectorAll(".xai-image .xai-pixels")[1];
  const layers = output.querySelector("[role=listbox][aria-label^=Layers]").children.length;
  let painted = [];
  const small = () => painted.filter((canvas) => !canvas.closest(".xai-image"));
  const done = () => painted.includes(map) && small().length >= layers;
  output.addEventListener("change", (event) => {
    [window.changed, window.painted, painted] = [event.timeStamp, null, []];
  }, true);
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    painted.push(this.canvas);
    if (done()) requestAnimationFrame(() => (window.painted ??= performance.now()));
  };
}"""
RULES = ("ZPlus", "Epsilon", "EpsilonGammaBox", "EpsilonPlus")  # each changes the map of every layer
PASS = """statistics.median([(begun := time.perf_counter(), explorer._compute(explorer.request()),
    time.perf_counter() - begun)[2] for _ in range(30)])"""  # on one core, as the explorer does


@contextmanager
def lrp_page(*cells: str, **options) -> Iterator[NotebookPage]:
    """JupyterLab with the cells' explorer; without cells that of scenes-cnn. `options` are the browser page's."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(*CHROMIUM), args=CHROMIUM_FLAGS)
        notebook = notebook_of(Path(folder) / "numbers.ipynb", *(cells or CELLS))
        with serve("lab", Path(folder) / "lab") as server, opened(browser, server, notebook, **options) as driven:
            driven.run_all()
            yield driven
        browser.close()


def rule_latencies(driven: NotebookPage, changes: int = 80) -> list[float]:
    """Milliseconds from each change of the composite to the painted maps of all layers, one change at a time."""
    page, output = driven.page, driven.outputs(1)
    output.evaluate(RECORD)
    select = output.get_by_label("Rules of the whole net")
    found = []
    for change in range(changes):
        page.wait_for_timeout(150)
        select.select_option(RULES[change % len(RULES)])
        page.wait_for_function("window.painted !== null")
        found.append(page.evaluate("window.painted - window.changed"))
    return sorted(found[10:])  # the first ones warm up


def kernel_part(driven: NotebookPage) -> float:
    """Milliseconds that the kernel computes for one change until the maps can be sent."""
    return 1000 * driven.kernel_eval(f"[statistics := __import__('statistics'), {PASS}][1]")


def measured() -> dict[str, str]:
    """Each figure, as text."""
    with lrp_page(viewport={"width": 1500, "height": 1100}) as driven:
        times = rule_latencies(driven)
        p50, p95 = statistics.median(times), times[int(0.95 * len(times))]
        return {
            "rule change to painted maps of all layers, scenes-cnn": f"p50 {p50:.0f} ms, p95 {p95:.0f} ms",
            "of which the kernel computes": f"{kernel_part(driven):.0f} ms",
        }


if __name__ == "__main__":
    for what, figure in measured().items():
        print(f"| {what} | {figure} |")
