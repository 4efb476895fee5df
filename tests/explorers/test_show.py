import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from xaiwidgets.explorers import show
from xaiwidgets.views import Panel, static_figure

PICTURE = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
MAP = torch.linspace(-1, 3, 64).view(8, 8)


def pixels(figure):
    png = base64.b64decode(re.search(r"base64,([^\"]+)", figure._repr_html_())[1])
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_figure_is_that_of_its_panels():
    figure = show([PICTURE], ["a boat"], ["99%"], caption="One boat.")
    rgb = (PICTURE.permute(1, 2, 0) * 255 + 0.5).floor().to(torch.uint8).numpy()
    assert figure._repr_html_() == static_figure([Panel(rgb, "a boat", "99%")], "One boat.")
    assert repr(figure) == "Figure: One boat."


def test_the_alt_text_tells_titles_and_numbers():
    alt = re.search(r'<img alt="([^"]+)"', show([PICTURE, MAP], ["x", "R"], ["", "sum 64"], caption="Why.").html)[1]
    assert alt == "Why.; x; R sum 64"


def test_maps_share_one_scale_with_zero_in_the_middle():
    same = pixels(show([MAP, MAP], caption="two maps"))
    scaled = pixels(show([MAP, MAP / 10], caption="two maps"))
    half = same.shape[1] // 2
    assert np.array_equal(same[:, :half], scaled[:, :half])
    assert scaled[:, half:].min() > 200  # a tenth of the scale is nearly white
    assert np.array_equal(pixels(show([MAP], caption="m")), pixels(show([MAP], caption="m", limit=3.0)))
    assert not np.array_equal(pixels(show([MAP], caption="m")), pixels(show([MAP], caption="m", limit=6.0)))


def test_a_batch_is_a_sequence_of_pictures():
    batch = torch.stack([PICTURE, 1 - PICTURE])
    assert show(batch, caption="both") == show(list(batch), caption="both")
    assert pixels(show(batch, caption="both", columns=1)).shape[0] > pixels(show(batch, caption="both")).shape[0]


def test_what_needs_a_gradient_or_one_channel_can_be_shown():
    grey = PICTURE[:1].requires_grad_()
    assert show([grey], caption="grey") == show([PICTURE[:1].detach().expand(3, 8, 8)], caption="grey")


BAD = [
    (([PICTURE.numpy()],), {}, "pictures must be tensors, got ndarray"),
    (([PICTURE[:2]],), {}, r"pictures \(C, H, W\) with C 1 or 3 or maps \(H, W\), got \(2, 8, 8\)"),
    (([PICTURE], ["a", "b"]), {}, "titles must be none or one for each of the 1 pictures, got 2"),
    (([PICTURE, MAP],), {"captions": ["a"]}, "captions must be none or one for each of the 2 pictures, got 1"),
    (([MAP],), {"limit": 0.0}, "limit must be positive and finite, got 0.0"),
    (([],), {}, "panels must hold at least one picture"),
]


@pytest.mark.parametrize(("arguments", "keywords", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_is_named(arguments, keywords, message):
    with pytest.raises((TypeError, ValueError), match=message):
        show(*arguments, caption="c", **keywords)
