"""The CAM explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import all_painted, becomes, first_state, is_accessible, next_by_keyboard, settled

FRONT_ENDS = ("notebook",)
CELLS = ("from xaiwidgets import CAMExplorer", "explorer = CAMExplorer()\nexplorer", "1 + 1")
VIEWS = ("explorer.input", "explorer.maps.views[0]", "explorer.maps.views[1]")
THINGS = "{o.name: o.mask.nonzero().float().mean(0).round().int().tolist() for o in explorer.data.objects[0]}"

CHANNEL = "(explorer.strip.selected, explorer.weights.selected)"


@pytest.fixture
def shown(notebook):
    """The explorer on its first picture."""
    return first_state(notebook, "explorer.gallery.set_trait('selected', 0)", VIEWS[0], 0)


def everything_is_painted(notebook, shown):
    return all_painted(notebook, shown, *VIEWS)


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
        assert becomes(notebook, "explorer.class_names[explorer.scores.selected]", name)
        shown.get_by_text(f"on the {name}").first.wait_for()
        maps.append(everything_is_painted(notebook, shown)[1])
    assert not np.array_equal(*maps)


def test_a_thing_is_picked_by_keyboard(notebook, shown):
    overlay_canvas = shown.locator(".xai-image .xai-overlay").first
    overlay_canvas.focus()
    before = notebook.kernel_eval("explorer.input.picked")
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    assert settled(notebook, "explorer.input.picked", lambda found: found not in (None, before)) not in (None, before)
    notebook.page.keyboard.press("Escape")
    assert becomes(notebook, "explorer.input.picked", None)


def test_layer_method_and_enlargement_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Method", "variant"), ("Layer", "layer")):
        before = notebook.kernel_eval(f"explorer.choices.values['{name}']")
        shown.get_by_label(label, exact=True).focus()
        notebook.page.keyboard.press("ArrowUp")
        chosen = settled(notebook, f"explorer.choices.values['{name}']", lambda found, old=before: found != old)
        assert chosen != before
    shown.get_by_text("bilinear", exact=True).click()
    assert becomes(notebook, "explorer.choices.values['upsampling']", "bilinear")
    notebook.kernel_eval("explorer.choices.set_trait('values', {'variant': 'Grad-CAM++', 'layer': '6'})")
    shown.locator(".xai-image .xai-title").filter(has_text="Grad-CAM++").wait_for()
    everything_is_painted(notebook, shown)


def test_cam_at_a_layer_without_pooling_is_answered_in_place(notebook, shown):
    notebook.page.mouse.move(0, 0)  # over a picture its pixel would be read out in the place of the notice
    notebook.kernel_eval("explorer.choices.set_trait('values', {'variant': 'CAM', 'layer': '6'})")
    shown.get_by_text("not exact at this layer").first.wait_for()
    notebook.kernel_eval("explorer.choices.set_trait('values', {'variant': 'CAM', 'layer': '12'})")
    shown.get_by_text("= logit").first.wait_for()
    everything_is_painted(notebook, shown)


def test_a_channel_is_chosen_by_pointer_and_by_keyboard(notebook, shown):
    strip = shown.get_by_role("listbox", name="Maps that add most")
    strip.get_by_role("option").nth(3).click()
    assert becomes(notebook, CHANNEL, (3, 3))
    first = everything_is_painted(notebook, shown)[2]
    bars = shown.get_by_role("listbox", name="Weights of these maps")
    bars.get_by_role("option").nth(3).focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    assert becomes(notebook, CHANNEL, (4, 4))
    assert not np.array_equal(everything_is_painted(notebook, shown)[2], first)


def test_pictures_and_classes_are_chosen_by_keyboard(notebook, shown):
    for label, name in (("Pictures", "gallery"), ("Class scores", "scores")):
        next_by_keyboard(notebook, shown, label, f"explorer.{name}")
    everything_is_painted(notebook, shown)


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)
