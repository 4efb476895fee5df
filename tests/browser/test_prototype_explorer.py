"""The prototype explorer as a student uses it: by pointer and by keyboard."""

import numpy as np
import pytest
from explorer_page import becomes, first_state, is_accessible, next_by_keyboard, painted

FRONT_ENDS = ("lab-subshells",)
CELLS = (
    "from xaiwidgets import PrototypeExplorer",
    'explorer = PrototypeExplorer(net="digits-cnn")\nexplorer',
    "1 + 1",
)
# Few steps, and the first class again.
START = (
    "[explorer.wishes.edited.update({('digits-cnn', name): {'steps': 20} for name in explorer.subject.variants}),"
    " explorer.wishes.lay(mode='regularisers', start='noise', target='a class', of='code space', seed=0,"
    " variants=['none', 'l2', 'gaussian', 'code space']), explorer.gallery.set_trait('selected', None),"
    " explorer.scores.set_trait('selected', 0), explorer.update(), explorer.wait(60)] and None"
)
SQUARES = [f"explorer.views.squares[{place}]" for place in range(4)]
STEP = "explorer.views.curves.marker"


@pytest.fixture
def shown(notebook):
    """The explorer with four prototypes of the digit 0 after 20 steps."""
    return first_state(notebook, START, "explorer.input", 0)


def all_squares(notebook, shown):
    """The prototypes as they are painted."""
    return [painted(notebook, shown, view, place + 1) for place, view in enumerate(SQUARES)]


def choose(shown, label):
    """Press one of a row of buttons."""
    shown.get_by_text(label, exact=True).first.click()


def test_the_line_is_dragged_and_moved_by_keyboard_to_go_back_through_the_steps(notebook, shown):
    last = all_squares(notebook, shown)
    line = shown.get_by_role("slider", name="Probability while they grow")
    box = shown.locator(".xai-curves .xai-frame, .xai-curves svg").first.bounding_box()
    grip = line.locator(".xai-grip").bounding_box()
    middle = grip["y"] + grip["height"] / 2
    notebook.page.mouse.move(grip["x"] + grip["width"] / 2, middle)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + 30, middle, steps=4)
    notebook.page.mouse.up()
    assert becomes(notebook, STEP, 0.0)
    first = all_squares(notebook, shown)
    assert all(not np.array_equal(a, b) for a, b in zip(first, last, strict=True))
    for key, step in (("ArrowRight", 5.0), ("End", 20.0)):
        notebook.page.keyboard.press(key)
        assert becomes(notebook, STEP, step)
    for found, wanted in zip(all_squares(notebook, shown), last, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_slider_moved_by_keyboard_changes_one_prototype(notebook, shown):
    before = all_squares(notebook, shown)
    shown.get_by_role("radio", name="l2", exact=True).check(force=True)
    slider = shown.get_by_label("L2", exact=True)
    slider.focus()
    notebook.page.keyboard.press("End")
    assert becomes(notebook, "explorer.wishes.settings.values['l2']", 20)
    after = all_squares(notebook, shown)
    assert [np.array_equal(a, b) for a, b in zip(after, before, strict=True)] == [True, False, True, True]
    shown.get_by_text("l2 (changed)", exact=True).first.wait_for()


def test_variants_are_taken_away_and_added(notebook, shown):
    shown.get_by_role("checkbox", name="gaussian").focus()
    notebook.page.keyboard.press("Space")
    assert becomes(notebook, "explorer.wishes.values['variants']", ["none", "l2", "code space"])
    choose(shown, "fourier")
    assert becomes(notebook, "explorer.wishes.values['variants']", ["none", "l2", "fourier", "code space"])
    all_squares(notebook, shown)


def test_prototypes_grow_step_by_step_and_cancel_is_answered(notebook, shown):
    notebook.kernel_eval("[edited.update(steps=2000) for edited in explorer.wishes.edited.values()] and None")
    shown.get_by_role("listbox", name="Seen in").get_by_role("option").nth(7).click()
    shown.get_by_role("button", name="Cancel").click()
    shown.locator("[data-state=cancelled]").wait_for()
    assert becomes(notebook, "explorer.result.request.target", 7)
    assert not notebook.kernel_eval("explorer.result.finished")
    assert notebook.kernel_eval("explorer.result.trails[0][-1].step") < 2000
    all_squares(notebook, shown)


def test_from_edges_to_objects_beside_the_filters_as_they_are(notebook, shown):
    choose(shown, "layers")
    assert becomes(notebook, "len(explorer.views.grid.children)", 5)
    painted(notebook, shown, "explorer.input", 0)
    painted(notebook, shown, "explorer.views.squares[4]", 5)
    shown.get_by_text("The 16 filters as they are", exact=True).wait_for()
    channel = shown.get_by_label("Channel", exact=True)
    channel.focus()
    notebook.page.keyboard.press("ArrowRight")
    assert becomes(notebook, "explorer.result.request.squares[0].run.unit.channel", 1)
    painted(notebook, shown, SQUARES[0], 1)


def test_a_prototype_near_a_picture_chosen_by_keyboard(notebook, shown):
    notebook.kernel_eval("explorer.gallery.set_trait('selected', 0)")
    next_by_keyboard(notebook, shown, "Pictures", "explorer.gallery")
    assert becomes(notebook, "explorer.result.request.squares[0].run.start", "chosen picture")
    shown.get_by_text("Chosen picture", exact=True).first.wait_for()
    all_squares(notebook, shown)


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)
