"""The occlusion explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import (
    becomes,
    first_state,
    is_accessible,
    next_by_keyboard,
    painted,
    same_pixels,
    settled,
)
from playwright.sync_api import expect

FRONT_ENDS = ("lab-no-subshells",)
CELLS = (
    "import numpy as np\nfrom xaiwidgets import OcclusionExplorer\nfrom xaiwidgets.colors import picture",
    "explorer = OcclusionExplorer()\nexplorer",
    "1 + 1",
)
START = (
    "[explorer.values.update({'share': 0.1, 'wiped': 'most', 'steps': 150}),"
    " explorer.choices.set_trait('values', {'mode': 'occluder'}), explorer.gallery.set_trait('selected', 0),"
    " explorer.views.lay_occluder((32, 32)), explorer.wait(60)] and None"
)
INPUT, MAPS = "explorer.input", ("explorer.maps.views[0]", "explorer.maps.views[1]")
TOLD = "explorer.views.cards[0].caption"


@pytest.fixture
def shown(notebook):
    """The explorer with the occluder in the middle of its first picture."""
    return first_state(notebook, START, INPUT, 0)


def choose(notebook, shown, label):
    """Press one of a row of buttons."""
    shown.get_by_text(label, exact=True).click()


def under_the_occluder(notebook, shown):
    """The two pictures on the page, once they show what the model saw."""
    canvases = shown.locator(".xai-image .xai-pixels")
    seen = "[picture(each) for each in explorer.result.pictures]"
    return [same_pixels(notebook, canvases.nth(k + 1), lambda k=k: settled(notebook, seen)[k]) for k in range(2)]


def drag(notebook, canvas, *stops):
    """Press, move and release; points are shares of the canvas's (width, height)."""
    box = canvas.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stops]
    notebook.page.mouse.move(*points[0])
    notebook.page.mouse.down()
    for point in points[1:]:
        notebook.page.mouse.move(*point, steps=5)
    notebook.page.mouse.up()


@pytest.mark.parametrize("which", [0, 2])
def test_dragging_on_any_picture_moves_the_occluder_and_the_scores_follow(notebook, shown, which):
    before = notebook.kernel_eval("explorer.scores.values")
    drag(notebook, shown.locator(".xai-image .xai-overlay").nth(which), (0.5, 0.5), (0.7, 0.3))
    assert becomes(notebook, "explorer.place", (19, 44))
    after = settled(notebook, "explorer.scores.values", lambda found: not np.array_equal(found, before))
    assert not np.array_equal(after, before)
    pictures = under_the_occluder(notebook, shown)
    assert (pictures[0][19, 44] == 0).all()
    expect(shown.get_by_text(notebook.kernel_eval(TOLD), exact=True).first).to_be_visible()
    bars = shown.get_by_role("listbox", name="Probability: choose a class").first
    expect(bars.locator("[aria-selected=true]")).to_have_attribute(
        "aria-label", notebook.kernel_eval("f'balloon: {100 * explorer.scores.values[0]:.0f} %, whole picture '"
                                           "f'{100 * explorer.scores.marks[0]:.0f} %, true class'")
    )  # fmt: skip


def test_the_occluder_is_moved_by_keyboard_and_taken_away(notebook, shown):
    shown.locator(".xai-image .xai-overlay").nth(1).focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowUp"):
        notebook.page.keyboard.press(key)
    assert becomes(notebook, "explorer.place", (35, 33))
    under_the_occluder(notebook, shown)
    expect(shown.locator("[data-state] [role=status]")).to_have_text(notebook.kernel_eval(TOLD))
    notebook.page.keyboard.press("Escape")
    assert becomes(notebook, "explorer.place", None)
    for pixels in under_the_occluder(notebook, shown):
        np.testing.assert_array_equal(pixels, notebook.kernel_eval("explorer.input.image"))


def test_window_shape_and_fill_are_chosen(notebook, shown):
    choose(notebook, shown, "disc")
    shown.get_by_label("Fill: what is seen there").select_option("inpaint")
    shown.get_by_label("Size of the window", exact=True).focus()
    notebook.page.keyboard.press("ArrowRight")
    wanted = ("disc", "inpaint", 14)
    assert becomes(notebook, "tuple(explorer.choices.values[n] for n in ('shape', 'fill', 'window'))", wanted)
    under_the_occluder(notebook, shown)
    notebook.kernel_eval("explorer.choices.set_trait('values', {'shape': 'square', 'fill': 'black', 'window': 13})")
    under_the_occluder(notebook, shown)


def test_two_maps_side_by_side(notebook, shown):
    choose(notebook, shown, "map")
    assert becomes(notebook, "explorer.result.finished and explorer.result.request.mode", "map")
    maps = [painted(notebook, shown, view, index) for index, view in enumerate(MAPS, 1)]
    assert not np.array_equal(*maps)
    assert notebook.kernel_eval("explorer.maps.views[0].limit == explorer.maps.views[1].limit")


def test_a_share_is_wiped_at_the_curves_and_more_by_brush(notebook, shown):
    choose(notebook, shown, "wipe")
    marker = shown.get_by_role("slider", name="Probability of balloon")
    marker.focus()
    notebook.page.keyboard.press("ArrowRight")
    assert becomes(notebook, "explorer.choices.values['share']", 0.125)
    shown.get_by_text("What is left", exact=True).wait_for()
    before = notebook.kernel_eval("explorer.result.pictures")
    drag(notebook, shown.locator(".xai-image .xai-overlay").nth(2), (0.1, 0.1), (0.3, 0.1))
    seen = settled(notebook, "explorer.result.pictures", lambda found: bool((found[0, :, 6, 12] == 0).all()))
    assert bool((seen[0, :, 6, 12] == 0).all())
    assert not bool((before[0, :, 6, 12] == 0).all())
    left = shown.locator(".xai-image .xai-pixels").nth(2)
    same_pixels(notebook, left, lambda: settled(notebook, "picture(explorer.result.pictures[0])"))
    shown.get_by_role("button", name="Clear: What is left").click()
    assert becomes(notebook, "explorer.views.wiped.brushed.size", 0)


def test_the_learned_mask_appears_step_by_step_and_cancel_is_answered(notebook, shown):
    notebook.kernel_eval("explorer.values.update({'steps': 1000})")
    choose(notebook, shown, "mask")
    shown.get_by_text(", step ").first.wait_for()
    shown.get_by_role("button", name="Cancel").click()
    shown.locator("[data-state=cancelled]").wait_for()
    assert 1 <= notebook.kernel_eval("len(explorer.result.trace.x)") < 201
    assert not notebook.kernel_eval("explorer.result.finished")
    painted(notebook, shown, MAPS[0], 1)
    painted(notebook, shown, "explorer.views.behind", 2)
    notebook.kernel_eval("explorer.choices.set_trait('values', {'steps': 20})")
    assert becomes(notebook, "explorer.result.finished", True)
    shown.locator("[data-state=ready]").wait_for()


def test_pictures_and_classes_are_chosen_by_keyboard(notebook, shown):
    next_by_keyboard(notebook, shown, "Pictures", "explorer.gallery")
    bars = shown.get_by_role("listbox", name="Probability: choose a class").first
    bars.get_by_role("option").first.click()
    assert becomes(notebook, "[bars.selected for bars in explorer.views.bars]", [0, 0])
    under_the_occluder(notebook, shown)


def test_it_is_accessible(notebook, shown):
    notebook.kernel_eval("explorer.values.update({'steps': 5})")
    for mode in ("map", "mask"):
        choose(notebook, shown, mode)
        settled(notebook, "explorer.result.request.mode")
        assert notebook.axe_violations(shown) == []
    choose(notebook, shown, "occluder")
    settled(notebook, "explorer.result.request.mode")
    is_accessible(notebook, shown)
