"""The LRP explorer as a student uses it: by pointer and by keyboard, with a rule from a cell."""

import re

import pytest
from explorer_page import all_painted, becomes, first_state, is_accessible, opened_on, same_pixels, settled
from notebook_page import NotebookPage

RULES = """
from dataclasses import dataclass
from xaiwidgets import LRPExplorer
from xaiwidgets.methods.linear_layer import stabilized

@dataclass(frozen=True)
class MyRule:
    def propagate(self, layer, relevance):
        weight = layer.weight.clamp(min=0)
        z = layer.forward(layer.x, weight)
        return layer.x * layer.backward(relevance / stabilized(z), weight)

class Slip:
    def propagate(self, layer, relevance):
        return layer.x * relevance
"""
CELLS = (RULES, "explorer = LRPExplorer(own_rules={'mine': MyRule(), 'slip': Slip()})\nexplorer", "1 + 1")
INDEX = "explorer.result.neuron.index"
RESET = """[explorer.views.whole.set_trait('values', {'composite': 'EpsilonPlus'}),
    explorer.views.single.set_trait('values', dict.fromkeys(explorer.views.single.values, 'as the composite')),
    explorer.views.strip.set_trait('selected', 6), explorer.views.network.set_trait('selected', None),
    explorer.views.layer_map.set_trait('picked', None), setattr(explorer, 'through', None),
    explorer.update(), explorer.wait(30)]"""
VIEWS = ("explorer.views.input", "explorer.views.maps.views[0]", "explorer.views.layer_map")


@pytest.fixture(scope="module")
def notebook(lab, open_notebook, tmp_path_factory) -> NotebookPage:
    large = {"width": 1500, "height": 1100}
    return opened_on(open_notebook, lab, tmp_path_factory.mktemp("notebook"), *CELLS, viewport=large)


@pytest.fixture
def shown(notebook):
    """The explorer in its first state."""
    notebook.page.mouse.move(5, 5)
    return first_state(notebook, RESET, VIEWS[1], 1)


def everything_is_painted(notebook, shown):
    """Every map on the page compared with the kernel's arrays; the bytes of each."""
    found = all_painted(notebook, shown, *VIEWS)
    layers = shown.get_by_role("listbox", name=re.compile("^Layers")).locator("canvas")
    pictures = settled(notebook, "explorer.views.strip.images")
    assert layers.count() == len(pictures)
    found += [same_pixels(notebook, layers.nth(i), lambda each=each: each) for i, each in enumerate(pictures)]
    return [each.tobytes() for each in found]


def test_all_maps_are_the_kernels_arrays_and_follow_the_rules(notebook, shown):
    before = everything_is_painted(notebook, shown)
    assert len(set(before)) == len(before)
    shown.get_by_label("Rules of the whole net").focus()
    notebook.page.keyboard.press("ArrowUp")
    assert becomes(notebook, "explorer.views.whole.values['composite']", "ZPlus")
    after = everything_is_painted(notebook, shown)
    changed = [one != other for one, other in zip(before, after, strict=True)]
    assert changed[1:3] == [True, True]
    assert sum(changed[3:]) >= 7


def test_a_rule_from_a_cell_is_chosen_for_one_layer_and_its_error_is_shown(notebook, shown):
    before = everything_is_painted(notebook, shown)
    rule = shown.get_by_label("Rule of 9 conv")
    rule.select_option("mine")
    same = "(explorer.views.maps.views[0].heatmap - explorer.before).__abs__().max() / explorer.before.max()"
    notebook.kernel_eval("setattr(explorer, 'before', explorer.views.maps.views[0].heatmap)")
    rows = shown.get_by_role("row", name=re.compile("^9 conv mine"))
    rows.wait_for()
    assert settled(notebook, same, lambda found: found < 1e-4) < 1e-4, "z+ in other words"
    rule.select_option("as the composite")
    rule = shown.get_by_label("Rule of 7 conv")
    rule.select_option("slip")
    shown.get_by_role("alert").get_by_text("in propagate, line").wait_for()
    shown.get_by_role("alert").get_by_text("return layer.x * relevance").wait_for()
    rule.select_option("as the composite")
    shown.locator("[data-state=ready]").wait_for()
    assert everything_is_painted(notebook, shown)[1] == before[1]


def test_a_layer_and_a_channel_are_chosen_by_pointer(notebook, shown):
    shown.get_by_role("option", name=re.compile(": 4 conv$")).click()
    assert becomes(notebook, "explorer.views.strip.selected", 2)
    shown.get_by_text("Layer 4 conv: choose a channel").wait_for()
    bars = shown.get_by_role("listbox", name=re.compile("^Layer 4 conv"))
    channel = int(bars.get_by_role("option").nth(1).locator(".xai-name").inner_text().split()[1])
    bars.get_by_role("option").nth(1).click()
    shown.get_by_text(f"LRP through 4 conv, channel {channel}", exact=True).wait_for()
    shown.get_by_role("row", name=re.compile("^filter")).wait_for()
    everything_is_painted(notebook, shown)
    shown.get_by_role("button", name="Follow all channels again").click()
    shown.get_by_text("LRP", exact=True).wait_for()
    assert becomes(notebook, "explorer.through", None)


def test_a_layer_and_a_channel_are_chosen_by_keyboard(notebook, shown):
    shown.get_by_role("option", name=re.compile(": 11 conv$")).focus()
    notebook.page.keyboard.press("ArrowLeft")
    assert becomes(notebook, "explorer.views.strip.selected", 5)
    bars = shown.get_by_role("listbox", name=re.compile("^Layer 9 conv"))
    bars.get_by_role("option").first.focus()
    notebook.page.keyboard.press("Enter")
    layer, channel = settled(notebook, "explorer.through", lambda found: found is not None)
    assert layer == 5
    shown.get_by_text(f"LRP through 9 conv, channel {channel}", exact=True).wait_for()


def test_a_neuron_is_filled_in_under_pointer_and_arrow_keys(notebook, shown):
    stage = shown.locator(".xai-image .xai-overlay").nth(2)
    place = stage.bounding_box()
    cell = place["width"] / 16
    notebook.page.mouse.move(place["x"] + 4.5 * cell, place["y"] + 6.5 * cell)
    shown.get_by_text(re.compile("11 conv, channel \\d+, row 6, column 4")).wait_for()
    stage.focus()
    notebook.page.keyboard.press("ArrowRight")
    shown.get_by_text(re.compile("11 conv, channel \\d+, row 6, column 5")).wait_for()
    index = settled(notebook, INDEX)
    assert index[1:] == (6, 5)
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.press("Tab")
    notebook.page.mouse.move(5, 5)
    assert becomes(notebook, "explorer.views.layer_map.hovered", None)
    assert settled(notebook, INDEX) == index, "a pressed one stays"


def test_a_unit_of_the_network_is_read_out_and_chosen(notebook, shown):
    network = shown.locator(".xai-network")
    unit = network.get_by_role("option", name=re.compile("^15 dense, car"))
    unit.scroll_into_view_if_needed()
    unit.locator(".xai-disc").hover()
    network.get_by_role("status").get_by_text(re.compile("^15 dense, car · activation")).wait_for()
    shown.get_by_text("15 dense, unit 3", exact=True).wait_for()
    notebook.page.mouse.move(5, 5)
    network.locator("[tabindex='0']").focus()
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("Enter")
    assert settled(notebook, "explorer.views.network.selected", lambda found: found is not None)[0] == 1
    assert becomes(notebook, "explorer.views.strip.selected", 8)
    weights = shown.locator(".xai-controls").get_by_text("weights", exact=True)
    weights.click()
    assert becomes(notebook, "explorer.views.network.lines", "weights")
    network.get_by_text("Lines: weight", exact=False).wait_for()


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)
