"""The guided explorer as a student uses it: by pointer and by keyboard, in each front end."""

import re

import numpy as np
import pytest
from explorer_page import add_picture, all_painted, becomes, first_state, is_accessible, settled

FRONT_ENDS = ("lab-subshells",)
CELLS = ("from xaiwidgets import GuidedExplorer", "explorer = GuidedExplorer()\nexplorer", "1 + 1")
FIRST = {"maps": ["Gradient", "Guided", "Deconvolution", "Your mix"], "other": -1, "depth": 0, "curve": False}


@pytest.fixture
def shown(notebook):
    """The explorer in its first state."""
    return first_state(notebook, f"explorer.choices.set_trait('values', {FIRST})", "explorer.maps.views[3]", 4)


def pictures(notebook, shown):
    return all_painted(notebook, shown, "explorer.input", *(f"explorer.maps.views[{i}]" for i in range(4)))


def every_map(notebook, shown):
    return pictures(notebook, shown)[1:]


def test_picture_and_maps_show_the_kernels_arrays(notebook, shown):
    assert len({each.tobytes() for each in pictures(notebook, shown)}) == 5


def test_layers_are_randomised_by_keyboard(notebook, shown):
    before = every_map(notebook, shown)
    shown.get_by_role("slider", name="Randomised layers").focus()
    for _ in range(2):
        notebook.page.keyboard.press("ArrowRight")
    assert becomes(notebook, "explorer.choices.values['depth']", 2)
    after = every_map(notebook, shown)
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    captions = shown.locator(".xai-image .xai-caption").all_inner_texts()
    rho = [float(re.search(r"ρ (-?[\d.]+) to the trained", caption).group(1)) for caption in captions[1:5]]
    assert rho[1] > 0.8 > 0.5 > rho[0]
    assert "2 of 6 layers are noise" in captions[0]


def test_the_rule_of_a_relu_is_chosen_by_pointer_and_by_keyboard(notebook, shown):
    before = every_map(notebook, shown)
    group = shown.get_by_role("radiogroup", name="ReLU 1: layer 2")
    group.get_by_text("deconv.").click()
    assert becomes(notebook, "explorer.mix.values['relu0']", "deconvolution")
    after = every_map(notebook, shown)
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True, True, True, False]
    group.get_by_role("radio").nth(2).focus()
    notebook.page.keyboard.press("ArrowLeft")
    assert becomes(notebook, "explorer.mix.values['relu0']", "guided")
    shown.get_by_role("combobox", name="Your mix: every ReLU").select_option("guided")
    assert becomes(notebook, "set(explorer.mix.rules)", {"guided"})
    maps = every_map(notebook, shown)
    assert np.array_equal(maps[1], maps[3])


def test_two_classes_and_the_curve_are_chosen(notebook, shown):
    shown.locator(".xai-controls").get_by_text("Deconvolution", exact=True).click()
    shown.locator(".xai-controls").get_by_text("Your mix", exact=True).click()
    shown.get_by_role("combobox", name="Compare with the class").select_option("car")
    assert becomes(notebook, "explorer.choices.values['other']", 3)
    shown.locator(".xai-image .xai-title").nth(2).filter(has_text="Gradient, car").wait_for()
    every_map(notebook, shown)
    shown.get_by_role("switch", name="Curve over all depths").focus()
    notebook.page.keyboard.press("Space")
    shown.locator(".xai-curves .xai-plot").wait_for()
    assert becomes(notebook, "explorer.curves.series.shape", (2, 7))


def test_a_pixel_is_picked_by_pointer_and_by_keyboard(notebook, shown):
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    notebook.page.mouse.click(place["x"] + 0.5 * place["width"], place["y"] + 0.25 * place["height"])
    assert becomes(notebook, "explorer.input.picked", (16, 32))
    shown.get_by_text(re.compile("channel .* row 16, column 32")).wait_for()
    shown.locator(".xai-image .xai-overlay").first.focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    row, column = settled(notebook, "explorer.input.picked", lambda place: place != (16, 32))
    assert (row, column) != (16, 32)
    shown.get_by_text(re.compile(f"channel .* row {row}, column {column}")).wait_for()


def test_one_relu_in_numbers_by_keyboard(notebook, shown):
    shown.get_by_role("combobox", name="Take the numbers from").select_option("the sliders")
    assert becomes(notebook, "(explorer.neuron.relu, explorer.neuron.limits['z'])", (-1, 2.0))
    shown.locator("[data-name=z] input[type=range][max='2']").wait_for()
    for name, value in (("z, the pre-activation", "-1.5"), ("r, which arrives from above", "-0.5")):
        number = shown.get_by_role("textbox", name=name)
        number.fill(value)
        number.press("Enter")
    assert becomes(notebook, "[explorer.neuron.controls.values[name] for name in 'zr']", pytest.approx([-1.5, -0.5]))
    table = shown.get_by_role("table")
    table.get_by_text("z ≤ 0, r ≤ 0").wait_for()
    rules = [text.split()[0] for text in table.get_by_role("rowheader").all_inner_texts()]
    assert rules == ["gradient", "guided", "deconvolution"]


def test_it_is_accessible_with_the_curve(notebook, shown):
    notebook.kernel_eval("explorer.choices.set_trait('values', {'curve': True, 'other': 2})")
    shown.locator(".xai-curves .xai-plot").wait_for()
    is_accessible(notebook, shown)


def test_a_picture_of_the_reader_is_explained(notebook, shown, tmp_path):
    add_picture(notebook, shown, tmp_path / "mine.png", (40, 30), (30, 200, 40))
    every_map(notebook, shown)
