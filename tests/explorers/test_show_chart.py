"""Charts in a notebook: what they say to who cannot see them, and that what is drawn is what was given."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from xaiwidgets.explorers.curve_panels import COLOURS
from xaiwidgets.explorers.show_chart import show_bars, show_lines


def pixels(figure):
    data = base64.b64decode(re.search(r"base64,([^\"]+)", figure._repr_html_())[1])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def painted(picture, colour):
    """Where a picture has the colour, bool."""
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return np.abs(picture - wanted).max(2) < 12


def test_bars_are_as_long_as_their_values():
    picture = pixels(show_bars(["a", "b", "c"], {"x": [10, 20, -20]}, label="worth", caption="Three bars."))
    rows = [row for row in painted(picture, COLOURS[0]) if row.any()]
    lengths = sorted({int(row.sum()) for row in rows})
    assert lengths[-1] == pytest.approx(2 * lengths[0], abs=4)
    ends = [int(np.flatnonzero(row)[0]) for row in rows]
    assert min(ends) < max(ends)  # the negative one begins farther left


def test_a_straight_line_on_logarithmic_axes_is_straight():
    x = [1, 10, 100, 1000]
    picture = painted(pixels(show_lines({"a": (x, x)}, x_label="x", y_label="y", caption="c d e")), COLOURS[0])
    picture = picture[:, :496]  # without the legend
    rows, columns = np.nonzero(picture)
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_values_are_read_out_unless_another_text_is_given():
    lines = {"exact": ([1, 2], [0.5, 0.25]), "b & c": ([3], [7])}
    page = show_lines(lines, x_label="cost", y_label="error", caption="What it costs.")._repr_html_()
    assert 'alt="What it costs. error against cost: exact from 0.5 to 0.25; b &amp; c from 7 to 7."' in page
    bars = {"one": [1.0, 2.0], "two": [3.0, 4.0]}
    page = show_bars(["p", "q"], bars, label="share", caption="Shares.", log=True)._repr_html_()
    assert 'alt="Shares. share. one: p 1, q 2; two: p 3, q 4."' in page
    page = show_bars(["p", "q"], bars, label="share", caption="Shares.", alt="Two groups of two.")._repr_html_()
    assert 'alt="Shares. Two groups of two."' in page


def test_in_a_terminal_it_is_its_caption():
    assert repr(show_bars(["p"], {"a": [1]}, label="share", caption="Shares.")) == "Figure: Shares."


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"a": ([1, 2], [1])}, "as many x as y values, got 2 and 1 for 'a'"),
        ({"a": ([], [])}, "got 0 and 0"),
        ({"a": ([1, 2], [1, 0])}, "positive on logarithmic axes, got 0 for 'a'"),
    ],
)
def test_bad_lines_are_named(lines, message):
    with pytest.raises(ValueError, match=message):
        show_lines(lines, x_label="x", y_label="y", caption="c")


def test_bad_bars_are_named():
    with pytest.raises(ValueError, match="one for each of the 2 names, got 1 for 'a'"):
        show_bars(["p", "q"], {"a": [1]}, label="l", caption="c")
    with pytest.raises(ValueError, match="positive on a logarithmic axis, got -1 for 'a'"):
        show_bars(["p"], {"a": [-1]}, label="l", caption="c", log=True)
