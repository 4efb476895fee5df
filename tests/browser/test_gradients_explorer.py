"""The gradients explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from notebook_files import notebook_of
from notebook_page import NotebookPage, canvas_pixels
from PIL import Image

from xaiwidgets.colors import overlay

CELLS = (
    "from xaiwidgets import GradientsExplorer\nfrom ipywidgets.widgets.widget import _instances\nimport time",
    "explorer = GradientsExplorer()\nexplorer",
    "time.sleep(0)",
)


@pytest.fixture(scope="module")
def notebook(front_end, open_notebook, tmp_path_factory) -> NotebookPage:
    driven = open_notebook(front_end, notebook_of(tmp_path_factory.mktemp("notebook") / "gradients.ipynb", *CELLS))
    driven.run_all()
    return driven


@pytest.fixture
def shown(notebook):
    """The explorer in its first state."""
    reset = "[setattr(explorer.input, 'offset', (0, 0)), setattr(explorer.gallery, 'selected', 0)]"
    notebook.kernel_eval(f"({reset}, explorer.wait(30))")
    notebook.outputs(1).locator("[data-state=ready]").wait_for()
    return notebook.outputs(1)


def painted_as_in_the_kernel(notebook, shown, view, index):
    """Wait until the canvas of a view shows what the kernel's arrays say; compare every pixel."""
    state = notebook.kernel_eval(f"[{view}.image, {view}.heatmap, {view}.limit, {view}.opacity]")
    image, heatmap, limit, opacity = state
    expected = overlay(image, heatmap, limit, opacity)
    canvas = shown.locator(".xai-image .xai-pixels").nth(index)
    for _ in range(50):
        found = canvas_pixels(canvas)
        if found.shape[:2] == expected.shape[:2] and np.array_equal(found[..., :3], expected):
            return found
        notebook.page.wait_for_timeout(100)
    np.testing.assert_array_equal(found[..., :3], expected)
    return found


def test_input_and_maps_show_the_kernels_arrays(notebook, shown):
    pictures = [painted_as_in_the_kernel(notebook, shown, "explorer.input", 0)]
    pictures += [painted_as_in_the_kernel(notebook, shown, f"explorer.maps.views[{i}]", i + 1) for i in (0, 1)]
    assert len({picture.tobytes() for picture in pictures}) == 3


def test_dragging_by_pointer_moves_picture_and_maps(notebook, shown):
    before = canvas_pixels(shown.locator(".xai-image .xai-pixels").nth(1))
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 30, y - 15, steps=6)
    notebook.page.mouse.up()
    notebook.page.wait_for_timeout(300)
    assert notebook.kernel_eval("(explorer.wait(30), explorer.input.offset)")[1] == (-5, 10)
    after = painted_as_in_the_kernel(notebook, shown, "explorer.maps.views[0]", 1)
    assert not np.array_equal(before, after)


def test_the_picture_moves_by_keyboard(notebook, shown):
    shown.locator(".xai-image .xai-overlay").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        notebook.page.keyboard.press(key)
    notebook.page.wait_for_timeout(300)
    assert notebook.kernel_eval("(explorer.wait(30), explorer.input.offset)")[1] == (2, 1)
    painted_as_in_the_kernel(notebook, shown, "explorer.input", 0)
    notebook.page.keyboard.press("Escape")
    notebook.page.wait_for_timeout(300)
    assert notebook.kernel_eval("(explorer.wait(30), explorer.input.offset)")[1] == (0, 0)


def test_a_class_and_a_picture_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Class scores", "scores"), ("Pictures", "gallery")):
        before = notebook.kernel_eval(f"explorer.{name}.selected")
        options = shown.get_by_role("listbox", name=label).get_by_role("option")
        options.nth(before).focus()
        notebook.page.keyboard.press("ArrowDown")
        notebook.page.keyboard.press("Enter")
        notebook.page.wait_for_timeout(300)
        assert notebook.kernel_eval(f"(explorer.wait(30), explorer.{name}.selected)")[1] != before
    painted_as_in_the_kernel(notebook, shown, "explorer.maps.views[1]", 2)


def test_steps_change_by_keyboard_and_the_gap_is_read_live(notebook, shown):
    slider = shown.get_by_role("slider", name="Integrated gradients: steps")
    caption = shown.locator(".xai-image .xai-caption").nth(2)
    before, steps = (
        caption.inner_text(),
        notebook.kernel_eval("explorer.parameters.values['Integrated gradients.steps']"),
    )
    slider.focus()
    for _ in range(6):
        notebook.page.keyboard.press("ArrowLeft")
    notebook.page.wait_for_timeout(400)
    after = notebook.kernel_eval("(explorer.wait(30), explorer.parameters.values['Integrated gradients.steps'])")[1]
    assert after < steps
    notebook.page.wait_for_function("([e, t]) => e.innerText !== t", arg=[caption.element_handle(), before])
    assert "completeness gap" in caption.inner_text()


def test_methods_are_chosen_by_pointer_and_an_error_stands_in_its_place(notebook, shown):
    shown.locator(".xai-controls").get_by_text("Simple Taylor", exact=True).click()
    notebook.page.wait_for_timeout(300)
    notebook.kernel_eval("explorer.wait(30)")
    titles = shown.locator(".xai-image .xai-title")
    titles.filter(has_text="Simple Taylor").wait_for()
    assert titles.count() == 4
    notebook.kernel_eval("[explorer.scores.set_trait('selected', 99), explorer.wait(30)]")
    shown.get_by_text("target must be a class index").first.wait_for()
    notebook.kernel_eval("[explorer.scores.set_trait('selected', 0), explorer.wait(30)]")
    shown.locator(".xai-controls").get_by_text("Simple Taylor", exact=True).click()
    titles.filter(has_text="Simple Taylor").wait_for(state="detached")


def test_cancel_is_answered(notebook, shown):
    slow = "explorer.model.register_forward_hook(lambda *_: time.sleep(0.1))"
    assert notebook.kernel_eval(f"str([globals().update(handle={slow}), explorer.update()])")
    shown.locator("[data-state=busy]").wait_for()
    shown.get_by_role("button", name="Cancel").click()
    shown.locator("[data-state=cancelled]").wait_for(timeout=2000)
    notebook.kernel_eval("[handle.remove(), explorer.update(), explorer.wait(30)][0]")
    shown.locator("[data-state=ready]").wait_for()


def test_axe_finds_nothing(notebook, shown):
    assert notebook.axe_violations(shown) == []


def test_typing_d_d_deletes_no_cell(notebook, shown):
    assert notebook.cells_deleted_by_dd(shown) == []


def test_running_the_cell_again_closes_the_earlier_explorer(notebook):
    notebook.run_cell(1)
    widgets = notebook.kernel_eval("len(_instances)")
    for _ in range(3):
        notebook.run_cell(1)
    assert notebook.kernel_eval("len(_instances)") == widgets
    assert notebook.outputs(1).locator(".xai-explorer").count() == 1


def test_a_picture_of_the_reader_is_explained_and_a_damaged_one_answered(notebook, shown, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    shown.locator("input[type=file]").set_input_files(damaged)
    shown.get_by_text("damaged.png cannot be read as a picture").wait_for()
    count = notebook.kernel_eval("len(explorer.data)")
    huge = tmp_path / "huge.png"
    Image.new("RGB", (6000, 4000), (200, 30, 40)).save(huge)
    shown.locator("input[type=file]").set_input_files(huge)
    shown.get_by_text("huge.png added").wait_for()
    notebook.page.wait_for_timeout(300)
    assert notebook.kernel_eval("(explorer.wait(30), len(explorer.data))")[1] == count + 1
    pixels = painted_as_in_the_kernel(notebook, shown, "explorer.input", 0)
    assert np.unique(pixels.reshape(-1, 4), axis=0).tolist() == [[200, 30, 40, 255]]
