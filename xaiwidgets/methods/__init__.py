"""Methods: pure torch functions `(model, x, target, *, …) -> attribution`, and their catalogue."""

from collections.abc import Callable

from torch import Tensor

from xaiwidgets.methods.cam import guided_grad_cam
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.gradients import (
    gradient,
    gradient_x_input,
    integrated_gradients,
    sensitivity,
    simple_taylor,
    smoothgrad,
    squared_gradient_x_input,
)
from xaiwidgets.methods.guided_backprop import deconvolution, guided_backpropagation
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.reveal_cancel import deeplift_reveal_cancel

ATTRIBUTIONS: dict[str, Callable[..., Tensor]] = {
    "Gradient": gradient,
    "Sensitivity": sensitivity,
    "Gradient x input": gradient_x_input,
    "Squared gradient x input": squared_gradient_x_input,
    "Simple Taylor": simple_taylor,
    "Integrated gradients": integrated_gradients,
    "SmoothGrad": smoothgrad,
    "DeepLIFT": deeplift,
    "DeepLIFT RevealCancel": deeplift_reveal_cancel,
    "Guided backpropagation": guided_backpropagation,
    "Deconvolution": deconvolution,
    "Guided Grad-CAM": guided_grad_cam,
    "LRP": lrp,
}
"""Published name of each method -> its function. Widgets, tests and the benchmark iterate over it."""
