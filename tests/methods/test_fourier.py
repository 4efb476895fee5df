"""Waves: there and back again, and each wave and its scale against a literal sum."""

import cmath
import math

import pytest
import torch

from xaiwidgets.methods.fourier import Waves, spectrum_scale

SHAPES = [(2, 3, 6, 8), (1, 1, 5, 7), (2, 2, 4, 5), (2, 4, 9), (1, 2, 8), (1, 1, 1, 6)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_there_and_back_again(shape, dtype):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    waves = Waves.like(x)
    coefficients = waves.coefficients(x)
    assert coefficients.dtype == dtype
    torch.testing.assert_close(waves.picture(coefficients), x)


def literal_scale(height, width):
    """s(f) of all frequencies, one by one, its mean square made 1."""
    found = {}
    for k in range(height):
        for m in range(width):
            frequency = math.hypot(min(k, height - k) / height, min(m, width - m) / width)
            found[k, m] = 1 / max(frequency, 1 / max(height, width))
    size = math.sqrt(sum(value**2 for value in found.values()) / len(found))
    return {place: value / size for place, value in found.items()}


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 3), (4, 5)])
def test_the_scale_is_one_over_the_frequency(height, width):
    expected, found = literal_scale(height, width), spectrum_scale((height, width))
    assert found.shape == (height, width // 2 + 1)
    for (k, m), value in expected.items():
        if m <= width // 2:
            assert found[k, m] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 3), (4, 5)])
def test_the_coefficients_are_those_of_a_literal_fourier_transform(height, width):
    x = torch.randn(1, 1, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    found, scale = Waves.like(x).coefficients(x)[0, 0], literal_scale(height, width)
    for k in range(height):
        for m in range(width // 2 + 1):
            total = sum(
                x[0, 0, row, column].item() * cmath.exp(-2j * math.pi * (k * row / height + m * column / width))
                for row in range(height)
                for column in range(width)
            )
            expected = total / math.sqrt(height * width) / scale[k, m]
            assert complex(*found[k, m].tolist()) == pytest.approx(expected, abs=1e-12)


def test_a_step_of_equal_size_changes_a_long_wave_most():
    waves = Waves.like(torch.zeros(1, 1, 16, 16, dtype=torch.float64))
    sizes = []
    for frequency in (1, 2, 4, 8):
        coefficients = torch.zeros(1, 1, 16, 9, 2, dtype=torch.float64)
        coefficients[0, 0, frequency, 0, 0] = 1
        sizes.append(waves.picture(coefficients).abs().max().item())
    # Each octave halves the amplitude; the last wave, at half a cycle a pixel, is its own mirror image.
    assert sizes[0] / sizes[1] == pytest.approx(2)
    assert sizes[1] / sizes[2] == pytest.approx(2)
    assert sizes[0] > sizes[3]
