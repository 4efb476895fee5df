"""The t-SNE explorer as a student uses it: by pointer and by keyboard."""

import numpy as np
import pytest
from explorer_page import becomes, is_accessible, settled
from notebook_page import canvas_pixels
from playwright.sync_api import expect

FRONT_ENDS = ("notebook",)
LAST = 60
CELLS = (
    "import numpy as np\nfrom xaiwidgets import TSNEExplorer",
    f"explorer = TSNEExplorer(iterations={LAST})\nexplorer",
    "1 + 1",
)
START = (
    "[explorer.map.set_trait('lassoed', np.zeros(0, np.int32)), explorer.map.set_trait('picked', 0),"
    f" explorer.result.shown.iteration < {LAST} and explorer.player.play(), explorer.wait(60)] and None"
)
SHOWN = "explorer.result.shown.iteration"
MARGIN = 1.06  # of the square around all points


@pytest.fixture
def shown(notebook):
    """The explorer with its map learned."""
    notebook.kernel_eval(START)
    assert becomes(notebook, SHOWN, LAST)
    output = notebook.outputs(1)
    output.locator("[data-state=ready]").first.wait_for()
    expect(output.locator(".xai-embedding .xai-caption").first).to_contain_text(f"iteration {LAST} of {LAST}")
    return output


def places(notebook, canvas):
    """Where the points of the first map are on its canvas, `(N, 2)` in pixels."""
    y = notebook.kernel_eval("explorer.map.positions")
    width, height = canvas.evaluate("canvas => [canvas.clientWidth, canvas.clientHeight]")
    middle, half = (y.max(0) + y.min(0)) / 2, MARGIN * (y.max(0) - y.min(0)).max() / 2
    return (y - middle) / half * [1, -1] * min(width, height) / 2 + [width / 2, height / 2]


def test_the_points_are_drawn_where_the_map_has_them(notebook, shown):
    canvas = shown.locator(".xai-embedding .xai-pixels").first
    spots = places(notebook, canvas)
    notebook.page.mouse.move(1, 1)
    notebook.page.wait_for_timeout(400)  # the points glide for a quarter of a second
    inked = (canvas_pixels(canvas)[..., :3] < 200).any(2)
    near = [inked[max(0, round(y) - 9) : round(y) + 10, max(0, round(x) - 9) : round(x) + 10].mean() for x, y in spots]
    assert min(near) > 0.1
    assert inked.mean() < np.mean(near) / 2


def test_play_pause_and_the_way_back_by_keyboard(notebook, shown):
    notebook.kernel_eval("explorer.player.pace.set_trait('values', {'pace': 'slow'})")
    shown.get_by_role("button", name="From the start").focus()
    notebook.page.keyboard.press("Enter")
    shown.get_by_role("button", name="Pause").focus()
    expect(shown.get_by_text("exaggerated").first).to_be_visible()
    notebook.page.keyboard.press("Enter")
    shown.get_by_role("button", name="Play", exact=True).wait_for()
    paused = settled(notebook, SHOWN)
    assert 0 < paused < LAST
    expect(shown.locator(".xai-embedding .xai-caption").first).to_contain_text("trustworthiness")
    shown.get_by_role("slider", name="Iteration", exact=True).focus()
    notebook.page.keyboard.press("ArrowLeft")
    assert becomes(notebook, SHOWN, paused - 1)
    marker = shown.get_by_role("slider", name="KL divergence")
    expect(marker).to_have_attribute("aria-valuenow", str(paused - 1))
    marker.focus()
    notebook.page.keyboard.press("ArrowLeft")
    assert becomes(notebook, SHOWN, paused - 2)
    expect(shown.get_by_label("Iteration, exact value")).to_have_value(str(paused - 2))
    notebook.kernel_eval("explorer.player.pace.set_trait('values', {'pace': 'fast'})")
    shown.get_by_role("button", name="Play", exact=True).click()
    assert becomes(notebook, SHOWN, LAST)


def test_points_are_reached_by_keyboard_on_both_maps(notebook, shown):
    overlays = shown.locator(".xai-embedding .xai-overlay")
    overlays.first.focus()
    for key in ("ArrowRight", "Enter", " "):
        notebook.page.keyboard.press(key)
    picked = settled(notebook, "explorer.map.picked", lambda found: found != 0)
    assert becomes(notebook, "(explorer.pca.picked, explorer.pca.lassoed.tolist())", (picked, [picked]))
    name = f"{int(notebook.kernel_eval(f'explorer.subject.labels[{picked}]'))}, number {picked + 1}, picked"
    expect(shown.locator(".xai-embedding .xai-readout")).to_have_text([name, name])
    expect(shown.get_by_text(f"Point {picked + 1}: p and q against distance")).to_be_visible()


def test_a_layer_is_mapped_and_an_error_is_told(notebook, shown):
    shown.get_by_label("What is mapped").select_option(index=1)
    layer = notebook.kernel_eval("list(explorer.subject.layers)[1]")
    expect(shown.get_by_text(f"t-SNE of layer {layer} (", exact=False).first).to_be_visible()
    assert becomes(notebook, SHOWN, LAST)
    notebook.kernel_eval("explorer.subject.inputs[0].fill_(float('nan')) is None")
    shown.get_by_label("What is mapped").select_option(index=2)
    expect(shown.locator(".xai-error").first).to_contain_text("must be finite")
    notebook.kernel_eval("explorer.subject.inputs[0].fill_(0.5) is None")
    shown.get_by_label("What is mapped").select_option(index=0)
    assert becomes(notebook, "explorer.status.error", "")


def test_it_is_accessible(notebook, shown):
    is_accessible(notebook, shown)


def test_a_lasso_lists_the_classes_and_opens_the_pictures_in_another_explorer(notebook, shown):
    overlay = shown.locator(".xai-embedding .xai-overlay").first
    shown.get_by_role("button", name="Lasso").click()
    spots, box = places(notebook, overlay), overlay.bounding_box()
    middle = box["width"] / 2
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 3, box["y"] + 3)
    mouse.down()
    for x, y in ((middle, 3), (middle, box["height"] - 3), (3, box["height"] - 3)):
        mouse.move(box["x"] + x, box["y"] + y, steps=4)
    mouse.up()
    clear = np.abs(spots[:, 0] - middle) > 2  # of the line between in and out
    expected = ((spots > 3).all(1) & (spots[:, 0] < middle) & (spots[:, 1] < box["height"] - 3))[clear]
    chosen = settled(notebook, "explorer.map.lassoed", len)
    np.testing.assert_array_equal(np.isin(np.arange(len(spots)), chosen)[clear], expected)
    assert 20 < len(chosen) < 340
    expect(shown.get_by_text(f"{len(chosen)} chosen: class ")).to_be_visible()
    expect(shown.get_by_role("listbox", name="Chosen pictures").get_by_role("option")).to_have_count(
        min(60, len(chosen))
    )
    shown.get_by_role("button", name="Open in GradientsExplorer").click()
    expect(shown.get_by_text("Integrated gradients", exact=True).first).to_be_visible()
    assert notebook.kernel_eval("len(explorer.opened.data)") == min(60, len(chosen))
    shown.get_by_role("button", name="Lasso").click()
