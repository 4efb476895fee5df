"""Gallery, bars, controls, curves and the status line in Chromium: pointer, keyboard, names."""

import numpy as np
import pytest
from playwright.sync_api import expect
from view_page import Mounted, image

from xaiwidgets import views

FOCUSABLE = "[tabindex], input, button, select, textarea, a[href]"


def kinds_of(*items):
    return views.ControlsView([{"minimum": 0, "maximum": 10, **item} for item in items])


def test_a_gallery_by_pointer_and_by_keys(page):
    view = Mounted(page, views.GalleryView(images=np.stack([image()] * 7), columns=3, label="Images"))
    view.find("[role=option] >> nth=4").click()
    assert view.get("selected") == 4
    view.press("[aria-selected=true]", "ArrowUp", "ArrowLeft")
    assert view.get("selected") == 0
    page.keyboard.press("End")
    assert view.get("selected") == 6
    expect(view.find("[role=option][tabindex='0']")).to_be_focused()
    expect(view.find("[role=option] >> nth=6")).to_have_attribute("aria-label", "picture 7")
    view.set(selected=2)
    expect(view.find("[role=option] >> nth=2")).to_have_attribute("aria-selected", "true")
    assert len(view.sent()) == 4


def test_bars_in_their_order(page):
    widget = views.BarsView(names=["boat", "car", "fish"], values=[0.5, -2, 3], order="sorted", highlight=0)
    view = Mounted(page, widget)
    rows = view.find("[role=option]")
    assert [row.get_attribute("aria-label") for row in rows.all()] == [
        "fish: 3.00",
        "boat: 0.50, true class",
        "car: -2.00",
    ]
    view.press("[tabindex='0']", "ArrowDown", "ArrowDown")
    assert view.get("selected") == 1  # car: an index into names, not a row
    view.set(values=[9.0, 4.0, 3.0])
    expect(rows.nth(1)).to_have_attribute("aria-label", "car: 4.00")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    bar, zero = (view.find(f"{name} >> nth=0").bounding_box() for name in (".xai-bar", ".xai-zero"))
    assert bar["x"] == pytest.approx(zero["x"], abs=1)


def test_a_slider_by_keys_and_by_number(page):
    view = Mounted(page, kinds_of({"name": "level", "kind": "range", "step": 0.5, "default": 5}))
    view.press("[type=range]", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert view.get("values") == {"level": 5.5}
    number = view.find(".xai-number")
    expect(number).to_have_value("5.5")
    number.fill("99")
    number.press("Enter")
    assert view.get("values") == {"level": 10}
    number.fill("many")
    number.blur()
    expect(number).to_have_value("10")
    view.set(values={"level": 2.5})
    expect(number).to_have_value("2.5")
    expect(view.find("[type=range]")).to_have_value("2.5")


def test_a_logarithmic_slider_takes_one_stop_a_key(page):
    item = {"name": "steps", "kind": "range", "minimum": 1, "maximum": 256, "log": True, "integer": True, "default": 2}
    view = Mounted(page, kinds_of(item))
    view.press("[type=range]", "ArrowRight")
    assert view.get("values") == {"steps": 3}
    view.press("[type=range]", "End")
    assert view.get("values") == {"steps": 256}
    expect(view.find("[type=range]")).to_have_attribute("aria-valuetext", "256")


def test_other_controls(page):
    options = ["black", "white", "grey", "blurred", "mean"]
    view = Mounted(
        page,
        kinds_of(
            {"name": "rule", "kind": "choice", "options": ["left", "middle"]},
            {"name": "baseline", "kind": "choice", "options": options},
            {"name": "methods", "kind": "choices", "options": ["a", "b", "c"], "maximum": 2, "default": ["c"]},
            {"name": "squared", "kind": "flag"},
            {"name": "again", "kind": "button", "help": "draws new noise"},
        ),
    )
    view.press("[type=radio]", "ArrowRight")
    view.find("select").select_option("grey")
    choices = view.find(".xai-choices label")
    choices.nth(0).click()
    choices.nth(1).click(force=True)  # a third one: refused
    view.press("[role=switch]", "Space")
    view.press("button", "Enter", "Space")
    values = {"rule": "middle", "baseline": "grey", "methods": ["a", "c"], "squared": True, "again": 2}
    assert view.get("values") == values
    expect(page.get_by_role("button", name="again")).to_have_accessible_description("draws new noise")
    view.page.wait_for_timeout(50)
    assert all(names == ["values"] for names in view.sent())


def test_an_answer_that_a_press_has_overtaken_takes_no_press_back(page):
    view = Mounted(page, kinds_of({"name": "level", "kind": "range", "default": 5}, {"name": "next", "kind": "button"}))
    view.press("button", "Enter", "Enter")
    view.set(values={"level": 7, "next": 1})  # the kernel had seen one press when it wrote this
    view.press("button", "Enter")
    assert view.get("values") == {"level": 7, "next": 3}


def test_a_new_specification_keeps_the_focus(page):
    first = {"name": "level", "kind": "range", "default": 5}
    view = Mounted(page, kinds_of(first))
    view.press("[type=range]", "ArrowRight")
    view.set(
        specification=[{"name": "level", "kind": "range", "minimum": 0, "maximum": 3}, {"name": "on", "kind": "flag"}]
    )
    expect(view.find("[type=range]")).to_be_focused()
    expect(view.find("[role=switch]")).to_be_visible()


def test_a_marker_by_keys_and_by_pointer(page):
    widget = views.CurvesView(x=[0, 1, 2, 3, 4], series=[[0, 1, 4, 9, 16]], names=["square"], x_label="n", marker=2)
    view = Mounted(page, widget)
    expect(view.find(".xai-readout")).to_have_text("n 2: square 4")
    view.press("[role=slider]", "ArrowRight")
    assert view.get("marker") == 3
    expect(view.find("[role=slider]")).to_have_attribute("aria-valuetext", "n 3: square 9")
    view.drag(".xai-plot", (0.5, 0.5), (0.05, 0.5))
    assert view.get("marker") == 0
    view.set(movable=False)
    view.press("[role=slider]", "End")
    assert view.get("marker") == 0


def test_curves_show_what_is_given(page):
    series = np.array([[0, 1, np.nan, 3], [1, 1, 1, 1]])
    view = Mounted(
        page, views.CurvesView(x=[0, 1, 2, 3], series=series, names=["broken", "flat, rather long"], y_label="gap")
    )
    paths = view.find("path.xai-curve")
    assert paths.count() == 2
    assert paths.nth(0).get_attribute("d").count("M") == 2
    assert paths.nth(0).get_attribute("stroke-dasharray") != paths.nth(1).get_attribute("stroke-dasharray")
    assert {"broken", "flat, rather long", "gap"} <= set(view.find("text").all_text_contents())
    room = view.element.bounding_box()
    for text in view.find("text").all():  # a label beyond the edge would be cut off by the cell
        box = text.bounding_box()
        assert room["x"] <= box["x"]
        assert box["x"] + box["width"] <= room["x"] + room["width"]
    expect(view.find(".xai-marker")).to_be_hidden()
    view.set(series=np.zeros((1, 4)), names=["one"])
    expect(paths).to_have_count(1)


def test_curves_without_data_are_empty_axes(page):
    view = Mounted(page, views.CurvesView(title="Soon", marker=0.5))
    assert view.find("path").count() == 0
    assert view.find("text").count() > 3


def test_the_status_line(page):
    view = Mounted(page, views.StatusView(device="cpu", milliseconds=1234.0))
    expect(view.element).to_have_attribute("data-state", "ready")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    view.set(state="busy", progress=0.25, label="Occluding")
    expect(page.get_by_role("progressbar", name="Occluding")).to_have_attribute("aria-valuenow", "25")
    page.get_by_role("button", name="Cancel").click()
    assert view.get("cancelled") == 1
    details = "x must be (N, C, H, W)\n  File a.py\n" + "a long line " * 60
    view.set(state="error", progress=None, error=details)
    expect(page.get_by_role("alert")).to_contain_text("x must be (N, C, H, W)")
    alert = page.get_by_role("alert")
    assert alert.evaluate("e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight"), (
        "nothing is cut off"
    )
    view.set(state="ready", error="")
    expect(page.get_by_role("alert")).to_have_count(0)
