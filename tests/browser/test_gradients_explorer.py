"""The gradients explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import (
    add_picture,
    all_painted,
    becomes,
    closes_when_its_cell_runs_again,
    first_state,
    is_accessible,
    next_by_keyboard,
    painted,
    settled,
)
from playwright.sync_api import expect

CELLS = (
    "from xaiwidgets import GradientsExplorer\nimport threading",
    "explorer = GradientsExplorer()\nexplorer",
    "1 + 1",
)
OFFSET, STEPS = "explorer.input.offset", "explorer.parameters.values['Integrated gradients.steps']"


@pytest.fixture
def shown(notebook):
    """The explorer in its first state."""
    reset = "[setattr(explorer.input, 'offset', (0, 0)), setattr(explorer.gallery, 'selected', 0)]"
    return first_state(notebook, reset, "explorer.input", 0)


def test_input_and_maps_show_the_kernels_arrays(notebook, shown):
    pictures = all_painted(notebook, shown, "explorer.input", "explorer.maps.views[0]", "explorer.maps.views[1]")
    assert len({picture.tobytes() for picture in pictures}) == 3


def test_dragging_by_pointer_moves_picture_and_maps(notebook, shown):
    before = painted(notebook, shown, "explorer.maps.views[0]", 1)
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 30, y - 15, steps=6)
    notebook.page.mouse.up()
    assert becomes(notebook, OFFSET, (-5, 10))
    after = painted(notebook, shown, "explorer.maps.views[0]", 1)
    assert not np.array_equal(before, after)


def test_the_picture_moves_by_keyboard(notebook, shown):
    shown.locator(".xai-image .xai-overlay").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        notebook.page.keyboard.press(key)
    assert becomes(notebook, OFFSET, (2, 1))
    painted(notebook, shown, "explorer.input", 0)
    notebook.page.keyboard.press("Escape")
    assert becomes(notebook, OFFSET, (0, 0))


def test_a_class_and_a_picture_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Class scores", "scores"), ("Pictures", "gallery")):
        next_by_keyboard(notebook, shown, label, f"explorer.{name}")
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


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)


def test_running_the_cell_again_closes_the_earlier_explorer(notebook):
    closes_when_its_cell_runs_again(notebook)


def test_a_picture_of_the_reader_is_explained_and_a_damaged_one_answered(notebook, shown, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    shown.locator("input[type=file]").set_input_files(damaged)
    shown.get_by_text("damaged.png cannot be read as a picture").wait_for()
    add_picture(notebook, shown, tmp_path / "huge.png", (6000, 4000), (200, 30, 40))
