"""The prototype explorer's figures in JupyterLab: press on a class to the first prototypes, and Cancel.

python tests/support/prototype_explorer_numbers.py
"""

import browser_numbers
from browser_numbers import gradient_page
from notebook_page import NotebookPage
from number_rows import row
from occlusion_explorer_numbers import spread

NETS = ("digits-cnn", "scenes-cnn")
TIMES = 9
# Times of the page's clock: presses; the frame after a picture was painted; the answer to Cancel.
RECORD = """output => {
  window.pressed = []; window.grown = []; window.stopped = [];
  window.addEventListener("click", event => window.pressed.push(event.timeStamp), true);
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    if (this.canvas.closest(".xai-image")) requestAnimationFrame(() => window.grown.push(performance.now()));
  };
  const status = output.querySelector(".xai-status");
  new MutationObserver(() => {
    if (status.dataset.state === "cancelled") window.stopped.push(performance.now());
  }).observe(status, { attributes: true });
}"""
FORGET = "for (const name of ['pressed', 'grown', 'stopped']) window[name].length = 0"


def first_and_cancel(driven: NotebookPage) -> tuple[list[float], list[float]]:
    """Milliseconds from the press on a class to its first prototypes, and from that on Cancel to the answer."""
    output, page, first, cancel = driven.outputs(1), driven.page, [], []
    output.evaluate(RECORD)
    classes = output.get_by_role("listbox", name="Seen in").get_by_role("option")
    for number in range(1, TIMES):
        page.evaluate(FORGET)
        classes.nth(number).click()
        page.wait_for_function("window.grown.length")
        first.append(page.evaluate("window.grown[0] - window.pressed[0]"))
        output.get_by_role("button", name="Cancel").click()
        page.wait_for_function("window.stopped.length")
        cancel.append(page.evaluate("window.stopped[0] - window.pressed.at(-1)"))
    return sorted(first), sorted(cancel)


def prototype_explorer() -> None:
    """Print the figures."""
    for net in NETS:
        explorer = f"explorer = PrototypeExplorer(net={net!r})\nexplorer"
        browser_numbers.CELLS = ("from xaiwidgets import PrototypeExplorer", explorer)
        with gradient_page() as driven:
            driven.kernel_eval("explorer.wait(100)", 150)
            first, cancel = first_and_cancel(driven)
        row(f"press on a class to the first prototypes, {net}", spread(first), "<= 150 ms")
        row(f"Cancel of prototypes answered, {net}", spread(cancel), "<= 200 ms")


if __name__ == "__main__":
    prototype_explorer()
