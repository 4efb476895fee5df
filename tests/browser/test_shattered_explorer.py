"""The walk through input space as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import all_painted, becomes, first_state, is_accessible, settled

FRONT_ENDS = ("lab-no-subshells",)
CELLS = ("from xaiwidgets import ShatteredExplorer", "explorer = ShatteredExplorer()\nexplorer", "1 + 1")
MARKERS = "[explorer.scores.marker, explorer.slopes.marker]"


@pytest.fixture
def shown(notebook):
    """The explorer with the marker in the middle."""
    return first_state(notebook, "explorer.scores.set_trait('marker', 0.5)", "explorer.input", 0)


def everything_is_painted(notebook, shown):
    return all_painted(notebook, shown, "explorer.input", "explorer.maps[0]", "explorer.maps[1]")


def test_picture_and_maps_show_the_kernels_arrays(notebook, shown):
    assert len({painted.tobytes() for painted in everything_is_painted(notebook, shown)}) == 3


def test_the_marker_walks_by_keyboard(notebook, shown):
    before = everything_is_painted(notebook, shown)
    shown.get_by_role("slider", name="Score of the class").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        notebook.page.keyboard.press(key)
    assert becomes(notebook, "explorer.scores.marker", pytest.approx((64 + 13) / 128))
    after = everything_is_painted(notebook, shown)
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    notebook.page.keyboard.press("End")
    assert becomes(notebook, "explorer.scores.marker", 1)
    end = notebook.kernel_eval("explorer.end.images[explorer.end.selected]")
    np.testing.assert_array_equal(everything_is_painted(notebook, shown)[0], end)


def test_the_marker_walks_by_pointer_on_the_other_curve_too(notebook, shown):
    place = shown.locator(".xai-curves .xai-plot").nth(1).bounding_box()
    y = place["y"] + place["height"] / 3
    notebook.page.mouse.move(place["x"] + 0.2 * place["width"], y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(place["x"] + 0.3 * place["width"], y, steps=8)
    notebook.page.mouse.up()
    marker = float(shown.get_by_role("slider", name="marker").nth(1).get_attribute("aria-valuenow"))
    assert 0.1 < marker < 0.45
    assert becomes(notebook, MARKERS, [marker, marker])
    everything_is_painted(notebook, shown)
    shown.get_by_text(f"at {marker:.2f} of the way").first.wait_for()


def test_both_ends_and_the_nets_are_chosen(notebook, shown):
    before = notebook.kernel_eval("explorer.scores.series")
    shown.get_by_role("listbox", name="To").get_by_role("option").nth(3).click()
    assert becomes(notebook, "explorer.end.selected", 3)
    shown.get_by_text("depth 7", exact=True).first.click()
    series = settled(notebook, "explorer.scores.series", lambda found: len(found) == 3)
    assert series.shape == (3, 129)
    assert not np.allclose(series[0], before[0])
    start = shown.get_by_role("listbox", name="From").get_by_role("option")
    start.first.focus()
    notebook.page.keyboard.press("End")
    assert becomes(notebook, "explorer.start.selected", 19)
    assert notebook.kernel_eval("explorer.controls.values['target'] == int(explorer.data.labels[19])")
    everything_is_painted(notebook, shown)


def test_the_same_picture_at_both_ends_is_answered_in_place(notebook, shown):
    notebook.kernel_eval("(explorer.end.set_trait('selected', explorer.start.selected), explorer.wait(60))")
    shown.get_by_text("start and end are the same input").first.wait_for()
    notebook.kernel_eval("(explorer.end.set_trait('selected', 4), explorer.wait(60))")
    shown.locator("[data-state=ready]").wait_for()


def test_gradients_are_compared_by_cosine(notebook, shown):
    shown.get_by_text("cosine", exact=True).click()
    shown.get_by_text("Cosine of the angle between gradients").first.wait_for()
    assert becomes(notebook, "bool((explorer.likeness.series[:, 1:] < 1).all())", True)


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)
