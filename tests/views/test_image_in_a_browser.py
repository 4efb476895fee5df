"""The image view in Chromium: painted pixels and pointer tools."""

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from view_page import Mounted, image

from xaiwidgets import views
from xaiwidgets.colors import overlay, picture
from xaiwidgets.methods.occlusion import occluded


def painted(view, canvas=".xai-pixels"):
    """The pixels of a canvas, `(rows, columns, 3)`."""
    width, height, rgba = view.find(canvas).evaluate(
        "c => [c.width, c.height, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]"
    )
    return np.array(rgba, np.uint8).reshape(height, width, 4)[..., :3]


@pytest.mark.parametrize(("cells", "opacity"), [((16, 24), 1.0), ((5, 7), 0.6), ((0, 0), 1.0), ((32, 24), 0.3)])
def test_painted_pixels_are_those_of_python(page, cells, opacity):
    heatmap = np.random.default_rng(2).normal(size=cells)
    view = Mounted(page, views.ImageView(image=image(), heatmap=heatmap, limit=1.7, opacity=opacity))
    view.page.wait_for_timeout(50)
    np.testing.assert_array_equal(painted(view), overlay(image(), heatmap, 1.7, opacity))


def test_a_new_map_is_painted_and_nothing_is_sent_back(page):
    view = Mounted(page, views.ImageView(image=image()))
    view.set(heatmap=np.ones((16, 24)), title="Gradient", caption="sum 1", tool="pick", picked=(3, 4), alt="A map")
    expect(view.find(".xai-title")).to_have_text("Gradient")
    expect(view.find("canvas[role=img]")).to_have_attribute("aria-label", "A map")
    red = view.find(".xai-pixels").evaluate("c => [...c.getContext('2d').getImageData(5, 5, 1, 1).data]")
    assert red[:3] == overlay(image(), np.ones((16, 24)), 1.0)[5, 5].tolist()
    assert view.sent() == []


def test_the_pointer_reads_out_a_pixel(page):
    heatmap = np.arange(16 * 24).reshape(16, 24) / 1000
    told = {"notice": "All values are positive.", "reports_hover": True}
    view = Mounted(page, views.ImageView(image=image(), heatmap=heatmap, **told))
    height = view.element.bounding_box()["height"]
    expect(view.find(".xai-notice")).to_have_text("All values are positive.")
    box = view.find(".xai-overlay").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 12.5 / 24, box["y"] + box["height"] * 3.5 / 16)
    expect(view.find("[role=status]")).to_have_text("row 3, column 12 · value 0.084")
    assert view.get("hovered") == [3, 12]
    assert view.element.bounding_box()["height"] == height
    page.mouse.move(900, 800)
    expect(view.find("[role=status]")).to_have_text("")
    assert view.get("hovered") is None


def test_the_cursor_moves_by_keys(page):
    view = Mounted(page, views.ImageView(image=image(), reports_hover=True))
    view.press(".xai-overlay", "ArrowDown", "ArrowDown", "ArrowLeft")
    assert view.get("hovered") == [9, 11]  # from the centre
    view.press(".xai-overlay", "Escape")
    assert view.get("hovered") is None


def test_views_of_a_group_read_out_the_same_pixel_without_a_message(page):
    one, two, other = (Mounted(page, views.ImageView(image=image(), group=group)) for group in ("a", "a", "b"))
    one.press(".xai-overlay", "ArrowDown", "ArrowDown", "ArrowLeft")
    expect(two.find("[role=status]")).to_contain_text("row 9, column 11")
    expect(other.find("[role=status]")).to_have_text("")
    one.press(".xai-overlay", "Escape")
    expect(two.find("[role=status]")).to_have_text("")
    assert one.sent() == two.sent() == []


def test_dragging_reports_whole_pixels_up_to_half_the_picture(page):
    view = Mounted(page, views.ImageView(image=image(), tool="drag"))
    view.drag(".xai-overlay", (0.5, 0.5), (0.5 + 3 / 24, 0.5 - 2 / 16))
    assert view.get("offset") == [-2, 3]
    assert len(view.sent()) >= 3, "the offset is reported while the pointer moves"
    view.drag(".xai-overlay", (0.1, 0.5), (0.95, 0.5))
    assert view.get("offset") == [-2, 12]
    view.press(".xai-overlay", "ArrowDown", "Shift+ArrowLeft")
    assert view.get("offset") == [-1, 8]
    view.find(".xai-reset").click()
    assert view.get("offset") == [0, 0]


def test_a_box_by_pointer_and_by_keys(page):
    view = Mounted(page, views.ImageView(image=image(), tool="box"))
    view.drag(".xai-overlay", (6.5 / 24, 10.5 / 16), (2.5 / 24, 4.5 / 16))
    assert view.get("box") == [4, 2, 11, 7]
    view.press(".xai-overlay", "Escape")
    assert view.get("box") is None
    page.mouse.move(900, 800)
    view.press(".xai-overlay", "ArrowUp", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight")
    start = view.get("box")
    assert (start[2] - start[0], start[3] - start[1]) == (3, 2)


def test_painting_is_sent_while_it_goes_on_and_whole_at_its_end(page):
    view = Mounted(page, views.ImageView(image=image(), tool="brush", radius=0.5))
    view.drag(".xai-overlay", (2.5 / 24, 3.5 / 16), (9.5 / 24, 3.5 / 16))
    shape, mask = view.array("brushed")
    expected = np.zeros((16, 24), int)
    expected[3, 2:10] = 1
    assert shape == [16, 24]
    np.testing.assert_array_equal(np.reshape(mask, shape), expected)
    assert "brushed" in view.sent()[-1]
    page.keyboard.down("Shift")
    view.drag(".xai-overlay", (4.5 / 24, 3.5 / 16), (5.5 / 24, 3.5 / 16))
    page.keyboard.up("Shift")
    assert sum(view.array("brushed")[1]) == 6
    view.find(".xai-reset").click()
    assert view.array("brushed") == ([0, 0], [])
    view.press(".xai-overlay", "ArrowDown", "Space")
    assert sum(view.array("brushed")[1]) == 1


def test_picking(page):
    view = Mounted(page, views.ImageView(image=image(), tool="pick"))
    view.drag(".xai-overlay", (20.5 / 24, 1.5 / 16))
    assert view.get("picked") == [1, 20]
    view.press(".xai-overlay", "ArrowDown", "Enter")
    assert view.get("picked") == [2, 20]


def test_borders_of_regions_are_drawn_over_the_picture_and_read_out(page):
    regions = np.zeros((16, 24), np.int64)
    regions[4:, 6:] = 3
    view = Mounted(page, views.ImageView(image=image(), tool="pick", regions=regions))
    drawn = painted(view, ".xai-overlay").any(2)
    assert not painted(view, ".xai-overlay")[:30].any()
    height, width = drawn.shape  # a row of the picture is 8 pixels high
    assert drawn[height * 4 // 16, width // 2 :].all()
    assert drawn[height // 2 :, width * 6 // 24].all()
    assert not drawn[height // 2, width // 2]
    view.drag(".xai-overlay", (20.5 / 24, 10.5 / 16))
    assert view.get("picked") == [10, 20]
    expect(view.find("[role=status]")).to_contain_text("row 10, column 20 · region 3 · colour")
    view.set(regions=np.zeros((0, 0), np.int32), picked=None)
    page.mouse.move(900, 800)
    expect(view.find("[role=status]")).to_have_text("")
    assert not painted(view, ".xai-overlay").any()


@pytest.mark.parametrize("shape", views.image_view.WINDOWS)
@pytest.mark.parametrize(("middle", "size"), [((8, 12), 1), ((7, 11), 6), ((0, 23), 9), ((15, 0), 16), ((5, 9), 13)])
def test_a_window_shows_the_fill_where_python_hides(page, middle, size, shape):
    x, fill = (torch.from_numpy(image()).movedim(-1, 0)[None].double() / 255).flip(1), torch.full((3, 16, 24), 0.2)
    view = Mounted(
        page,
        views.ImageView(
            image=picture(x[0]), fill=picture(fill), tool="occlude", middle=middle, window=size, window_shape=shape
        ),
    )
    hidden = occluded(x, middle, size, shape, fill.double())
    np.testing.assert_array_equal(painted(view), picture(hidden[0]))
    assert view.sent() == []


def test_the_window_follows_the_pointer_and_the_arrow_keys(page):
    fill = np.zeros((16, 24, 3), np.uint8)
    view = Mounted(page, views.ImageView(image=image(), fill=fill, tool="occlude", window=3))
    assert view.get("middle") is None
    np.testing.assert_array_equal(painted(view), image())
    view.drag(".xai-overlay", (2.5 / 24, 3.5 / 16), (9.5 / 24, 5.5 / 16))
    assert view.get("middle") == [5, 9]
    assert len(view.sent()) > 3, "the window is reported while the pointer moves"
    expected = image()
    expected[4:7, 8:11] = 0
    np.testing.assert_array_equal(painted(view), expected)
    expect(view.find("[role=status]")).to_have_text("window: row 5, column 9")
    page.mouse.move(900, 800)
    assert view.get("middle") == [5, 9], "it stays where it was put"
    view.press(".xai-overlay", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft")
    assert view.get("middle") == [6, 0]
    view.press(".xai-overlay", "Escape")
    assert view.get("middle") is None
    np.testing.assert_array_equal(painted(view), image())
    view.press(".xai-overlay", "ArrowUp")
    assert view.get("middle") == [8, 12], "an arrow key puts it into the middle"
    expect(view.find(".xai-reset")).to_be_hidden()


def test_windows_of_a_group_move_together_and_python_hears_it_once(page):
    fill = np.zeros((16, 24, 3), np.uint8)
    one, two, other = (
        Mounted(page, views.ImageView(image=image(), fill=fill, tool="occlude", window=3, group=group))
        for group in ("a", "a", "b")
    )
    one.drag(".xai-overlay", (2.5 / 24, 3.5 / 16), (9.5 / 24, 5.5 / 16))
    assert (two.get("middle"), other.get("middle")) == ([5, 9], None)
    np.testing.assert_array_equal(painted(two), painted(one))
    assert {"middle"} == {name for sent in one.sent() for name in sent}
    assert two.sent() == []
    two.set(middle=(1, 1))
    assert one.get("middle") == [1, 1]
    two.press(".xai-overlay", "Escape")
    assert one.get("middle") is None


def test_the_brush_shows_the_fill_where_there_is_one(page):
    fill = np.full((16, 24, 3), 9, np.uint8)
    view = Mounted(page, views.ImageView(image=image(), fill=fill, tool="brush", radius=0.5))
    view.drag(".xai-overlay", (2.5 / 24, 3.5 / 16), (9.5 / 24, 3.5 / 16))
    expected = image()
    expected[3, 2:10] = 9
    page.wait_for_timeout(50)
    np.testing.assert_array_equal(painted(view), expected)
    middle_of_the_stroke = painted(view, ".xai-overlay")[28, 48]
    assert not middle_of_the_stroke.any(), "no tint over what is seen already"
