"""Drive a notebook in a real browser, and look into the same kernel."""

import ast
import asyncio
import base64
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import numpy as np
from jupyter_servers import Server
from playwright.sync_api import Browser, Error, Locator, Page, expect

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
FOCUSABLE = "a[href], button, input, select, textarea, [tabindex]:not([tabindex='-1'])"
TIMEOUT = 60_000  # milliseconds, of every wait: what is quick here may take long on a busy machine
expect.set_options(timeout=TIMEOUT)
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
READ_CANVAS = """canvas => new Promise(resolve => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const reader = new FileReader();
  reader.onload = () => resolve([height, width, reader.result.split(",")[1]]);
  reader.readAsDataURL(new Blob([data]));
})"""


class NotebookPage:
    """A notebook open in JupyterLab or Notebook 7: `page` is playwright's, `outputs(i)` a cell's output area."""

    def __init__(self, page: Page, server: Server, name: str):
        self.page, self.server, self.name = page, server, name
        self.foreign_requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self._note_request(request.url))
        page.on("websocket", lambda socket: self._note_request(socket.url))
        page.on("pageerror", self._note_error)

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.foreign_requests.append(url)

    def _note_error(self, error: Error) -> None:
        # A widget's module is loaded from a blob: address; Jupyter's own errors are not ours to mend.
        if "blob:" in (error.stack or ""):
            self.errors.append(error.stack)

    def open(self) -> None:
        """Load the page and wait until the kernel is connected and idle."""
        self.page.goto(self.server.page_of(self.name) + ("?reset" if self.server.app == "lab" else ""))
        self.page.locator("text=Python 3 (ipykernel)").first.wait_for()
        self.wait_idle()

    def wait_idle(self, seconds: float = 60) -> None:
        """Wait until no cell runs and none is queued."""
        idle = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
        self.page.locator(idle).first.wait_for(state="attached", timeout=1000 * seconds)
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('*'))",
            timeout=1000 * seconds,
        )

    def run_all(self, seconds: float = 300) -> None:
        """Run every cell in order and wait for the end; an error in a cell fails the test."""
        self.page.set_default_timeout(1000 * seconds)
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.set_default_timeout(TIMEOUT)
        self.wait_idle(seconds)
        errors = self.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr'] pre")
        tracebacks = self.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']")
        assert not tracebacks.count(), (errors.all_inner_texts(), tracebacks.all_inner_texts())

    def run_cell(self, index: int, seconds: float = 60, wait: bool = True) -> None:
        """Click into code cell `index` and press Shift+Enter, as a student does."""
        self.code_cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        if wait:
            self.wait_idle(seconds)

    def code_cell(self, index: int) -> Locator:
        return self.page.locator(".jp-CodeCell").nth(index)

    def outputs(self, index: int) -> Locator:
        """The output area of code cell `index`, counted from 0."""
        return self.code_cell(index).locator(".jp-Cell-outputArea").first

    def cell_count(self) -> int:
        return self.page.evaluate(f"{NOTEBOOK}.content.model.cells.length")

    def save(self) -> None:
        """Save the notebook to the server's folder, as Ctrl+S would."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")

    def cells_deleted_by_dd(self, area: Locator) -> list[str]:
        """Focus each focusable element of `area` and type d d: the HTML of the first that lost a cell, in a list."""
        guilty = []
        for element in area.locator(FOCUSABLE).all():
            if not (element.is_visible() and element.is_enabled()):
                continue
            html, before = element.evaluate("element => element.outerHTML.slice(0, 200)"), self.cell_count()
            element.focus()
            self.page.keyboard.press("d")
            self.page.keyboard.press("d")
            self.page.wait_for_timeout(100)
            if self.cell_count() != before:
                guilty.append(html)
                self.page.evaluate("window.jupyterapp.commands.execute('notebook:undo-cell-action')")
                break  # the element is gone with its cell
        return guilty

    def axe_violations(self, area: Locator) -> list[str]:
        """What axe-core finds against WCAG 2.1 A and AA inside `area`, one line a rule."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        found = area.evaluate(f"element => axe.run(element, {{ runOnly: {WCAG} }})")
        return [
            f"{rule['id']}: {rule['help']}: {[n['html'][:200] for n in rule['nodes']]}" for rule in found["violations"]
        ]

    def kernel_eval(self, expression: str, seconds: float = 60):
        """The value of a Python expression in the notebook's own kernel (anything that pickles).

        It waits its turn behind a running cell, like a cell. Names are those of the notebook.
        """
        pickled = f"__import__('base64').b64encode(__import__('pickle').dumps({expression})).decode()"
        question = self.server.ask_kernel(self.name, pickled, seconds)
        with ThreadPoolExecutor(1) as pool:  # playwright's event loop occupies this thread
            value = pool.submit(asyncio.run, question).result()
        if value["status"] != "ok":
            raise AssertionError(f"{expression} in the kernel: {value['ename']}: {value['evalue']}")
        return pickle.loads(base64.b64decode(ast.literal_eval(value["data"]["text/plain"])))


def canvas_pixels(canvas: Locator) -> np.ndarray:
    """The pixels of a 2-d canvas, (height, width, 4) uint8 RGBA, not premultiplied.

    Where alpha is neither 0 nor 255 the browser may be off by one or two in a colour.
    """
    height, width, data = canvas.evaluate(READ_CANVAS)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


@contextmanager
def opened(browser: Browser, server: Server, notebook: Path, **context_options) -> Iterator[NotebookPage]:
    """Copy `notebook` into the server's folder and open it; its kernel is stopped at the end.

    `context_options` are playwright's (color_scheme="dark", viewport=…). A request to any other machine and an
    uncaught error in the page fail the test at the end.
    """
    options = {"viewport": {"width": 1400, "height": 1000}} | context_options
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT)
    try:
        driven = NotebookPage(context.new_page(), server, server.copy_in(notebook))
        driven.open()
        yield driven
    finally:
        context.close()
        server.stop_kernels()
    assert not driven.foreign_requests, f"the page asked other machines for {driven.foreign_requests}"
    assert not driven.errors, f"uncaught errors in a widget: {driven.errors}"
