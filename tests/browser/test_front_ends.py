"""The fixtures themselves, on a small widget: a canvas whose one button inverts the picture in Python."""

import nbformat
import numpy as np
import pytest
from notebook_page import NotebookPage, canvas_pixels

WIDGET = '''
import anywidget, numpy as np, threading, traitlets

class Tiny(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
      const canvas = document.createElement("canvas");
      canvas.width = 4; canvas.height = 3;
      canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", "noise");
      const draw = () => {
        const bytes = model.get("pixels");
        const rgba = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        canvas.getContext("2d").putImageData(new ImageData(rgba, 4, 3), 0, 0);
        canvas.dataset.drawn = model.get("presses");
      };
      const guarded = document.createElement("button"), bare = document.createElement("button");
      guarded.textContent = "invert"; bare.textContent = "bare";
      guarded.setAttribute("data-lm-suppress-shortcuts", "true");
      guarded.addEventListener("click", () => {
        model.set("presses", model.get("presses") + 1);
        model.save_changes();
      });
      canvas.addEventListener("click", () => { throw new Error("clicked"); });
      const good = document.createElement("div"); good.className = "good"; good.append(canvas, guarded);
      const bad = document.createElement("div"); bad.className = "bad"; bad.append(bare);
      bad.append(document.createElement("input"));
      el.append(good, bad);
      model.on("change:pixels", draw); draw();
    }
    export default { render };
    """
    pixels = traitlets.Bytes().tag(sync=True)
    presses = traitlets.Int(0).tag(sync=True)
    threads = ()

    @traitlets.observe("presses")
    def _invert(self, change):
        self.threads += (threading.current_thread().name,)
        array = 255 - np.frombuffer(self.pixels, np.uint8).reshape(3, 4, 4)
        array[..., 3] = 255
        self.pixels = array.tobytes()

picture = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8)
picture[..., 3] = 255
'''


@pytest.fixture(scope="module")
def notebook(front_end, open_notebook, tmp_path_factory) -> NotebookPage:
    cells = [WIDGET.strip(), "widget = Tiny(pixels=picture.tobytes())\nwidget", "1 + 1"]
    path = tmp_path_factory.mktemp("notebook") / "tiny.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}  # else the page asks which
    cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    driven = open_notebook(front_end, path)
    driven.run_all()
    return driven


def test_the_canvas_shows_the_kernels_array(notebook):
    canvas = notebook.outputs(1).locator("canvas")
    presses = notebook.kernel_eval("widget.presses")
    for press in range(presses, presses + 2):
        pixels = np.frombuffer(notebook.kernel_eval("widget.pixels"), np.uint8).reshape(3, 4, 4)
        assert np.array_equal(canvas_pixels(canvas), pixels)
        assert not np.array_equal(pixels, 255 - pixels)
        notebook.outputs(1).locator(".good button").press("Enter")
        notebook.outputs(1).locator(f"canvas[data-drawn='{press + 1}']").wait_for()
    assert notebook.kernel_eval("(picture == np.frombuffer(widget.pixels, np.uint8).reshape(3, 4, 4)).all()")


def test_the_setting_decides_on_which_thread_callbacks_run(notebook, request):
    presses = notebook.kernel_eval("widget.presses")
    for press in range(presses + 1, presses + 4):  # the first callback may come on either thread
        notebook.outputs(1).locator(".good button").press("Enter")
        notebook.outputs(1).locator(f"canvas[data-drawn='{press}']").wait_for()
    threads = set(notebook.kernel_eval("widget.threads"))
    assert (threads == {"MainThread"}) == ("no-subshells" in request.node.name)


def test_a_guarded_button_keeps_the_cells_and_a_bare_one_does_not(notebook):
    cells = notebook.cell_count()
    assert notebook.cells_deleted_by_dd(notebook.outputs(1).locator(".good")) == []
    (guilty,) = notebook.cells_deleted_by_dd(notebook.outputs(1).locator(".bad"))
    assert "bare" in guilty
    assert notebook.cell_count() == cells


def test_axe_names_the_input_without_a_label(notebook):
    assert notebook.axe_violations(notebook.outputs(1).locator(".good")) == []
    (violation,) = notebook.axe_violations(notebook.outputs(1).locator(".bad"))
    assert violation.startswith("label: ")


def test_one_cell_runs_by_keyboard(notebook):
    notebook.kernel_eval("globals().update(marker=7)")
    notebook.run_cell(2)
    assert notebook.outputs(2).inner_text().strip().endswith("2")
    assert notebook.kernel_eval("marker") == 7


def test_another_host_is_noticed(notebook):
    before = len(notebook.foreign_requests)
    notebook.page.evaluate("fetch('http://example.org/x').catch(() => 0)")
    assert notebook.foreign_requests[before:] == ["http://example.org/x"]
    del notebook.foreign_requests[before:]


def test_an_error_in_a_widget_is_noticed(notebook):
    with notebook.page.expect_event("pageerror"):
        notebook.outputs(1).locator("canvas").click()
    (error,) = notebook.errors
    assert "clicked" in error
    notebook.errors.clear()
