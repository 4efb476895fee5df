"""The gradients explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import opened_on, painted, settled
from notebook_page import NotebookPage
from PIL import Image
from playwright.sync_api import expect

CELLS = (
    "from xaiwidgets import GradientsExplorer\nfrom ipywidgets.widgets.widget import _instances\nimport threading",
    "explorer = GradientsExplorer()\nexplorer",
    "1 + 1",
)
OFFSET, STEPS = "explorer.input.offset", "explorer.parameters.values['Integrated gradients.steps']"


@pytest.fixture(scope="module")
def notebook(front_end, open_notebook, tmp_path_factory) -> NotebookPage:
    return opened_on(open_notebook, front_end, tmp_path_factory.mktemp("gradients"), *CELLS)


@pytest.fixture
def shown(notebook):
    """The explorer in its first state."""
    notebook.kernel_eval("[setattr(explorer.input, 'offset', (0, 0)), setattr(explorer.gallery, 'selected', 0)]")
    painted(notebook, notebook.outputs(1), "explorer.input", 0)
    notebook.outputs(1).locator("[data-state=ready]").wait_for()
    return notebook.outputs(1)


def test_input_and_maps_show_the_kernels_arrays(notebook, shown):
    pictures = [painted(notebook, shown, "explorer.input", 0)]
    pictures += [painted(notebook, shown, f"explorer.maps.views[{i}]", i + 1) for i in (0, 1)]
    assert len({picture.tobytes() for picture in pictures}) == 3


def test_dragging_by_pointer_moves_picture_and_maps(notebook, shown):
    before = painted(notebook, shown, "explorer.maps.views[0]", 1)
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 30, y - 15, steps=6)
    notebook.page.mouse.up()
    assert settled(notebook, OFFSET, lambda found: found == (-5, 10)) == (-5, 10)
    after = painted(notebook, shown, "explorer.maps.views[0]", 1)
    assert not np.array_equal(before, after)


def test_the_picture_moves_by_keyboard(notebook, shown):
    shown.locator(".xai-image .xai-overlay").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        notebook.page.keyboard.press(key)
    assert settled(notebook, OFFSET, lambda found: found == (2, 1)) == (2, 1)
    painted(notebook, shown, "explorer.input", 0)
    notebook.page.keyboard.press("Escape")
    assert settled(notebook, OFFSET, lambda found: found == (0, 0)) == (0, 0)


def test_a_class_and_a_picture_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Class scores", "scores"), ("Pictures", "gallery")):
        before = notebook.kernel_eval(f"explorer.{name}.selected")
        options = shown.get_by_role("listbox", name=label).get_by_role("option")
        options.nth(before).focus()
        notebook.page.keyboard.press("ArrowDown")
        notebook.page.keyboard.press("Enter")
        assert settled(notebook, f"explorer.{name}.selected", lambda found, old=before: found != old) != before
    painted(notebook, shown, "explorer.maps.views[1]", 2)


def test_steps_change_by_keyboard_and_the_gap_is_read_live(notebook, shown):
    slider = shown.get_by_role("slider", name="Integrated gradients: steps")
    caption = shown.locator(".xai-image .xai-caption").nth(2)
    before, steps = caption.inner_text(), notebook.kernel_eval(STEPS)
    slider.focus()
    for _ in range(6):
        notebook.page.keyboard.press("ArrowLeft")
    assert settled(notebook, STEPS, lambda found: found < steps) < steps
    notebook.page.wait_for_function("([e, t]) => e.innerText !== t", arg=[caption.element_handle(), before])
    assert "completeness gap" in caption.inner_text()


def test_methods_are_chosen_by_pointer_and_an_error_stands_in_its_place(notebook, shown):
    shown.locator(".xai-controls").get_by_text("Simple Taylor", exact=True).click()
    titles = shown.locator(".xai-image .xai-title")
    titles.filter(has_text="Simple Taylor").wait_for()
    expect(titles).to_have_count(4)
    notebook.kernel_eval("[explorer.scores.set_trait('selected', 99), explorer.wait(60)]")
    shown.get_by_text("target must be a class index").first.wait_for()
    notebook.kernel_eval("[explorer.scores.set_trait('selected', 0), explorer.wait(60)]")
    shown.locator(".xai-controls").get_by_text("Simple Taylor", exact=True).click()
    titles.filter(has_text="Simple Taylor").wait_for(state="detached")


def test_cancel_is_answered(notebook, shown):
    """The net stops in the middle, as soon as the foot line says so, until Cancel has arrived."""
    wait = "[gate.wait(60 if explorer.status.state == 'busy' else 0.15)] and None"  # a hook's value would be the output
    held = f"explorer.model.register_forward_hook(lambda *_: {wait})"
    notebook.kernel_eval("globals().update(gate=threading.Event())")
    notebook.kernel_eval("explorer.status.observe(lambda change: gate.set(), names=['cancelled'])")
    notebook.kernel_eval(f"str([globals().update(handle={held}), explorer.update()])")
    shown.locator("[data-state=busy]").wait_for()
    shown.get_by_role("button", name="Cancel").click()
    shown.locator("[data-state=cancelled]").wait_for()
    notebook.kernel_eval("[handle.remove(), explorer.update(), explorer.wait(60)][0]")
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
    expect(notebook.outputs(1).locator(".xai-explorer")).to_have_count(1)


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
    assert settled(notebook, "len(explorer.data)", lambda found: found > count) == count + 1
    pixels = painted(notebook, shown, "explorer.input", 0)
    assert np.unique(pixels.reshape(-1, 3), axis=0).tolist() == [[200, 30, 40]]
