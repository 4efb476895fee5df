"""The walk through input space as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from notebook_files import notebook_of
from notebook_page import NotebookPage, canvas_pixels

from xaiwidgets.colors import overlay

CELLS = ("from xaiwidgets import ShatteredExplorer", "explorer = ShatteredExplorer()\nexplorer", "1 + 1")


@pytest.fixture(scope="module")
def notebook(front_end, open_notebook, tmp_path_factory) -> NotebookPage:
    driven = open_notebook(front_end, notebook_of(tmp_path_factory.mktemp("notebook") / "shattered.ipynb", *CELLS))
    driven.run_all()
    return driven


@pytest.fixture
def shown(notebook):
    """The explorer with the marker in the middle."""
    notebook.kernel_eval("(explorer.scores.set_trait('marker', 0.5), explorer.wait(30))")
    notebook.outputs(1).locator("[data-state=ready]").wait_for()
    return notebook.outputs(1)


def read(notebook, expression):
    """The value of an expression once the browser's messages have arrived and nothing is computed any more."""
    notebook.page.wait_for_timeout(300)
    return notebook.kernel_eval(f"(explorer.wait(30), {expression})")[1]


def painted_as_in_the_kernel(notebook, shown, view, index):
    """Wait until the canvas of a view shows what the kernel's arrays say; compare every pixel."""
    expected = overlay(*notebook.kernel_eval(f"[{view}.image, {view}.heatmap, {view}.limit, {view}.opacity]"))
    canvas = shown.locator(".xai-image .xai-pixels").nth(index)
    for _ in range(50):
        found = canvas_pixels(canvas)[..., :3]
        if found.shape == expected.shape and np.array_equal(found, expected):
            break
        notebook.page.wait_for_timeout(100)
    np.testing.assert_array_equal(found, expected)
    return found


def everything_is_painted(notebook, shown):
    views = ("explorer.input", "explorer.maps[0]", "explorer.maps[1]")
    return [painted_as_in_the_kernel(notebook, shown, view, index) for index, view in enumerate(views)]


def test_picture_and_maps_show_the_kernels_arrays(notebook, shown):
    assert len({painted.tobytes() for painted in everything_is_painted(notebook, shown)}) == 3


def test_the_marker_walks_by_keyboard(notebook, shown):
    before = everything_is_painted(notebook, shown)
    shown.get_by_role("slider", name="Score of the class").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        notebook.page.keyboard.press(key)
    assert read(notebook, "explorer.scores.marker") == pytest.approx((64 + 13) / 128)
    after = everything_is_painted(notebook, shown)
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    notebook.page.keyboard.press("End")
    assert read(notebook, "explorer.scores.marker") == 1
    end = notebook.kernel_eval("explorer.end.images[explorer.end.selected]")
    np.testing.assert_array_equal(everything_is_painted(notebook, shown)[0], end)


def test_the_marker_walks_by_pointer_on_the_other_curve_too(notebook, shown):
    place = shown.locator(".xai-curves .xai-plot").nth(1).bounding_box()
    y = place["y"] + place["height"] / 3
    notebook.page.mouse.move(place["x"] + 0.2 * place["width"], y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(place["x"] + 0.3 * place["width"], y, steps=8)
    notebook.page.mouse.up()
    markers = read(notebook, "[explorer.scores.marker, explorer.slopes.marker]")
    assert markers[0] == markers[1]
    assert 0.1 < markers[0] < 0.45
    everything_is_painted(notebook, shown)
    shown.get_by_text(f"at {markers[0]:.2f} of the way").first.wait_for()


def test_both_ends_and_the_nets_are_chosen(notebook, shown):
    before = notebook.kernel_eval("explorer.scores.series")
    shown.get_by_role("listbox", name="To").get_by_role("option").nth(3).click()
    assert read(notebook, "explorer.end.selected") == 3
    shown.get_by_text("depth 7", exact=True).first.click()
    series = read(notebook, "explorer.scores.series")
    assert series.shape == (3, 129)
    assert not np.allclose(series[0], before[0])
    start = shown.get_by_role("listbox", name="From").get_by_role("option")
    start.first.focus()
    notebook.page.keyboard.press("End")
    assert read(notebook, "explorer.start.selected") == 19
    assert notebook.kernel_eval("explorer.controls.values['target'] == int(explorer.data.labels[19])")
    everything_is_painted(notebook, shown)


def test_the_same_picture_at_both_ends_is_answered_in_place(notebook, shown):
    notebook.kernel_eval("(explorer.end.set_trait('selected', explorer.start.selected), explorer.wait(30))")
    shown.get_by_text("start and end are the same input").first.wait_for()
    notebook.kernel_eval("(explorer.end.set_trait('selected', 4), explorer.wait(30))")
    shown.locator("[data-state=ready]").wait_for()


def test_gradients_are_compared_by_cosine(notebook, shown):
    shown.get_by_text("cosine", exact=True).click()
    shown.get_by_text("Cosine of the angle between gradients").first.wait_for()
    assert read(notebook, "bool((explorer.likeness.series[:, 1:] < 1).all())")


def test_axe_finds_nothing(notebook, shown):
    assert notebook.axe_violations(shown) == []


def test_typing_d_d_deletes_no_cell(notebook, shown):
    assert notebook.cells_deleted_by_dd(shown) == []
