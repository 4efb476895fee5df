"""Methods: pure torch functions `(model, x, target, *, …) -> attribution`, and their catalogue."""

from collections.abc import Callable

from torch import Tensor

from xaiwidgets.methods.gradients import (
    gradient,
    gradient_x_input,
    integrated_gradients,
    sensitivity,
    simple_taylor,
    smoothgrad,
    squared_gradient_x_input,
)

ATTRIBUTIONS: dict[str, Callable[..., Tensor]] = {
    "Gradient": gradient,
    "Sensitivity": sensitivity,
    "Gradient x input": gradient_x_input,
    "Squared gradient x input": squared_gradient_x_input,
    "Simple Taylor": simple_taylor,
    "Integrated gradients": integrated_gradients,
    "SmoothGrad": smoothgrad,
}
"""Published name of each method -> its function. Widgets, tests and the benchmark iterate over it."""
