"""Pictures as waves: the parametrisation in which one step changes all sizes of pattern alike.

A picture's value is a sum of waves. Natural pictures hold most in long waves: the amplitude falls about as `1 / f` with
the frequency `f` (Field 1987). A step of ascent on pixels adds as much of the shortest waves as of the longest, hence
the noise. So the picture is written as

    x = DFT⁻¹(s(f) · c),    s(f) ∝ 1 / max(f, 1 / L)

with `L` the longest side, and the ascent changes the coefficients `c` (Olah, Mordvintsev and Schubert 2017, Feature
visualization, section "Preconditioning and parameterization").
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Waves:
    """Pictures `(N, C, H, W)` or signals `(N, C, L)` <-> coefficients `(N, C, …, 2)`, real and imaginary parts.

    Attributes:
        places: the picture's size, `(H, W)` or `(L,)`.
        scale: `s(f)` of each frequency that a real picture needs, `(H, W // 2 + 1)`; its mean square over all
            frequencies is 1, so that coefficients and pixels have the same unit.
    """

    places: tuple[int, ...]
    scale: Tensor

    @classmethod
    def like(cls, x: Tensor) -> "Waves":
        """For pictures of the size, type and device of `x`."""
        places = tuple(x.shape[2:])
        return cls(places, spectrum_scale(places).to(x))

    def coefficients(self, x: Tensor) -> Tensor:
        """`c = DFT(x) / s`, the DFT with orthonormal waves."""
        return torch.view_as_real(torch.fft.rfftn(x, dim=self._axes(), norm="ortho") / self.scale)

    def picture(self, coefficients: Tensor) -> Tensor:
        """`x = DFT⁻¹(s · c)`."""
        spectrum = torch.view_as_complex(coefficients.contiguous()) * self.scale
        return torch.fft.irfftn(spectrum, s=self.places, dim=self._axes(), norm="ortho")

    def _axes(self) -> tuple[int, ...]:
        return tuple(range(2, 2 + len(self.places)))


def spectrum_scale(places: tuple[int, ...]) -> Tensor:
    """`s(f)` for the frequencies of a real picture of this size, in float64; see `Waves`."""
    axes = [torch.fft.fftfreq(length, dtype=torch.float64) for length in places]
    frequency = torch.stack(torch.meshgrid(*axes, indexing="ij")).square().sum(0).sqrt()  # cycles per pixel
    scale = 1 / frequency.clamp(min=1 / max(places))
    scale = scale / scale.square().mean().sqrt()
    return scale[..., : places[-1] // 2 + 1].clone()
