"""What an expert is: a density of the data, which says how natural a picture is and which way it would be more so.

Source: A. Nguyen, J. Clune, Y. Bengio, A. Dosovitskiy, J. Yosinski, "Plug & play generative networks", CVPR 2017, and
G. Montavon, W. Samek, K.-R. Müller, "Methods for interpreting and understanding deep neural networks", Digital Signal
Processing 73 (2018): a prototype of class c maximises log p(c | x) + log p(x), and p(x) is the expert.
"""

from typing import Protocol

from torch import Tensor


class Expert(Protocol):
    """A density p(x) over pictures of one shape."""

    normalised: bool
    """Whether log_density is log p(x) itself, or misses a constant (which no comparison of pictures sees)."""

    @property
    def mean(self) -> Tensor:
        """A typical picture, (C, H, W)."""
        ...

    def log_density(self, x: Tensor) -> Tensor:
        """Natural logarithm of the density of each picture of x (N, C, H, W), in nats: (N,), differentiable in x."""
        ...
