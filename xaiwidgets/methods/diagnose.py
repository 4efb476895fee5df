"""The model doctor: what is the model made of, and which explanation can be trusted on it?"""

import warnings

import torch
from torch import Tensor, nn

from xaiwidgets.borrow import device_and_dtype
from xaiwidgets.methods.diagnosis import Diagnosis, Verdict
from xaiwidgets.methods.examination import examined
from xaiwidgets.methods.findings import findings
from xaiwidgets.methods.inputs import ProbabilityWarning
from xaiwidgets.methods.verdicts import CHECKS


def diagnose(model: nn.Module, x: Tensor | None = None) -> Diagnosis:
    """What is this model made of, and which explanation can be trusted on it?

    Runs the model and the cheap methods once, on a borrowed copy, and looks at the operations, not at the modules: a
    functional, in-place or reused ReLU is seen like any other.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: inputs, `(N, …)`; the first is used. None: random numbers of a shape that the first layer takes.

    Returns:
        A `Diagnosis`: `print` it, or make it the last line of a cell; `diagnose(model, x)["LRP"]` is one verdict.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    place = device_and_dtype(model) if isinstance(model, nn.Module) else None
    cuda = [place[0]] if place is not None and place[0].type == "cuda" else []
    # A model that draws random numbers must not disturb the caller's.
    with torch.random.fork_rng(cuda), warnings.catch_warnings():
        warnings.simplefilter("ignore", ProbabilityWarning)
        patient = examined(model, x)
        verdicts = tuple(Verdict(name, *check(patient)) for name, check in CHECKS.items())
        return Diagnosis(type(model).__name__, tuple(findings(patient)), verdicts)
