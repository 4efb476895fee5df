"""What a model is made of, in words, and what of it matters to explanations."""

from collections import Counter

from torch import nn

from xaiwidgets.methods.deeplift_rules import unsupported
from xaiwidgets.methods.diagnosis import some
from xaiwidgets.methods.examination import Patient


def findings(patient: Patient) -> list[tuple[str, str]]:
    """What was looked at, what was found."""
    size = " x ".join(map(str, patient.x.shape[1:]))
    source = "random numbers; pass x for a verdict on your data" if patient.made_up else "the first of x"
    counts = ", ".join(f"{count} {name}" for name, count in patient.operations.items())
    output = "probabilities: leave out the softmax, methods explain logits" if patient.probabilities else "logits"
    return [
        ("Input", f"{size}, {str(patient.x.dtype).removeprefix('torch.')}; {source}"),
        ("Operations", counts or "none that depends on the input"),
        ("Activations", _activations(patient)),
        ("Normalization", _normalization(patient)),
        ("Skip connections", _skips(patient)),
        ("Operations without a rule", _without_rule(patient)),
        ("Output", f"{output}, {patient.logits.shape[1]} classes"),
        ("Biases", _biases(patient)),
        ("Mode", _mode(patient)),
    ]


def _activations(patient: Patient) -> str:
    """Kinds, and the three ways of writing them that mislead libraries that hook modules."""
    calls = [call for call in patient.calls if call.operation in ("relu", "activation")]
    if not calls:
        return "none"
    modules = dict(patient.model.model.named_modules())
    kinds = Counter("ReLU" if call.operation == "relu" else call.function for call in calls)
    own = [call for call in calls if type(modules[call.layer]).__module__ == nn.ReLU.__module__]
    reused = {name: count for name, count in Counter(call.layer for call in own).items() if count > 1}
    said = [", ".join(f"{count} {name}" for name, count in kinds.items())]
    if functional := len(calls) - len(own):
        said.append(f"{functional} as functions, not modules")
    if reused:
        said.append(some([f"module {name!r} runs {count} times" for name, count in reused.items()]))
    if in_place := sum(call.in_place for call in calls):
        said.append(f"{in_place} in place")
    return "; ".join(said) + ("; all are seen" if len(said) > 1 else "")


def _normalization(patient: Patient) -> str:
    batch = patient.operations["batch_norm"]
    others = [name for name in patient.operations if "norm" in name and name != "batch_norm"]
    said = [f"{patient.operations[name]} {name}, a product of values that depend on the input" for name in others]
    if batch:
        if patient.batch_statistics:
            said.append(f"{batch} BatchNorm, {patient.batch_statistics} by the batch's own statistics")
        elif isinstance(patient.flow, Exception):
            said.append(f"{batch} BatchNorm, with running statistics")
        else:
            alone = sum(step.operation == "batch_norm" for step in patient.flow.steps)
            said.append(f"{batch} BatchNorm; LRP merges {batch - alone} into the layer before")
    return "; ".join(said) or "none"


def _skips(patient: Patient) -> str:
    count = patient.operations["add"]
    return f"{count} sum{'s' * (count > 1)} of branches; LRP shares relevance in proportion" if count else "none"


def _without_rule(patient: Patient) -> str:
    places: dict[str, dict[str, None]] = {}
    for call in patient.calls:
        if unsupported([call]):
            where = repr(call.layer) if call.layer else "the model's forward"
            places.setdefault(call.operation, {})[where] = None
    said = [f"{name} (in {some(list(where))})" for name, where in places.items()]
    return f"{', '.join(said)}: LRP, DeepLIFT or both refuse it" if said else "none; LRP and DeepLIFT know them all"


def _biases(patient: Patient) -> str:
    given = [call for call in patient.calls if call.operation in ("linear", "convolution")]
    count = sum(call.arguments.get("bias") is not None for call in given)
    norms = patient.operations["batch_norm"]  # merged into a layer, its shift is a bias
    if not count + norms:
        return "none; the sum of relevance is the score"
    said = [f"in {count} of {len(given)} layers with weights"] if count else []
    said += [f"from {norms} BatchNorm"] if norms else []
    return f"{', '.join(said)}; they absorb relevance unless left out, see relevance_flow"


def _mode(patient: Patient) -> str:
    said = ["evaluation"]
    if patient.training:
        said = [f"training ({some(patient.training)}); explained in evaluation mode, as after model.eval()"]
    if patient.random:
        said.append("random even so: two passes differ")
    return "; ".join(said)
