"""The views in Chromium: painted pixels, pointer, keyboard, names."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from view_page import Mounted, image

from xaiwidgets import views

FOCUSABLE = "[tabindex], input, button, select, textarea, a[href]"


def every_view():
    rng = np.random.default_rng(1)
    kinds = [
        {"name": "steps", "kind": "range", "minimum": 1, "maximum": 256, "log": True, "integer": True, "default": 64},
        {"name": "noise", "kind": "range", "minimum": 0, "maximum": 1, "unit": "std", "help": "added to the image"},
        {"name": "rule", "kind": "choice", "options": ["left", "middle"]},
        {"name": "baseline", "kind": "choice", "options": ["black", "white", "grey", "blurred", "mean"]},
        {"name": "methods", "kind": "choices", "options": ["gradient", "IG", "Taylor"], "maximum": 2},
        {"name": "squared", "kind": "flag"},
        {"name": "again", "kind": "button"},
        {"name": "off", "kind": "range", "minimum": 0, "maximum": 1, "disabled": True},
    ]
    mask = np.zeros((16, 24), bool)
    mask[4:9, 5:11] = True
    return [
        *(
            views.ImageView(
                image=image(), heatmap=rng.normal(size=(4, 6)), title=tool, caption="sum 1", tool=tool, outline=mask
            )
            for tool in ("look", "drag", "box", "brush", "pick", "occlude")
        ),
        views.ImageView(image=image(), notice="The map is zero everywhere.", busy=True),
        views.GalleryView(images=np.stack([image()] * 5), labels=["one", "two", "three", "four", "five"], columns=3),
        views.BarsView(names=["boat", "car", "fish"], values=[1.5, -0.5, np.nan], highlight=0, selected=1),
        views.BarsView(names=["sky", "sea"], values=[1.5, -0.5], errors=[0.3, np.nan], marks=[1.4, -0.9]),
        views.ControlsView(kinds),
        views.CurvesView(
            x=np.arange(9), series=rng.normal(size=(2, 9)), names=["a", "b"], title="Two", x_label="step", marker=3
        ),
        views.CurvesView(x=np.arange(9), series=rng.normal(size=(1, 9)), bands=np.ones((1, 9)), names=["a"], title="b"),
        views.StatusView(state="busy", device="cpu", milliseconds=12, progress=0.4, label="Occluding", message="Hm"),
        views.StatusView(state="error", error="x is wrong\n  at line 3"),
    ]


@pytest.mark.parametrize("light", ["true", "false"])
def test_no_accessibility_violation(page, light):
    page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
    if light == "false":
        page.add_style_tag(content="body { background: #111; }")
    for widget in every_view():
        Mounted(page, widget)
    page.wait_for_timeout(400)  # a transition half way has half its contrast
    page.wait_for_function("!document.getAnimations().length")
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response
    assert len(results["passes"]) > 10
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in results["violations"]] == []


def test_every_focusable_element_keeps_its_keys(page):
    for widget in every_view():
        found = Mounted(page, widget).find(FOCUSABLE)
        assert found.count() > 0
        for element in found.all():
            assert element.get_attribute("data-lm-suppress-shortcuts") == "true", element.evaluate("e => e.outerHTML")


def test_saving_stays_possible(page):
    page.evaluate("""() => {
        window.seen = [];
        const note = (e) => seen.push([e.key, e.target.hasAttribute("data-lm-suppress-shortcuts")]);
        document.addEventListener("keydown", note, true);
    }""")
    view, other = Mounted(page, views.ImageView(image=image())), Mounted(page, views.StatusView(state="busy"))
    view.press(".xai-overlay", "d", "Control+s", "d", "Control+a")
    other.press("button", "Control+s")
    keys = [pair for pair in page.evaluate("seen") if pair[0] != "Control"]
    assert keys == [["d", True], ["s", False], ["d", True], ["a", True], ["s", False]]
    expect(view.find(".xai-overlay")).to_have_attribute("data-lm-suppress-shortcuts", "true")


def test_a_closed_view_is_silent(page):
    view = Mounted(page, views.ImageView(image=image(), tool="box"))
    view.close()
    view.drag(".xai-overlay", (0.2, 0.2), (0.6, 0.7))
    view.press(".xai-overlay", "ArrowDown")
    view.set(heatmap=np.ones((16, 24)))
    page.wait_for_timeout(200)
    assert view.sent() == []
