"""The occlusion explorer's figures in JupyterLab: pointer to painted scores, the first coarse map, Cancel, growth.

python tests/support/occlusion_explorer_numbers.py
"""

import statistics

import browser_numbers
from browser_numbers import gradient_page, growth
from notebook_page import NotebookPage
from number_rows import row

CELLS = (
    "from xaiwidgets import OcclusionExplorer\nfrom ipywidgets.widgets.widget import _instances\nimport gc, psutil",
    "explorer = OcclusionExplorer()\nexplorer",
)
# Times of the page's clock: presses and moves; the frame after the bars were redrawn; the frame after a map was.
RECORD = """output => {
  const note = name => event => window[name].push(event.timeStamp);
  const painted = (name, element) => requestAnimationFrame(() => {
    if (!element || element.closest(".xai-image")?.querySelector(".xai-title")?.textContent === "Black")
      window[name].push(performance.now());
  });
  window.moved = []; window.pressed = []; window.scored = []; window.mapped = []; window.stopped = [];
  window.addEventListener("pointermove", note("moved"), true);
  window.addEventListener("click", note("pressed"), true);
  const bars = () => painted("scored");
  new MutationObserver(bars).observe(output.querySelector(".xai-bars .xai-list"), { attributes: true, subtree: true });
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    painted("mapped", this.canvas);
  };
  const status = output.querySelector(".xai-status");
  new MutationObserver(() => {
    if (status.dataset.state === "cancelled") window.stopped.push(performance.now());
  }).observe(status, { attributes: true });
}"""
FORGET = "for (const name of ['moved', 'pressed', 'scored', 'mapped', 'stopped']) window[name].length = 0"


def choose(driven: NotebookPage, values: str) -> None:
    """Set controls from Python and wait for the answer."""
    driven.kernel_eval(f"(explorer.choices.set_trait('values', {values}), explorer.wait(60))[1]")
    driven.page.wait_for_timeout(300)


def scores(driven: NotebookPage, moves: int = 120) -> list[float]:
    """Milliseconds from each pointer move of a drag to the bars painted for it, one move at a time."""
    page = driven.page
    place = driven.outputs(1).locator(".xai-image .xai-overlay").nth(1).bounding_box()
    middle = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    found = []
    for move in range(moves):
        page.wait_for_timeout(120)
        page.evaluate(FORGET)
        page.mouse.move(middle[0] + 20 + 9 * (move % 2), middle[1] + 12)
        page.wait_for_function("window.scored.length")
        found.append(page.evaluate("window.scored[0] - window.moved[0]"))
    page.mouse.up()
    return sorted(found[10:])  # the first ones warm up


def first_maps(driven: NotebookPage, times: int = 12) -> list[float]:
    """Milliseconds from the press on "map" to the first, coarse map on the page, after some of warming up."""
    found = []
    for _ in range(times):
        choose(driven, "{'mode': 'occluder'}")
        driven.page.evaluate(FORGET)
        driven.outputs(1).get_by_text("map", exact=True).click()
        driven.page.wait_for_function("window.mapped.length")
        found.append(driven.page.evaluate("window.mapped[0] - window.pressed[0]"))
        driven.kernel_eval("explorer.wait(60)")
    return sorted(found[2:])


def cancels(driven: NotebookPage, label: str, begun: str, times: int = 8) -> list[float]:
    """Milliseconds from the press on Cancel to the answer, while a mode does its longest work and says `begun`."""
    choose(driven, "{'mode': 'occluder'}")
    driven.kernel_eval("explorer.values.update({'stride': '1 px', 'steps': 1000})")
    found = []
    for _ in range(times):
        choose(driven, "{'mode': 'occluder'}")
        driven.page.evaluate(FORGET)
        driven.outputs(1).get_by_text(label, exact=True).click()
        driven.outputs(1).get_by_text(begun).first.wait_for()
        driven.outputs(1).get_by_role("button", name="Cancel").click()
        driven.page.wait_for_function("window.stopped.length")
        found.append(driven.page.evaluate("window.stopped[0] - window.pressed.at(-1)"))
    return sorted(found)


def spread(times: list[float]) -> str:
    """The median, and what 95 % stay below."""
    return f"p50 {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"


def occlusion_explorer() -> None:
    """Print the figures."""
    browser_numbers.CELLS = CELLS
    with gradient_page() as driven:
        driven.outputs(1).evaluate(RECORD)
        row("dragging the occluder: pointer to painted scores", spread(scores(driven)), "p50 <= 30 ms, p95 <= 60 ms")
        row("press on map to first coarse occlusion map", spread(first_maps(driven)), "<= 100 ms")
        for label, begun in (("map", "coarse so far"), ("mask", ", step ")):
            row(f"Cancel answered, {label}", spread(cancels(driven, label, begun)), "<= 200 ms")
        choose(driven, "{'mode': 'occluder'}")
        for name, (memory, widgets) in growth(driven).items():
            row(f"occlusion explorer, growth after {name}", f"{memory:+.1f} MB, {widgets:+d} comms", "< 20 MB, no comm")


if __name__ == "__main__":
    occlusion_explorer()
