"""The t-SNE explorer's figures in JupyterLab: frames shown while it learns, and 10,000 sprites while they are moved.

python tests/support/tsne_numbers.py
"""

import itertools
import statistics

import browser_numbers
from browser_numbers import gradient_page
from notebook_page import NotebookPage
from number_rows import row
from playwright.sync_api import CDPSession

MANY = 10_000
CELLS = (
    "import time, numpy as np, torch\nfrom xaiwidgets import TSNEExplorer, load_dataset\n"
    "from xaiwidgets.colors import picture\nfrom xaiwidgets.views import EmbeddingView",
    "explorer = TSNEExplorer()\nexplorer",
    f"data = load_dataset('digits', 'train')[torch.arange({MANY}) % 1437]\n"
    f"y = np.random.default_rng(0).normal(size=({MANY}, 2)).astype('float32')\n"
    "view = EmbeddingView(images=picture(data.images), positions=y, labels=data.labels, width=560, height=560,\n"
    "                     class_names=list(data.class_names))\nview",
)
SENDING = (
    "[(setattr(view, 'positions', y * (1 + 0.01 * k)), setattr(view, 'caption', str(k)), time.sleep(0.05))"
    " for k in range(100)] and None"
)
# For each painting of a map: the time, and the words under it, which tell the frame that is shown.
RECORD = """output => {
  const map = output.querySelector(".xai-embedding");
  const [canvas, caption] = [map.querySelector(".xai-pixels"), map.querySelector(".xai-caption")];
  window.painted = [];
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    if (this.canvas === canvas) window.painted.push([performance.now(), caption.textContent]);
  };
}"""
# One move of the pointer for each frame of the screen; real ones come at the pace of the program that sends them.
PAN = """overlay => new Promise(done => {
  const { left, top } = overlay.getBoundingClientRect();
  const end = performance.now() + 5000;
  let k = 0;
  window.painted.length = 0;
  const step = () => {
    const [clientX, clientY] = [left + 280 + 90 * Math.sin(k / 9), top + 280 + 90 * Math.cos(k / 7)];
    overlay.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
    k += 1;
    if (performance.now() < end) requestAnimationFrame(step);
    else done();
  };
  requestAnimationFrame(step);
})"""


def a_second(times: list[float]) -> str:
    """How many there are a second: on the whole, and at the pace of the slowest 5 %."""
    gaps = sorted(b - a for a, b in itertools.pairwise(times))
    rate = 1000 * len(gaps) / sum(gaps)
    return f"{rate:.0f} a second, gaps p50 {statistics.median(gaps):.0f} ms, p95 {gaps[int(0.95 * len(gaps))]:.0f} ms"


def spent(driven: NotebookPage, session: CDPSession) -> tuple[float, float]:
    """Processor time so far of the kernel and of the page's main thread, in milliseconds: a busy machine adds none."""
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * driven.kernel_eval("time.process_time()"), 1000 * found["TaskDuration"]


def frames(driven: NotebookPage) -> list[float]:
    """When each frame was painted first."""
    first: dict[str, float] = {}
    for time, words in driven.page.evaluate("window.painted"):
        first.setdefault(words, time)
    return list(first.values())


def learning(driven: NotebookPage) -> None:
    """Frames shown while the explorer learns."""
    driven.kernel_eval("explorer.wait(60)")
    session = driven.page.context.new_cdp_session(driven.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    for pace in ("normal", "fast"):
        driven.kernel_eval(f"explorer.player.pace.set_trait('values', {{'pace': '{pace}'}})")
        driven.page.evaluate("window.painted.length = 0")
        before = spent(driven, session)
        driven.outputs(1).get_by_role("button", name="From the start").click()
        driven.outputs(1).get_by_role("button", name="Pause").wait_for()
        driven.kernel_eval("explorer.wait(60)", 120)
        after, shown = spent(driven, session), frames(driven)
        made = driven.kernel_eval("len(explorer.result.film.frames)") - 1
        kernel, page = ((b - a) / made for a, b in zip(before, after, strict=True))
        row(f"frames shown while 360 digits are learned, {pace} pace", a_second(shown), ">= 15 a second")
        row(f"processor time of such a frame, {pace} pace", f"kernel {kernel:.0f} ms, page {page:.0f} ms", "stated")


def panning(driven: NotebookPage) -> None:
    """Paintings of many sprites while they are moved, and positions shown while the kernel sends them."""
    page, output = driven.page, driven.outputs(2)
    overlay = output.locator(".xai-overlay")
    overlay.scroll_into_view_if_needed()
    output.evaluate(RECORD)
    box = overlay.bounding_box()
    for ink, name in ((False, "framed"), (True, "as ink")):
        driven.kernel_eval(f"view.set_trait('ink', {ink})")
        page.mouse.move(box["x"] + 280, box["y"] + 370)
        page.mouse.down()
        overlay.evaluate(PAN)
        page.mouse.up()
        found = a_second([time for time, _ in page.evaluate("window.painted")])
        row(f"{MANY:,} sprites, {name}, painted while panning", found, ">= 30 a second")
    page.evaluate("window.painted.length = 0")
    driven.kernel_eval(SENDING, 60)
    page.wait_for_timeout(2000)
    row(f"positions of {MANY:,} points, sent 20 times a second, shown", a_second(frames(driven)), ">= 15 a second")


def tsne_explorer() -> None:
    """Print the figures."""
    browser_numbers.CELLS = CELLS
    with gradient_page() as driven:
        driven.outputs(1).evaluate(RECORD)
        learning(driven)
        panning(driven)


if __name__ == "__main__":
    tsne_explorer()
