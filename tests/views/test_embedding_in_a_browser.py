"""A map of points in Chromium: where the points are drawn, pointer and keyboard, themes, names."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from notebook_page import canvas_pixels
from playwright.sync_api import expect
from view_page import Mounted

from xaiwidgets.views import EmbeddingView

COLOURS = np.array([[250, 10, 20], [30, 240, 40], [50, 60, 230], [220, 200, 10], [20, 210, 220], [200, 30, 210]])
POSITIONS = np.array([[0, 0], [10, 0], [10, 10], [0, 10], [5, 5], [2, 7]], np.float32)
LABELS = [0, 1, 2, 0, 1, -1]
SIDE, BORDER = 302, 1


def make(**traits):
    images = np.broadcast_to(COLOURS[:, None, None].astype(np.uint8), (6, 4, 4, 3))
    given = {"images": images, "positions": POSITIONS, "labels": LABELS, "class_names": ["ant", "bee", "ape"]}
    given |= {"size": 16, "width": SIDE, "height": SIDE, "title": "A map", "caption": "KL 0.4", "alt": "six points"}
    return EmbeddingView(**given | traits)


@pytest.fixture
def view(page):
    return Mounted(page, make())


def screen(point):
    """Where a point is drawn: the square around all points, with a margin, fills the canvas."""
    half, middle = 5 * 1.06, (SIDE - 2 * BORDER) / 2
    x, y = POSITIONS[point].tolist()
    return middle + (x - 5) / half * middle, middle - (y - 5) / half * middle


def place(view, point):
    """The same on the page."""
    box = view.find(".xai-overlay").bounding_box()
    x, y = screen(point)
    return box["x"] + x, box["y"] + y


def drawn(view, x, y):
    """The colour at a place of the canvas."""
    return canvas_pixels(view.find(".xai-stage > .xai-pixels"))[round(y), round(x), :3].tolist()


def settled(view, x, y, colour):
    """Wait until a place of the canvas has this colour."""
    read = "([canvas, x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3)].join()"
    canvas = view.find(".xai-stage > .xai-pixels").element_handle()
    wanted = ",".join(map(str, colour))
    view.page.wait_for_function(f"given => ({read})(given) === '{wanted}'", arg=[canvas, round(x), round(y)])


def lassoed(view):
    """The indices in the browser's model."""
    _, data = view.array("lassoed")
    return np.frombuffer(bytes(data), np.int32).tolist()


def drag(view, *stops):
    view.page.mouse.move(*stops[0])
    view.page.mouse.down()
    for stop in stops[1:]:
        view.page.mouse.move(*stop, steps=4)
    view.page.mouse.up()


def test_each_point_is_drawn_as_its_picture_at_its_place_and_glides_to_new_ones(view):
    for point in range(6):
        settled(view, *screen(point), COLOURS[point])
    assert drawn(view, 150, 10) == [255, 255, 255]
    view.set(positions=POSITIONS[[0, 1, 2, 3, 5, 4]])
    settled(view, *screen(5), COLOURS[4])
    settled(view, *screen(4), COLOURS[5])
    view.set(positions=POSITIONS[:3], labels=LABELS[:3])
    settled(view, *screen(4), (255, 255, 255))


def test_the_pointer_tells_of_a_point_and_a_click_picks_it(view):
    view.page.mouse.move(*place(view, 2))
    expect(view.find(".xai-readout")).to_have_text("ape, number 3")
    expect(view.find(".xai-card")).to_be_visible()
    assert canvas_pixels(view.find(".xai-card canvas"))[2, 2, :3].tolist() == COLOURS[2].tolist()
    view.page.mouse.click(*place(view, 5))
    assert view.get("picked") == 5
    expect(view.find(".xai-readout")).to_have_text("number 6, picked")
    x, y = place(view, 4)
    view.page.mouse.click(x + 60, y)
    assert view.get("picked") is None
    expect(view.find(".xai-card")).to_be_hidden()


def test_the_map_is_moved_and_zoomed_and_put_back(view):
    x, y = place(view, 4)
    view.page.mouse.move(x, y)
    view.page.mouse.wheel(0, -200)  # scrolls the page, for the map is not in use yet
    view.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    settled(view, *screen(5), COLOURS[5])
    drag(view, (x + 40, y), (x + 75, y + 20))
    settled(view, screen(4)[0] + 35, screen(4)[1] + 20, COLOURS[4])
    view.find("button[aria-label='Show the whole map']").click()
    settled(view, *screen(4), COLOURS[4])
    middle = (SIDE - 2) / 2
    view.press(".xai-overlay", "+")
    settled(view, *[middle + 1.25 * (at - middle) for at in screen(5)], COLOURS[5])
    view.press(".xai-overlay", "-", "Shift+ArrowRight")
    settled(view, screen(4)[0] - 40, screen(4)[1], COLOURS[4])
    view.press(".xai-overlay", "Home")
    view.page.mouse.move(*place(view, 4))
    view.page.mouse.wheel(0, -200)
    settled(view, *[middle + np.exp(0.3) * (at - middle) for at in screen(5)], COLOURS[5])
    assert view.sent() == [["picked"]] or view.sent() == []


def test_a_lasso_reports_the_points_inside_and_dims_the_others(view):
    view.find("button[aria-label^=Lasso]").click()
    x, y = place(view, 4)
    drag(view, (x - 100, y - 140), (x + 60, y - 140), (x + 60, y + 60), (x - 160, y + 60))
    assert lassoed(view) == [4, 5]
    expect(view.find(".xai-readout")).to_have_text("2 of 6 points chosen")
    settled(view, *screen(4), COLOURS[4])
    dimmed = drawn(view, *screen(1))
    np.testing.assert_allclose(dimmed, 255 + 0.25 * (COLOURS[1] - 255), atol=3)
    view.page.keyboard.down("Shift")
    drag(view, (x + 110, y - 148), (x + 148, y - 148), (x + 148, y - 90), (x + 110, y - 90))
    view.page.keyboard.up("Shift")
    assert lassoed(view) == [2, 4, 5]
    view.find("button[aria-label='Let go of the chosen points']").click()
    assert lassoed(view) == []


def test_points_are_reached_picked_and_chosen_by_keyboard(view):
    view.press(".xai-overlay", "ArrowRight")
    expect(view.find(".xai-readout")).to_have_text("bee, number 5")
    view.press(".xai-overlay", "ArrowLeft", "Enter", " ")
    expect(view.find(".xai-readout")).to_have_text("number 6, picked")
    assert (view.get("picked"), lassoed(view)) == (5, [5])
    view.press(".xai-overlay", "ArrowUp", " ")
    assert lassoed(view) == [3, 5]
    view.press(".xai-overlay", " ", "l")
    assert (lassoed(view), view.get("lasso")) == ([5], True)
    view.press(".xai-overlay", "Escape")
    assert (lassoed(view), view.get("picked")) == ([], None)


def test_a_class_is_switched_off_and_on(view):
    entry = view.find(".xai-legend button").nth(1)
    assert view.find(".xai-key").all_inner_texts() == ["A", "B", "P"]
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    expect(entry).to_be_focused()
    settled(view, *screen(0), COLOURS[0])
    np.testing.assert_allclose(drawn(view, *screen(1)), 255 + 0.12 * (COLOURS[1] - 255), atol=3)
    entry.press("Enter")
    settled(view, *screen(1), COLOURS[1])


def test_views_of_a_group_look_at_the_same_point(page):
    first, second = (
        Mounted(page, make(group="g", positions=POSITIONS[order])) for order in ([*range(6)], [*range(5, -1, -1)])
    )
    page.mouse.move(*place(first, 2))
    expect(second.find(".xai-readout")).to_have_text("ape, number 3")
    expect(first.find(".xai-card")).to_be_visible()
    expect(second.find(".xai-card")).to_be_hidden()  # it would hide the neighbours of the point
    second.press(".xai-overlay", "ArrowRight")
    expect(second.find(".xai-card")).to_be_visible()
    expect(first.find(".xai-card")).to_be_hidden()
    page.mouse.move(1, 1)


def test_classes_have_their_colours_in_either_theme(page):
    view = Mounted(page, make(shown="points", size=24))
    settled(view, *screen(0), (0, 104, 168))
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    settled(view, *screen(0), (93, 184, 245))
    settled(view, screen(4)[0] - 8, screen(4)[1] - 8, (255, 145, 82))  # a square; its letter leaves the corner free
    settled(view, 150, 10, (17, 17, 17))
    view.set(shown="letters")
    settled(view, screen(4)[0] - 8, screen(4)[1] - 8, (17, 17, 17))
    view.set(shown="pictures", ink=True, images=np.full((6, 4, 4, 3), 255, np.uint8))
    settled(view, *screen(1), (255, 145, 82))


def test_it_is_accessible(page):
    view = Mounted(page, make(notice="The first 5,000 of 9,000 points", lasso=True, picked=2))
    view.press(".xai-overlay", "ArrowRight")
    for theme, ground in (("true", "white"), ("false", "black")):
        page.evaluate(f"document.body.dataset.jpThemeLight = '{theme}'; document.body.style.background = '{ground}'")
        found = Axe().run(page, context=f"#{view.id}").response["violations"]
        assert [each["id"] for each in found] == [], theme


def test_a_narrow_window_gets_a_narrow_map(page):
    view = Mounted(page, make(width=600))
    page.set_viewport_size({"width": 320, "height": 700})
    expect(view.find(".xai-pixels").first).to_have_attribute(
        "width", str(view.element.evaluate("e => e.clientWidth - 2"))
    )
    assert view.element.bounding_box()["width"] < 320
