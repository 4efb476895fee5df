"""A plane in Chromium: where things stand, pointer and keyboard, names."""

import base64
import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from view_page import Mounted

from xaiwidgets.colors import to_rgb
from xaiwidgets.views import PlaneView

X, Y = (-1.0, 3.0), (0.0, 2.0)
BOX = {"left": 52, "right": 408, "top": 10, "bottom": 366}  # of the plot in a view of 420 x 410


def make(**traits):
    y, x = np.meshgrid(np.linspace(1.95, 0.05, 20), np.linspace(-0.95, 2.95, 40), indexing="ij")
    given = {
        "field": x - y, "level": 0.25, "limit": 2.5, "points": [[0, 1], [2, 0.5]], "shapes": [0, 1], "sizes": [4, 7],
        "opacities": [1, 0.5], "lines": [(1, 0, 1), (0, 1, 1), (1, 1, 2)], "line_names": ["fit", "tangent"],
        "shape_names": ["above", "below"], "contour_name": "boundary", "point": (1, 1), "radius": 0.5,
        "title": "A plane", "caption": "R² 0.5", "alt": "a score over two numbers",
    }  # fmt: skip
    return PlaneView(x_limits=X, y_limits=Y, **given | traits)


@pytest.fixture
def view(page):
    return Mounted(page, make())


def place(view, x, y):
    """Where a point of the plane is on the page."""
    box = view.find("svg.xai-plot").bounding_box()
    across = BOX["left"] + (x - X[0]) / (X[1] - X[0]) * (BOX["right"] - BOX["left"])
    down = BOX["bottom"] - (y - Y[0]) / (Y[1] - Y[0]) * (BOX["bottom"] - BOX["top"])
    return box["x"] + across, box["y"] + down


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def bare(locator):
    """Left, top, width and height of a path without the width of its line, in its drawing."""
    return locator.first.evaluate("path => { const b = path.getBBox(); return [b.x, b.y, b.width, b.height]; }")


def test_the_colours_are_those_of_the_table_around_the_level(view):
    data = view.find("canvas").evaluate("canvas => canvas.toDataURL()")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB"))
    shifted = view.widget.field - np.float32(0.25)
    np.testing.assert_array_equal(pixels, to_rgb(shifted, 2.5))


def test_points_lines_and_handle_stand_where_they_should(view):
    assert middle(view.find("g > path.xai-point").nth(0)) == pytest.approx(place(view, 0, 1), abs=1)
    assert middle(view.find("g > path.xai-point").nth(1)) == pytest.approx(place(view, 2, 0.5), abs=1)
    assert middle(view.find(".xai-dot")) == pytest.approx(place(view, 1, 1), abs=1)
    upright, level = (middle(view.find(f"g > path.xai-line-{k}")) for k in (0, 1))
    assert upright == pytest.approx(place(view, 1, 1), abs=1)
    assert level == pytest.approx(place(view, 1, 1), abs=1)
    expect(view.find("path.xai-thin")).to_have_count(1)
    assert bare(view.find("path.xai-ring"))[2:] == pytest.approx((2 * 0.5 / 4 * 356, 2 * 0.5 / 2 * 356), abs=0.1)
    assert view.find(".xai-entry").all_inner_texts() == ["boundary", "fit", "tangent", "above", "below"]


def test_the_boundary_is_where_the_score_has_the_level(view):
    x, y, width, height = bare(view.find("path.xai-contour"))  # x - y = 0.25, between the outermost middles of cells
    corner = view.find("svg.xai-plot").bounding_box()
    left, low = place(view, 0.3, 0.05)
    right, high = place(view, 2.2, 1.95)
    assert (x + corner["x"], y + corner["y"]) == pytest.approx((left, high), abs=0.1)
    assert (width, height) == pytest.approx((right - left, low - high), abs=0.1)


def test_the_point_follows_the_pointer_and_stays_inside(view):
    mouse = view.page.mouse
    mouse.move(*place(view, 1, 1))
    mouse.down()
    mouse.move(*place(view, 2.0, 0.5), steps=4)
    assert view.get("point") == pytest.approx([2.0, 0.5], abs=0.02)
    assert middle(view.find(".xai-dot")) == pytest.approx(place(view, 2, 0.5), abs=2)
    mouse.move(*place(view, 9, -3))
    assert view.get("point") == [3, 0]
    mouse.up()
    mouse.move(*place(view, 0, 1))
    assert view.get("point") == [3, 0]
    assert {name for names in view.sent() for name in names} == {"point"}


def test_the_point_follows_the_keys_and_says_where_it_is(view):
    view.press(".xai-handle", "ArrowRight", "ArrowUp", "Shift+ArrowLeft")
    assert view.get("point") == pytest.approx([1 + 0.04 - 0.16, 1.02])
    told = "x 0.88, y 1.02: score -0.2"  # of the cell around 0.85 and 1.05
    expect(view.find(".xai-readout")).to_have_text(told)
    expect(view.find(".xai-handle")).to_have_attribute("aria-label", f"A plane, movable point: {told}")
    expect(view.find(".xai-handle")).to_be_focused()


def test_a_point_that_cannot_be_moved_stays(page):
    view = Mounted(page, make(movable=False))
    page.mouse.click(*place(view, 2, 1.5))
    view.press(".xai-handle", "ArrowRight")
    assert view.sent() == []
    expect(view.find(".xai-handle")).to_have_attribute("aria-disabled", "true")


def test_python_moves_point_points_and_lines(view):
    view.set(point=(0, 0.5), points=[[1, 1]], lines=np.zeros((0, 3)), line_names=[])
    assert middle(view.find(".xai-dot")) == pytest.approx(place(view, 0, 0.5), abs=1)
    expect(view.find("g > path.xai-point")).to_have_count(1)
    expect(view.find("path.xai-line")).to_have_count(0)
    view.set(x_limits=(0, 2), y_limits=(0, 1))
    box = view.find("svg.xai-plot").bounding_box()
    wanted = (box["x"] + BOX["left"], box["y"] + (BOX["top"] + BOX["bottom"]) / 2)
    assert middle(view.find(".xai-dot")) == pytest.approx(wanted, abs=1)
    view.set(point=None)
    expect(view.find(".xai-dot")).to_be_hidden()


@pytest.mark.parametrize("theme", ["true", "false"])
def test_it_is_accessible(page, theme):
    ground = {"true": "white", "false": "black"}[theme]
    page.evaluate(f"document.body.dataset.jpThemeLight = '{theme}'; document.body.style.background = '{ground}'")
    view = Mounted(page, make(notice="The fit is flat"))
    found = Axe().run(page, context=f"#{view.id}").response["violations"]
    assert [each["id"] for each in found] == []


def test_a_narrow_window_gets_a_narrow_plane(page):
    view = Mounted(page, make())
    page.set_viewport_size({"width": 300, "height": 700})
    expect(view.find("svg.xai-plot")).to_have_attribute("width", str(view.element.evaluate("e => e.clientWidth")))
    assert view.element.bounding_box()["width"] < 300
