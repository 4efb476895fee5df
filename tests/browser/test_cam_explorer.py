"""The CAM explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from notebook_files import notebook_of
from notebook_page import NotebookPage, canvas_pixels

from xaiwidgets.colors import overlay

CELLS = ("from xaiwidgets import CAMExplorer", "explorer = CAMExplorer()\nexplorer", "1 + 1")
THINGS = "{o.name: o.mask.nonzero().float().mean(0).round().int().tolist() for o in explorer.data.objects[0]}"


@pytest.fixture(scope="module")
def notebook(front_end, open_notebook, tmp_path_factory) -> NotebookPage:
    driven = open_notebook(front_end, notebook_of(tmp_path_factory.mktemp("notebook") / "cam.ipynb", *CELLS))
    driven.run_all()
    return driven


@pytest.fixture
def shown(notebook):
    """The explorer on its first picture."""
    notebook.kernel_eval("(explorer.gallery.set_trait('selected', 0), explorer.wait(30))")
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
        if found.shape == expected.shape and np.abs(found.astype(int) - expected).max() == 0:
            break
        notebook.page.wait_for_timeout(100)
    np.testing.assert_array_equal(found, expected)
    return found


def everything_is_painted(notebook, shown):
    views = ("explorer.input", "explorer.maps.views[0]", "explorer.maps.views[1]")
    return [painted_as_in_the_kernel(notebook, shown, view, index) for index, view in enumerate(views)]


def test_picture_map_and_channel_show_the_kernels_arrays(notebook, shown):
    assert len({painted.tobytes() for painted in everything_is_painted(notebook, shown)}) == 3


def test_clicking_the_car_then_the_boat_explains_each(notebook, shown):
    things, maps = notebook.kernel_eval(THINGS), []
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    for name in ("car", "boat"):
        row, column = things[name]
        notebook.page.mouse.click(
            place["x"] + (column + 0.5) / 64 * place["width"], place["y"] + (row + 0.5) / 64 * place["height"]
        )
        assert read(notebook, "explorer.class_names[explorer.scores.selected]") == name
        shown.get_by_text(f"on the {name}").first.wait_for()
        maps.append(everything_is_painted(notebook, shown)[1])
    assert not np.array_equal(*maps)


def test_a_thing_is_picked_by_keyboard(notebook, shown):
    overlay_canvas = shown.locator(".xai-image .xai-overlay").first
    overlay_canvas.focus()
    before = read(notebook, "explorer.input.picked")
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    picked = read(notebook, "explorer.input.picked")
    assert picked is not None
    assert picked != before
    notebook.page.keyboard.press("Escape")
    assert read(notebook, "explorer.input.picked") is None


def test_layer_method_and_enlargement_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Method", "variant"), ("Layer", "layer")):
        before = read(notebook, f"explorer.choices.values['{name}']")
        shown.get_by_label(label, exact=True).focus()
        notebook.page.keyboard.press("ArrowUp")
        assert read(notebook, f"explorer.choices.values['{name}']") != before
    shown.get_by_text("bilinear", exact=True).click()
    assert read(notebook, "explorer.choices.values['upsampling']") == "bilinear"
    notebook.kernel_eval("explorer.choices.set_trait('values', {'variant': 'Grad-CAM++', 'layer': '6'})")
    shown.locator(".xai-image .xai-title").filter(has_text="Grad-CAM++").wait_for()
    everything_is_painted(notebook, shown)


def test_cam_at_a_layer_without_pooling_is_answered_in_place(notebook, shown):
    notebook.kernel_eval("explorer.choices.set_trait('values', {'variant': 'CAM', 'layer': '6'})")
    shown.get_by_text("not exact at this layer").first.wait_for()
    notebook.kernel_eval("explorer.choices.set_trait('values', {'variant': 'CAM', 'layer': '12'})")
    shown.get_by_text("= logit").first.wait_for()
    everything_is_painted(notebook, shown)


def test_a_channel_is_chosen_by_pointer_and_by_keyboard(notebook, shown):
    strip = shown.get_by_role("listbox", name="Maps that add most")
    strip.get_by_role("option").nth(3).click()
    assert read(notebook, "(explorer.strip.selected, explorer.weights.selected)") == (3, 3)
    first = everything_is_painted(notebook, shown)[2]
    bars = shown.get_by_role("listbox", name="Weights of these maps")
    bars.get_by_role("option").nth(3).focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    assert read(notebook, "(explorer.strip.selected, explorer.weights.selected)") == (4, 4)
    assert not np.array_equal(everything_is_painted(notebook, shown)[2], first)


def test_pictures_and_classes_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Pictures", "gallery"), ("Class scores", "scores")):
        before = notebook.kernel_eval(f"explorer.{name}.selected")
        shown.get_by_role("listbox", name=label).get_by_role("option").nth(before).focus()
        notebook.page.keyboard.press("ArrowDown")
        notebook.page.keyboard.press("Enter")
        assert read(notebook, f"explorer.{name}.selected") != before
    everything_is_painted(notebook, shown)


def test_axe_finds_nothing(notebook, shown):
    assert notebook.axe_violations(shown) == []


def test_typing_d_d_deletes_no_cell(notebook, shown):
    assert notebook.cells_deleted_by_dd(shown) == []
