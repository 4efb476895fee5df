"""The top-K explorer as a student uses it: by pointer and by keyboard."""

import pytest
from explorer_page import becomes, first_state, is_accessible, same_pixels, settled
from playwright.sync_api import expect

FRONT_ENDS = ("lab-subshells",)
CELLS = (
    "from xaiwidgets import TopKExplorer, load_dataset, load_model",
    "explorer = TopKExplorer(load_model('scenes-cnn'), load_dataset('scenes', count=120))\nexplorer",
    "1 + 1",
)
START = (
    "[explorer.choices.set_trait('values', {'asked': 'the class that fits best', 'crop': 'crop', 'k': '9'}),"
    " explorer.views.layers.set_trait('selected', 12), explorer.wait(60),"
    " explorer.views.channels.set_trait('selected', 20), explorer.wait(60)] and None"
)


@pytest.fixture
def shown(notebook):
    """Channel 20 of the last layer with maps."""
    return first_state(notebook, START, "explorer.input", 0)


def grid_shows(notebook, shown, name, position):
    """The thumbnail on the page, once it is that of the kernel."""
    canvas = shown.get_by_role("listbox", name=name).locator("canvas").nth(position)
    end = name.split(":")[0].lower()
    return same_pixels(notebook, canvas, lambda: settled(notebook, f"explorer.views.grids['{end}'].images[{position}]"))


BEST, WORST = "Best: largest values", "Worst: smallest values"


def test_best_and_worst_pictures_are_painted_and_named(notebook, shown):
    for name, end in ((BEST, "best"), (WORST, "worst")):
        for position in (0, 8):
            grid_shows(notebook, shown, name, position)
        options = shown.get_by_role("listbox", name=name).get_by_role("option")
        expect(options).to_have_count(9)
        said = notebook.kernel_eval(f"explorer.views.grids['{end}'].labels[3]")
        expect(options.nth(3)).to_have_attribute("aria-label", f"4: {said}")


def test_layer_and_channel_are_chosen_by_pointer_and_keyboard(notebook, shown):
    layers = shown.get_by_role("listbox", name="1. Layer (and its channels)")
    layers.get_by_role("option").nth(5).click()
    assert becomes(notebook, "explorer.result.request.layer", "5")
    channels = shown.get_by_role("listbox", name="2. Channel:")
    first = notebook.kernel_eval("explorer.result.order[:2]")
    channels.get_by_role("option").first.focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    assert becomes(notebook, "explorer.result.channel", first[1])
    grid_shows(notebook, shown, BEST, 2)
    expect(shown.locator(".xai-heading").filter(has_text=f"Layer 5 ReLU, channel {first[1]}:")).to_be_visible()


def test_crops_and_whole_pictures(notebook, shown):
    crop = grid_shows(notebook, shown, BEST, 0)
    shown.get_by_text("all of it", exact=True).click()
    assert becomes(notebook, "explorer.choices.values['crop']", "whole")
    whole = grid_shows(notebook, shown, BEST, 0)
    assert crop.shape == (34, 34, 3)
    assert whole.shape == (64, 64, 3)
    assert (whole == 255).all(2).sum() >= 34  # the frame
    shown.get_by_text("16", exact=True).click()
    assert becomes(notebook, "len(explorer.views.grids['worst'].images)", 16)
    grid_shows(notebook, shown, WORST, 15)


def test_a_picture_is_looked_at_with_its_map(notebook, shown):
    shown.get_by_role("listbox", name=WORST).get_by_role("option").nth(1).click()
    assert becomes(notebook, "explorer.looked", ("worst", 1))
    index = settled(notebook, "explorer.result.index")
    expect(shown.get_by_text(f"Picture {index}:")).to_be_visible()
    expect(shown.get_by_role("listbox", name=BEST).locator("[aria-selected=true]")).to_have_count(0)


def test_does_it_detect_a_class(notebook, shown):
    shown.get_by_role("listbox", name="Classes of the best 9: choose one").get_by_role("option").nth(3).click()
    assert becomes(notebook, "explorer.choices.values['asked']", "car")
    rows = shown.get_by_role("listbox", name="Does it detect car?").get_by_role("option")
    expect(rows).to_have_count(3)
    values = settled(notebook, "explorer.views.judge.values")
    expect(rows.nth(1)).to_have_attribute("aria-label", f"average precision: {values[1]:.2f}, chance 0.08")
    heading = shown.get_by_text("2. Channel: average precision as a detector of car")
    expect(heading).to_be_visible()
    wanted = settled(notebook, "explorer.result.order[:5]")
    found = shown.get_by_role("listbox", name="2. Channel:").locator(".xai-name").all_inner_texts()
    assert found[:5] == list(map(str, wanted))
    shown.get_by_label("Is it a detector of …?").select_option("the class that fits best")
    assert becomes(notebook, "explorer.result.request.asked", None)


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)
