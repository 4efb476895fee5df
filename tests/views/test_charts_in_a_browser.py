"""Error bars, marks and bands in Chromium: where they stand, and what is said of them."""

import numpy as np
import pytest
from playwright.sync_api import expect
from view_page import Mounted

from xaiwidgets import views
from xaiwidgets.explorers.shapley_pictures import RELEVANCE

NAMES = ["sky", "sea", "sand"]


@pytest.fixture
def bars(page):
    shown = views.BarsView(names=NAMES, values=[2.0, -1.0, 1.0], errors=[0.5, np.nan, 1.0], marks=[1.0, -2.0, np.nan])
    return Mounted(page, shown)


def middle_and_width(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["width"]


def test_error_bars_and_marks_stand_where_the_values_say(bars):
    """The scale runs from -2, a mark, to 2.5, the end of an error bar."""
    rows = bars.find(".xai-option")
    track = rows.first.locator(".xai-track").bounding_box()

    def place(value):
        return track["x"] + track["width"] * (value + 2) / 4.5

    for row, value, half in ((0, 2.0, 0.5), (2, 1.0, 1.0)):
        middle, width = middle_and_width(rows.nth(row).locator(".xai-error-bar"))
        assert middle == pytest.approx(place(value), abs=1)
        assert width == pytest.approx(track["width"] * 2 * half / 4.5, abs=2)
    for row, value in ((0, 1.0), (1, -2.0)):
        assert middle_and_width(rows.nth(row).locator(".xai-mark"))[0] == pytest.approx(place(value), abs=1)
    expect(rows.nth(1).locator(".xai-error-bar")).to_be_hidden()
    expect(rows.nth(2).locator(".xai-mark")).to_be_hidden()


def test_a_row_says_its_error_and_its_mark(bars):
    rows = bars.find(".xai-option")
    expect(rows.nth(0)).to_have_attribute("aria-label", "sky: 2.00 ± 0.50, exact 1.00")
    expect(rows.nth(1)).to_have_attribute("aria-label", "sea: -1.00, exact -2.00")
    expect(rows.nth(2)).to_have_attribute("aria-label", "sand: 1.00 ± 1.00")
    expect(rows.nth(0).locator(".xai-number")).to_have_text("2.00 ± 0.50")
    assert bars.find(".xai-entry").all_inner_texts() == ["exact", "± standard error"]
    bars.set(mark_label="by hand", error_label="± spread")
    expect(rows.nth(1)).to_have_attribute("aria-label", "sea: -1.00, by hand -2.00")
    assert bars.find(".xai-entry").all_inner_texts() == ["by hand", "± spread"]


def test_bars_without_errors_and_marks_look_as_before(bars):
    bars.set(errors=[], marks=[])
    for extra in (".xai-legend", ".xai-option .xai-error-bar", ".xai-option .xai-mark"):
        for element in bars.find(extra).all():
            expect(element).to_be_hidden()
    expect(bars.find(".xai-option").first).to_have_attribute("aria-label", "sky: 2.00")


def test_a_band_is_as_high_as_it_is_wide_in_values(page):
    curves = views.CurvesView(
        x=[0, 1, 2], series=[[1, 1, 1], [3, 3, 3]], bands=[[0.5, 0.5, 0.5], [np.nan] * 3], names=["a", "b"],
        y_limits=(0, 4), x_label="steps", title="Estimates", marker=1,
    )  # fmt: skip
    view = Mounted(page, curves)
    lines, bands = view.find("path.xai-curve"), view.find("path.xai-band")
    distance = lines.nth(0).bounding_box()["y"] - lines.nth(1).bounding_box()["y"]  # of the values 1 and 3
    assert bands.nth(0).bounding_box()["height"] == pytest.approx(distance / 2, abs=1)
    assert bands.nth(1).get_attribute("d") == ""
    expect(view.find(".xai-readout")).to_have_text("steps 1: a 1 ± 0.5 · b 3")
    view.set(bands=np.zeros((0, 0)))
    expect(bands).to_have_count(0)
    expect(view.find(".xai-readout")).to_have_text("steps 1: a 1 · b 3")


def test_bands_of_other_curves_are_not_drawn(page):
    """Series and bands come one after the other: in between they do not fit."""
    view = Mounted(page, views.CurvesView(x=[0, 1], series=[[1, 2]], bands=[[1, 1]], names=["a"]))
    view.set(x=[0, 1, 2], series=[[1, 2, 3]])
    expect(view.find("path.xai-band")).to_have_count(0)
    expect(view.find("path.xai-curve")).to_have_count(1)


def test_bars_of_relevance_have_the_colours_of_maps(bars):
    """Red is positive and blue negative, also in the picture that is drawn without a browser."""
    positive, negative = (tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in RELEVANCE)
    first, second = (bars.find(".xai-option .xai-bar").nth(i) for i in (0, 1))
    expect(first).not_to_have_css("background-color", f"rgb{positive}")
    bars.set(palette="relevance")
    expect(first).to_have_css("background-color", f"rgb{positive}")
    expect(second).to_have_css("background-color", f"rgb{negative}")
    assert positive[0] > max(positive[1:])
    assert negative[2] > max(negative[:2])
