"""The shortcut explorer as a student uses it: by pointer and by keyboard, in each front end."""

import numpy as np
import pytest
from explorer_page import closes_when_its_cell_runs_again, is_accessible, painted, settled

FRONT_ENDS = ("notebook",)
CELLS = ("from xaiwidgets import ShortcutExplorer", "explorer = ShortcutExplorer()\nexplorer", "1 + 1")
VIEWS = ("explorer.views.input", "explorer.views.maps.views[0]", "explorer.views.maps.views[1]")
SELECT = "explorer.views.gallery.set_trait('selected', {})"
RESET = f"{SELECT.format(1)}, {SELECT.format(0)}, explorer.wait(60)"


@pytest.fixture
def shown(notebook):
    """The explorer on its first picture, a boat with its tag; nothing painted, nothing revealed."""
    notebook.kernel_eval(f"({RESET})")
    area = notebook.outputs(1)
    area.get_by_role("button", name="Reveal", exact=True).wait_for()
    is_painted(notebook, area, 0)
    return area


def is_painted(notebook, shown, index):
    return painted(notebook, shown, VIEWS[index], index)


def reveal(shown):
    shown.get_by_role("button", name="Reveal", exact=True).click()
    shown.get_by_role("button", name="Hide the maps").wait_for()


def title(shown, index):
    return shown.locator(".xai-image .xai-title").nth(index)


def test_the_maps_are_hidden_and_revealed_by_pointer(notebook, shown):
    hidden = [is_painted(notebook, shown, i) for i in range(3)]
    np.testing.assert_array_equal(hidden[1], hidden[2])
    assert shown.get_by_text("hidden until you press Reveal").count() == 2
    reveal(shown)
    revealed = [is_painted(notebook, shown, i) for i in range(3)]
    assert len({picture.tobytes() for picture in revealed}) == 3
    assert shown.get_by_text("on the caption tag").count() == 2


def test_painting_by_pointer_reaches_the_kernel_and_is_scored(notebook, shown):
    place = shown.locator(".xai-image .xai-overlay").first.bounding_box()
    x, y = place["x"] + 0.1 * place["width"], place["y"] + 0.9 * place["height"]
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 0.2 * place["width"], y, steps=5)
    notebook.page.mouse.up()
    guess = settled(notebook, "explorer.views.guess()", lambda found: found is not None and found.any(0).sum() > 17)
    rows, columns = np.nonzero(guess.numpy())
    assert (rows.min(), rows.max()) == (57 - 3, 57 + 3)
    assert columns.max() - columns.min() == pytest.approx(0.2 * 64 + 2 * 3, abs=1.5)
    reveal(shown)
    caption = settled(notebook, "explorer.views.maps.views[1].caption")
    assert "under your paint" in caption
    shown.get_by_text(caption.splitlines()[-2]).first.wait_for()
    shown.get_by_role("button", name="Clear").click()
    assert settled(notebook, "explorer.views.guess()", lambda found: found is None) is None


def test_painting_and_revealing_by_keyboard(notebook, shown):
    keyboard = notebook.page.keyboard
    shown.locator(".xai-image .xai-overlay").first.focus()
    for key in ("ArrowDown", "ArrowRight", "Space"):
        keyboard.press(key)
    guess = settled(notebook, "explorer.views.guess()", lambda found: found is not None)
    assert guess[32, 33]  # the cursor began in the middle
    assert guess.sum() == 29  # a disc of radius 3
    shown.get_by_role("button", name="Reveal", exact=True).focus()
    keyboard.press("Enter")
    shown.get_by_role("button", name="Hide the maps").wait_for()
    is_painted(notebook, shown, 2)
    assert shown.get_by_role("button", name="Hide the maps").evaluate("b => b === document.activeElement")
    keyboard.press("Enter")
    assert settled(notebook, "explorer.revealed", lambda found: not found) is False


def test_the_tag_is_switched_by_keyboard_and_flips_one_network(notebook, shown):
    assert [title(shown, i).inner_text() for i in (1, 2)] == ["Network A says boat", "Network B says boat"]
    switch = shown.get_by_role("switch", name="Caption tag")
    assert switch.is_checked()
    switch.focus()
    notebook.page.keyboard.press("Space")
    title(shown, 0).filter(has_text="no caption tag").wait_for()
    title(shown, 2).filter(has_text="wrong").wait_for()
    assert title(shown, 1).inner_text() == "Network A says boat"
    shown.get_by_text("Network B: boat →").wait_for()
    is_painted(notebook, shown, 0)


def test_a_picture_and_a_class_are_chosen_by_keyboard(notebook, shown):
    reveal(shown)
    options = shown.get_by_role("listbox", name="Network B: probabilities").get_by_role("option")
    options.nth(0).focus()
    notebook.page.keyboard.press("ArrowDown")
    second = options.nth(1).get_attribute("aria-label").split(":")[0]
    shown.get_by_text(f"Why {second}?").wait_for()
    is_painted(notebook, shown, 2)
    shown.get_by_role("listbox", name="Pictures").get_by_role("option").nth(0).focus()
    notebook.page.keyboard.press("ArrowRight")
    assert settled(notebook, "explorer.views.gallery.selected", lambda found: found == 1) == 1
    shown.get_by_role("button", name="Reveal", exact=True).wait_for()
    is_painted(notebook, shown, 0)


def test_it_is_accessible_before_and_after_the_maps_are_revealed(notebook, shown):
    is_accessible(notebook, shown)
    reveal(shown)
    assert notebook.axe_violations(shown) == []


def test_running_the_cell_again_closes_the_earlier_explorer(notebook):
    closes_when_its_cell_runs_again(notebook)
