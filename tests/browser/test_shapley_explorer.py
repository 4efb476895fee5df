"""The Shapley explorers as a student uses them: by pointer and by keyboard, in each front end."""

import re

import pytest
from explorer_page import all_painted, becomes, closes_when_its_cell_runs_again, first_state, is_accessible
from playwright.sync_api import expect

FRONT_ENDS = ("lab-subshells",)
CELLS = (
    "from xaiwidgets import GameExplorer, ShapleyExplorer, ShapleyTableExplorer\nimport threading",
    "explorer = ShapleyExplorer()\nexplorer",
    "game = GameExplorer()\ngame",
    "table = ShapleyTableExplorer()\ntable",
)
MEMBERS = "None if explorer.members is None else explorer.members.tolist()"


@pytest.fixture
def shown(notebook):
    """The explorer of a picture in its first state."""
    reset = "[explorer.choices.set_trait('values', {'everyone': explorer.choices.values['everyone'] + 1})]"
    return first_state(notebook, reset, "explorer.input", 0)


@pytest.fixture
def played(notebook):
    """The game worked by hand."""
    return notebook.outputs(2)


def test_the_maps_show_the_kernels_arrays(notebook, shown):
    views = [f"explorer.maps.views[{index}]" for index in range(3)]
    assert len(all_painted(notebook, shown, "explorer.input", *views)) == 4


def test_parts_are_taken_out_by_pointer_and_by_keyboard(notebook, shown):
    place = shown.locator(".xai-image .xai-overlay").first
    place.click(position={"x": 20, "y": 20})
    assert becomes(notebook, MEMBERS, [False, *[True] * 8])
    expect(shown.locator(".xai-image .xai-caption").first).to_contain_text("8 of 9 parts take part")
    all_painted(notebook, shown, "explorer.input")
    place.focus()
    for key in ("ArrowDown", "Enter"):  # from where the pointer was
        notebook.page.keyboard.press(key)
    assert becomes(notebook, MEMBERS, [True] * 9)


def test_a_player_is_chosen_by_keyboard_and_its_estimate_drawn(notebook, shown):
    rows = shown.get_by_role("listbox", name="Shapley values by sampling").get_by_role("option")
    expect(rows).to_have_count(9)
    for part in ("±", "exact"):
        expect(rows.first).to_have_attribute("aria-label", re.compile(part))
    rows.first.focus()
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.press("ArrowDown")
    assert becomes(notebook, "explorer.panel.bars.selected", 1)
    expect(shown.locator(".xai-curves .xai-title")).to_have_text("Estimate of 2 top centre")
    expect(shown.locator(".xai-curves .xai-band").first).to_be_attached()


def test_too_many_players_say_the_cost_and_sampling_goes_on(notebook, shown):
    notebook.kernel_eval("[explorer.panel.controls.set_trait('values', {'orders': 2}), explorer.wait(60)]")
    number = shown.get_by_role("textbox", name="Players, about")
    number.fill("25")
    number.press("Enter")
    assert becomes(notebook, "explorer.result.game.players", 25)
    expect(shown.locator(".xai-image .xai-caption").nth(1)).to_contain_text("Choose at most 16 players")
    expect(shown.locator(".xai-image .xai-caption").nth(2)).to_contain_text("standard error")
    notebook.kernel_eval("[explorer.choices.set_trait('values', {'players': 9}), explorer.wait(60)]")


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


def test_orders_are_gone_through_by_button_and_by_keyboard(notebook, played):
    played.get_by_role("button", name="Start over").click()
    current = played.locator("tr[aria-current=step]")
    expect(current).to_have_text("1. red → green → blue···")
    following = played.get_by_role("button", name="Next step")
    following.focus()
    for _ in range(5):
        notebook.page.keyboard.press("Enter")
    expect(current).to_have_text("2. red → blue → green20·20")
    expect(played.get_by_text("v{red, blue} − v{red} = 40 − 20 = 20.")).to_be_visible()
    slider = played.get_by_role("slider", name="Step")
    slider.focus()
    notebook.page.keyboard.press("End")
    rows = played.get_by_role("listbox", name="Mean of what each player has added").get_by_role("option")
    expect(rows.nth(1)).to_have_attribute("aria-label", "green: 55.00, Shapley value 55.00")


def test_a_changed_value_changes_the_shares(notebook, played):
    played.get_by_role("slider", name="v{red, green, blue}").focus()
    notebook.page.keyboard.press("Home")
    rows = played.get_by_role("listbox", name="Mean of what each player has added").get_by_role("option")
    expect(rows.first).to_have_attribute("aria-label", "red: -3.33, Shapley value -3.33")
    played.get_by_role("combobox", name="Game").select_option(label="Gloves")
    expect(rows.nth(2)).to_have_attribute("aria-label", "right: 66.67, Shapley value 66.67")


def test_columns_are_taken_out_by_keyboard(notebook):
    shown = notebook.outputs(3)
    box = shown.get_by_role("checkbox", name="radius")
    box.focus()
    notebook.page.keyboard.press("Space")
    expect(shown.get_by_text("9 of 10 take part")).to_be_visible()


def test_they_are_accessible(notebook, shown, played):
    is_accessible(notebook, shown)
    for area in (played, notebook.outputs(3)):
        assert notebook.axe_violations(area) == []


def test_running_the_cell_again_closes_the_earlier_explorer(notebook):
    closes_when_its_cell_runs_again(notebook)
