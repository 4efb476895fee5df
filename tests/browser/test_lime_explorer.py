"""The LIME explorers as a student uses them: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import all_painted, becomes, first_state, is_accessible, next_by_keyboard, painted, settled

FRONT_ENDS = ("lab-subshells",)
CELLS = (
    "from xaiwidgets import LimeExplorer, LocalFitExplorer",
    "explorer = LimeExplorer()\nexplorer",
    "local = LocalFitExplorer()\nlocal",
)
VIEWS = ("explorer.input", "explorer.maps.views[0]")
RESET = (
    "[explorer.choices.set_trait('values', {'mode': 'segments'}), explorer.gallery.set_trait('selected', 0),"
    " explorer.leave_picture(), explorer.update()]"
)
POINT = "(local.wait(60), local.plane.point)[1]"


@pytest.fixture
def shown(notebook):
    """The explorer on its first picture, all segments on."""
    return first_state(notebook, RESET, VIEWS[0], 0)


def click(notebook, shown, row, column):
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    x, y = ((cell + 0.5) / 64 * place[side] for cell, side in ((column, "width"), (row, "height")))
    notebook.page.mouse.click(place["x"] + x, place["y"] + y)


def test_a_click_hides_a_segment_and_another_shows_it_again(notebook, shown):
    whole = painted(notebook, shown, VIEWS[0], 0)
    segment = notebook.kernel_eval("int(explorer.result.labels[40, 30])")
    click(notebook, shown, 40, 30)
    assert becomes(notebook, "explorer.off", {segment})
    shown.get_by_text("1 of", exact=False).first.wait_for()
    assert not np.array_equal(painted(notebook, shown, VIEWS[0], 0), whole)
    click(notebook, shown, 40, 30)
    assert becomes(notebook, "explorer.off", set())
    np.testing.assert_array_equal(painted(notebook, shown, VIEWS[0], 0), whole)


def test_a_segment_is_switched_by_keyboard(notebook, shown):
    shown.locator(".xai-image .xai-overlay").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    assert settled(notebook, "len(explorer.off)", lambda found: found == 1) == 1
    bars = shown.get_by_role("listbox", name="in the picture as it is now")
    bars.get_by_role("option", name="linear model").wait_for()
    shown.get_by_role("button", name="All on again").press("Enter")
    assert becomes(notebook, "explorer.off", set())


def test_a_weight_is_chosen_and_its_segment_switched(notebook, shown):
    next_by_keyboard(notebook, shown, "Class scores", "explorer.scores")
    weights = shown.get_by_role("listbox", name="Weights")
    weights.get_by_role("option").nth(2).click()
    assert becomes(notebook, "explorer.views.weights.selected", 2)
    shown.get_by_role("button", name="Switch the framed one").click()
    assert becomes(notebook, "explorer.off == {explorer.views.chosen}", True)
    all_painted(notebook, shown, *VIEWS)


def test_a_control_of_the_fit_is_set_by_keyboard(notebook, shown):
    before = notebook.kernel_eval("explorer.choices.values['kernel_width']")
    shown.get_by_role("slider", name="Kernel width σ").focus()
    notebook.page.keyboard.press("ArrowRight")
    after = settled(notebook, "explorer.choices.values['kernel_width']", lambda found: found != before)
    assert after > before
    all_painted(notebook, shown, *VIEWS)


def test_noise_on_the_pixels_is_shown_beside_the_gradient(notebook, shown):
    shown.get_by_text("pixels", exact=True).click()
    assert becomes(notebook, "explorer.result.request.mode", "pixels")
    shown.get_by_text("cosine with the gradient").first.wait_for()
    found = all_painted(notebook, shown, "explorer.input", "explorer.maps.views[0]", "explorer.maps.views[1]")
    assert len({pixels.tobytes() for pixels in found}) == 3
    assert notebook.axe_violations(shown) == []


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)


def test_the_point_of_the_local_fit_follows_pointer_and_keys(notebook):
    plane = notebook.outputs(2)
    handle = plane.locator(".xai-handle")
    plane.locator(".xai-plane").scroll_into_view_if_needed()
    before, dot = notebook.kernel_eval(POINT), plane.locator(".xai-handle .xai-dot").bounding_box()
    x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 60, y - 40, steps=5)
    notebook.page.mouse.up()
    unit = 2.4 / 356  # of the plane, a pixel
    wanted = (before[0] + 60 * unit, before[1] + 40 * unit)
    dragged = settled(notebook, POINT, lambda found: found == pytest.approx(wanted, abs=0.01))
    assert dragged == pytest.approx(wanted, abs=0.01)
    handle.press("ArrowLeft")
    keyed = settled(notebook, POINT, lambda found: found[0] < dragged[0] - 0.02)
    assert keyed == pytest.approx((dragged[0] - 0.024, dragged[1]), abs=1e-6)
    told = notebook.kernel_eval("(local.wait(60), local.plane.caption)[1]")
    plane.get_by_text(told).wait_for()
    is_accessible(notebook, plane)
