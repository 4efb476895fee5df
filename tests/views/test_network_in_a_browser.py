"""The drawing of a small network in Chromium: lines, pointer, keyboard, names."""

import base64
import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from view_page import Mounted

from xaiwidgets.colors import lookup_table
from xaiwidgets.views import NetworkLayer, NetworkView

POSITIVE, NEGATIVE = lookup_table()[212], lookup_table()[44]
WEIGHTS = np.array([[1.0, -1.0], [0.0, 0.5], [0.0, 0.0]])
FLOWS = np.array([[0.0, 2.0], [0.0, 0.0], [0.0, 0.0]])


def network(**traits):
    view = NetworkView(title="The dense layers", alt="three units and two classes", **traits)
    hidden = NetworkLayer("hidden", [3, 8, 11], [1.0, 0.0, -2.0], [2.0, 0.0, -1.0], total=87, rest=0.25)
    classes = NetworkLayer("classes", [0, 1], [0.5, 4.0], [0.0, 2.0], ["boat", "a class with a long name"])
    view.show([hidden, classes], [WEIGHTS], [FLOWS])
    return view


def colours_on(view, row, column):
    """Colours (RGBA) that the canvas has half way of the line between two units."""
    centres = []
    for index in (row, 3 + column):
        box = view.find(".xai-disc").nth(index).bounding_box()
        centres.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    canvas = view.find("canvas")
    box = canvas.bounding_box()
    data = canvas.evaluate("canvas => canvas.toDataURL()")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGBA"))
    x, y = (sum(parts) / 2 for parts in zip(*centres, strict=True))
    scale = pixels.shape[1] / box["width"]
    top, left = int((y - box["y"]) * scale), int((x - box["x"]) * scale)
    around = pixels[top - 2 : top + 3, left - 12 : left + 13].reshape(-1, 4)
    return around[around[:, 3] > 60][:, :3]


def shows(found, colour):
    return bool(len(found)) and bool((np.abs(found.astype(int) - colour.astype(int)).max(1) < 12).any())


@pytest.mark.parametrize("ratio", [1, 2])
def test_lines_are_where_the_values_are_in_the_colour_of_their_sign(chromium, ratio):
    page = chromium.new_page(viewport={"width": 900, "height": 700}, device_scale_factor=ratio)
    page.set_content("<body data-jp-theme-light='true'></body>")
    view = Mounted(page, network(lines="weights"))
    assert shows(colours_on(view, 0, 0), POSITIVE)
    assert shows(colours_on(view, 0, 1), NEGATIVE)
    assert not len(colours_on(view, 2, 1))
    view.set(lines="flows")
    assert shows(colours_on(view, 0, 1), POSITIVE)
    assert not len(colours_on(view, 0, 0))
    width = view.find("canvas").evaluate("canvas => canvas.width / canvas.clientWidth")
    assert width == pytest.approx(ratio, rel=0.01)
    page.close()


def test_units_are_named_with_their_numbers_and_the_rest_is_counted(page):
    view = Mounted(page, network())
    names = [unit.get_attribute("aria-label") for unit in view.find("[role=option]").all()]
    assert names[0] == "hidden, 3 · activation 1 · relevance 2"
    assert names[4] == "classes, a class with a long name · activation 4 · relevance 2"
    expect(view.find(".xai-more").first).to_have_text("+ 84 more, together 0.25")
    expect(page.get_by_role("listbox", name="hidden")).to_have_count(1)
    expect(page.get_by_role("img", name="three units and two classes")).to_have_count(1)


def test_by_keyboard(page):
    view = Mounted(page, network())
    view.press("[tabindex='0']", "ArrowDown", "ArrowRight")
    expect(view.find("[role=option] >> nth=4")).to_be_focused()
    expect(view.find("[tabindex='0']")).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text(
        "classes, a class with a long name · activation 4 · relevance 2 · Relevance on the left: 3 2"
    )
    page.wait_for_timeout(120)
    assert view.get("hovered") == [1, 1]
    page.keyboard.press("Enter")
    assert view.get("selected") == [1, 1]
    expect(view.find("[role=option] >> nth=4")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    assert view.get("selected") is None
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    page.wait_for_timeout(120)
    assert view.get("hovered") == [0, 3]


def test_by_pointer(page):
    view = Mounted(page, network())
    view.find(".xai-disc").nth(2).hover()
    expect(page.get_by_role("status")).to_contain_text("hidden, 11 · activation -2 · relevance -1")
    page.wait_for_timeout(120)
    assert view.get("hovered") == [0, 11]
    view.find(".xai-disc").nth(1).click()
    assert view.get("selected") == [0, 8]
    view.find(".xai-disc").nth(1).click()
    assert view.get("selected") is None
    page.mouse.move(5, 650)
    page.wait_for_timeout(120)
    assert view.get("hovered") is None
    assert ["hovered"] in view.sent()


def test_other_layers_take_their_place(page):
    view = Mounted(page, network())
    view.press("[tabindex='0']", "End")
    new = NetworkView()
    new.show([NetworkLayer("only", [5], [1.0])], [])
    names = ("layers", "activations", "relevance", "weights", "flows")
    view.set(**{name: getattr(new, name) for name in names})
    expect(view.find("[role=option]")).to_have_count(1)
    expect(view.find("[role=option]")).to_have_attribute("aria-label", "only, 5 · activation 1")
    view.set(layers=[], activations=[], notice="this model has no dense layer")
    expect(view.find("[role=option]")).to_have_count(0)
    expect(view.element).to_contain_text("this model has no dense layer")


@pytest.mark.parametrize("light", ["true", "false"])
def test_no_accessibility_violation(page, light):
    page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
    if light == "false":
        page.add_style_tag(content="body { background: #111; }")
    view = Mounted(page, network(selected=(0, 8)))
    Mounted(page, NetworkView(title="Nothing", notice="no dense layer"))
    view.find(".xai-disc").first.hover()
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response
    assert len(results["passes"]) > 5
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in results["violations"]] == []
    for element in view.find("[tabindex]").all():
        assert element.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_a_closed_view_is_silent(page):
    view = Mounted(page, network())
    view.close()
    view.find(".xai-disc").first.click()
    page.wait_for_timeout(120)
    assert view.sent() == []
