import base64
import io
import re

import matplotlib
import numpy as np
import pytest
from PIL import Image

from xaiwidgets.views import Panel, static_figure

RED = np.full((4, 6, 3), (200, 0, 0), np.uint8)


def png_of(figure):
    return base64.b64decode(re.search(r"base64,([^\"]+)", figure)[1])


def test_alt_and_caption_are_there_and_safe():
    figure = static_figure([Panel(RED, "Gradient", "sum 0.3")], 'a < b & "c"')
    assert "<figcaption>a &lt; b &amp; &quot;c&quot;</figcaption>" in figure
    assert 'alt="a &lt; b &amp; &quot;c&quot;; Gradient sum 0.3"' in figure
    assert 'alt="mine"' in static_figure([Panel(RED)], "caption", alt="mine")


def test_pixels_are_sharp_and_in_their_places():
    rgb = RED.copy()
    rgb[0, 5] = (0, 0, 200)
    picture = np.asarray(
        Image.open(io.BytesIO(png_of(static_figure([Panel(rgb, "A", "B")], "caption")))).convert("RGB")
    )
    blue = np.argwhere((picture == (0, 0, 200)).all(-1))
    red = np.argwhere((picture == (200, 0, 0)).all(-1))
    assert blue[:, 0].min() == red[:, 0].min()  # in the first row
    assert blue[:, 1].max() == red[:, 1].max() or blue[:, 1].max() > red[:, 1].max()  # and the last column
    assert len(red) / len(blue) == pytest.approx(23, rel=0.1)


def test_the_same_panels_give_the_same_bytes_whatever_the_settings():
    panels = [Panel(RED, "Gradient $x_1$", "sum 0.3")]
    first = static_figure(panels, "caption")
    with matplotlib.rc_context(
        {"font.family": "serif", "savefig.transparent": True, "image.origin": "lower", "savefig.dpi": 300}
    ):
        assert static_figure(panels, "caption") == first


def test_a_file_is_small_even_for_noise():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    panels = [Panel(noise, f"method {i}", "sum 0.123") for i in range(5)]
    assert len(png_of(static_figure(panels, "caption"))) < 60_000


def test_panels_stand_in_a_grid():
    size = [Image.open(io.BytesIO(png_of(static_figure([Panel(RED)] * 4, "c", columns=n)))).size for n in (4, 2)]
    assert size[0][0] == pytest.approx(2 * size[1][0], rel=0.02)
    assert 2 * size[0][1] == pytest.approx(size[1][1], rel=0.02)


def test_no_panel_is_an_error():
    with pytest.raises(ValueError, match="at least one picture"):
        static_figure([], "caption")


def test_long_words_under_a_picture_are_folded_not_cut():
    long = Panel(RED, "How good is the fit, by its radius, near the boundary?", "the cosine with the gradient is 0.974")
    picture = np.asarray(Image.open(io.BytesIO(png_of(static_figure([long, long], "caption")))).convert("L"))
    ink = (picture < 200).any(0).nonzero()[0]
    assert ink[0] > 1
    assert ink[-1] < picture.shape[1] - 2
    middle = picture.shape[1] // 2
    assert (picture[:, middle - 1 : middle + 1] > 200).all()  # and neighbours do not touch
    assert "How good is the fit, by its radius, near the boundary?" in static_figure([long], "caption")
