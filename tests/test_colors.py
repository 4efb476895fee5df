import numpy as np
import pytest
import torch

from xaiwidgets import colors


def linear(rgb):
    """Linear light of sRGB colours in 0..255."""
    unit = np.asarray(rgb, np.float64) / 255
    return np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)


def lab(light):
    """CIE L*a*b* (D65) of linear light, `(..., 3)`."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = light @ np.transpose(to_xyz) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


# Machado, Oliveira, Fernandes 2009, severity 1, for linear light.
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("name", colors.TABLES)
def test_both_arms_darken_step_by_step_from_a_light_neutral_centre(name):
    lightness, a, b = lab(linear(colors.lookup_table(name))).T
    assert lightness[128] > 95
    assert abs(a[128]) < 1
    assert abs(b[128]) < 1
    assert (np.diff(lightness[:129]) > -0.05).all()
    assert (np.diff(lightness[128:]) < 0.05).all()
    assert max(lightness[0], lightness[255]) < 45
    # As much to see on either side: the same distance from zero is about equally dark.
    assert np.abs(lightness[128:248:8] - lightness[128:8:-8]).max() < 12


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("name", colors.TABLES)
def test_positive_and_negative_are_told_apart_by_colour_blind_readers(name, deficiency):
    table = colors.lookup_table(name)
    for step in (127, 96, 64):  # the ends, three quarters and half of the way
        pair = linear(table[[128 - step, 128 + step]]) @ np.transpose(DEFICIENCIES[deficiency])
        negative, positive = lab(np.clip(pair, 0, 1))
        assert np.linalg.norm(positive - negative) > 20, f"{step} steps from zero"


def test_red_is_positive_and_blue_negative():
    positive, negative, zero = colors.to_rgb([1.0, -1.0, 0.0], 1.0).astype(int)
    assert positive[0] > positive[2] + 50
    assert negative[2] > negative[0] + 50
    assert (zero == 247).all()


def test_values_beyond_the_limit_take_the_end_and_nan_is_grey():
    rgb = colors.to_rgb([2.0, 9.0, np.inf, -np.inf, -3.0, np.nan], 2.0)
    table = colors.lookup_table()
    np.testing.assert_array_equal(rgb, [table[255], table[255], table[255], table[0], table[0], [128] * 3])
    assert not (table == 128).all(axis=1).any(), "the grey of NaN stands for no value"


def test_colours_keep_the_shape_and_come_from_the_table_given():
    table = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    values = torch.tensor([[-1.0, -0.5, 0.0], [0.25, 0.5, 1.0]], requires_grad=True)
    np.testing.assert_array_equal(colors.to_rgb(values, 1.0, table)[..., 0], [[0, 64, 128], [159, 191, 255]])


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan, np.inf])
def test_a_limit_must_be_positive(limit):
    with pytest.raises(ValueError, match="limit must be positive and finite"):
        colors.to_rgb([0.0], limit)


def test_one_limit_for_all_maps():
    maps = np.array([[0.5, -2.0]]), torch.tensor([1.5, float("nan"), float("-inf")]), []
    assert colors.symmetric_limit(*maps) == 2.0
    assert colors.symmetric_limit(np.zeros((2, 3)), [np.nan]) == 1.0
    assert colors.symmetric_limit() == 1.0


def test_unknown_tables_list_the_known():
    with pytest.raises(ValueError, match="one of 'relevance', got 'jet'"):
        colors.lookup_table("jet")


def test_a_table_cannot_be_changed_for_everyone():
    with pytest.raises(ValueError, match="read-only"):
        colors.lookup_table()[0] = 0


def test_luma_and_blend():
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_array_equal(colors.grey(image), [[76, 150, 29, 255]])
    heat = np.full_like(image, 200)
    np.testing.assert_array_equal(colors.blend(heat, image, 1.0), heat)
    np.testing.assert_array_equal(colors.blend(heat, image, 0.0)[..., 1], [[76, 150, 29, 255]])
    np.testing.assert_array_equal(colors.blend(heat, image, 0.25)[0, 1], [163, 163, 163])  # 50 + 112.5, halves up


def test_overlay_draws_each_cell_as_a_rectangle():
    image = np.zeros((4, 6, 3), np.uint8)
    shown = colors.overlay(image, [[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]], 1.0)
    table = colors.lookup_table()
    assert (shown[:2, :2] == table[255]).all()
    assert (shown[:2, 4:] == table[0]).all()
    assert (shown[2:] == table[128]).all()
    np.testing.assert_array_equal(colors.overlay(image, np.zeros((0, 0)), 1.0), image)


def test_pixels_of_images():
    x = torch.zeros(2, 3, 4, 5)
    x[1, 0, 2, 3] = 1.0
    x[1, 1, 2, 3] = 0.5
    x[0, 2, 0, 0] = 7.0
    pixels = colors.picture(x)
    assert pixels.shape == (2, 4, 5, 3)
    assert pixels[1, 2, 3].tolist() == [255, 128, 0]
    assert pixels[0, 0, 0].tolist() == [0, 0, 255]
    grey = colors.picture(np.full((1, 2, 3), 0.2))
    assert grey.shape == (2, 3, 3)
    assert (grey == 51).all()
    grey[0, 0] = 9  # an array of its own: one pixel can be changed
    assert grey[0, 1, 0] == 51


def test_pictures_have_one_or_three_channels():
    with pytest.raises(ValueError, match=r"1 or 3 channels, got shape \(2, 8, 8\)"):
        colors.picture(np.zeros((2, 8, 8)))
