"""What each method is worth on a model: it is run once, and judged by what its definition asks for."""

from collections.abc import Callable
from functools import partial

from torch import Tensor

from xaiwidgets.methods.cam import cam, grad_cam, grad_cam_plus_plus, guided_grad_cam
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.deeplift_rules import LINEAR
from xaiwidgets.methods.diagnosis import APPROXIMATED, EXACT, REFUSED, some
from xaiwidgets.methods.examination import Patient, tried
from xaiwidgets.methods.gradients import completeness_gap
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.reveal_cancel import deeplift_reveal_cancel

ENOUGH = 0.01  # of the score: a sum that misses less is called complete


def _of_gradient(patient: Patient, caution: str = "", method: Callable | None = None) -> tuple[str, str]:
    """A method that needs no more than gradients."""
    found = tried(partial(method, patient.model, patient.x, patient.target)) if method else patient.slope
    if isinstance(found, Exception):
        return REFUSED, str(found)
    cautions = [caution] if caution else []
    if patient.random:
        cautions.append("the model is random: two passes differ")
    if patient.probabilities:
        cautions.append("explains a probability, which hardly moves where the model is sure; leave out the softmax")
    return (APPROXIMATED, "; ".join(cautions)) if cautions else (EXACT, "")


def _of_path(patient: Patient, caution: str) -> tuple[str, str]:
    """A sum that is exact for a model without kinks and curves."""
    linear = set(patient.operations) <= LINEAR and not patient.curved
    return _of_gradient(patient, "" if linear else caution)


def _of_relu_rule(patient: Patient, method: Callable | None = None) -> tuple[str, str]:
    caution = ""
    if not patient.operations["relu"]:
        caution = "the model has no ReLU, so this is its gradient"
    elif patient.other_activations:
        caution = f"the rule is for ReLUs; {patient.other_activations} keep their gradient"
    return _of_gradient(patient, caution, method)


def _of_lrp(patient: Patient) -> tuple[str, str]:
    found = tried(partial(lrp, patient.model, patient.x, patient.target))
    if isinstance(found, Exception) or isinstance(patient.flow, Exception):
        return REFUSED, str(found if isinstance(found, Exception) else patient.flow)
    cautions = []
    if patient.other_activations:
        cautions.append(f"passes {patient.other_activations} unchanged, as if they were ReLUs")
    if alone := [step.layer for step in patient.flow.steps if step.operation == "batch_norm"]:
        cautions.append(f"BatchNorm {some(alone)} follows no layer it could be merged into, and is passed unchanged")
    missing = _missing(patient.flow.relevance.sum(), patient.logits[0, patient.target])
    if missing > ENOUGH:
        lost = "neurons that get no positive contributions lose theirs"
        cautions.append(f"the sum misses {missing:.0%} of the score, also without biases ({lost})")
    verdict, why = _of_gradient(patient)
    return (APPROXIMATED, "; ".join([*cautions, *filter(None, [why])])) if cautions else (verdict, why)


def _of_deeplift(patient: Patient, method: Callable = deeplift) -> tuple[str, str]:
    found = tried(partial(method, patient.model, patient.x, patient.target))
    if isinstance(found, Exception):
        return REFUSED, str(found)
    gap = completeness_gap(patient.model, patient.x, patient.target, found)[0]
    missing = _missing(found.sum(), found.sum() - gap)
    if missing > ENOUGH:
        return APPROXIMATED, f"the sum misses {missing:.0%} of what it should explain"
    return _of_gradient(patient)


def _missing(total: Tensor, whole: Tensor) -> float:
    """By which share of the whole a sum misses it."""
    return float((total - whole).abs() / whole.abs().clamp(min=1e-12))


CHECKS: dict[str, Callable[[Patient], tuple[str, str]]] = {
    **dict.fromkeys(("Gradient", "Sensitivity", "Gradient x input", "Squared gradient x input"), _of_gradient),
    "Simple Taylor": partial(
        _of_path, caution="leaves out all but the first order; where no root is found, it says so"
    ),
    "Integrated gradients": partial(_of_path, caution="a sum over 64 points; completeness_gap tells what it misses"),
    "SmoothGrad": partial(_of_path, caution="a mean over random noise"),
    "Guided backpropagation": _of_relu_rule,
    "Deconvolution": _of_relu_rule,
    "LRP": _of_lrp,
    "DeepLIFT": _of_deeplift,
    "DeepLIFT RevealCancel": partial(_of_deeplift, method=deeplift_reveal_cancel),
    "CAM": partial(_of_gradient, method=cam),
    "Grad-CAM": partial(_of_gradient, method=grad_cam),
    "Grad-CAM++": partial(_of_gradient, method=grad_cam_plus_plus),
    "Guided Grad-CAM": partial(_of_relu_rule, method=guided_grad_cam),
}
"""Published name of each method -> what judges it."""
