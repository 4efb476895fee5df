"""Bad input gets a clear error, and every method leaves the model and the input as found."""

import inspect
import threading

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.methods.cam import guided_grad_cam
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.inputs import ProbabilityWarning
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.reveal_cancel import deeplift_reveal_cancel
from xaiwidgets.progress import Cancelled, listening

every_method = pytest.mark.parametrize("method", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)


def run(method, model, x, target, **parameters):
    """Simple Taylor gets a root point, since not every score of these nets has a zero."""
    if "root" in inspect.signature(method).parameters:
        parameters["root"] = 0.0
    return method(model, x, target, **parameters)


class Tuple(nn.Linear):
    def forward(self, x):
        return super().forward(x), None


class Detached(nn.Linear):
    def forward(self, x):
        return super().forward(x.detach())


BAD = {
    "no tensor": (lambda: ([[1.0]], 0), nn.Linear(4, 3), "x must be a torch.Tensor.*got list"),
    "integers": (
        lambda: (torch.ones(2, 4, dtype=torch.uint8), 0),
        nn.Linear(4, 3),
        "x must be of a floating-point.*uint8",
    ),
    "dtype": (lambda: (torch.ones(2, 4).double(), 0), nn.Linear(4, 3), "x must be torch.float32 on cpu.*torch.float64"),
    "device": (lambda: (torch.ones(2, 4, device="meta"), 0), nn.Linear(4, 3), "torch.float32 on meta"),
    "no batch": (lambda: (torch.ones(4), 0), nn.Linear(4, 3), r"batch dimension.*got shape \(4,\)"),
    "empty": (lambda: (torch.ones(0, 4), 0), nn.Linear(4, 3), r"at least one input, got shape \(0, 4\)"),
    "shape": (lambda: (torch.ones(2, 5), 0), nn.Linear(4, 3), r"model failed on inputs of shape \(5,\)"),
    "NaN": (lambda: (torch.tensor([[1, 2, torch.nan, 4]]), 0), nn.Linear(4, 3), "x must be finite, got 1 NaN or inf"),
    "infinite": (lambda: (torch.full((1, 4), -torch.inf), 0), nn.Linear(4, 3), "x must be finite, got 4 NaN or inf"),
    "target too large": (
        lambda: (torch.ones(2, 4), 3),
        nn.Linear(4, 3),
        "target must be a class index from 0 to 2, got 3",
    ),
    "target negative": (lambda: (torch.ones(2, 4), -1), nn.Linear(4, 3), "target must be .* from 0 to 2, got -1"),
    "target shape": (
        lambda: (torch.ones(2, 4), torch.tensor([0, 1, 2])),
        nn.Linear(4, 3),
        r"target .*got shape \(3,\)",
    ),
    "target float": (lambda: (torch.ones(2, 4), torch.ones(2)), nn.Linear(4, 3), "target .*got torch.float32"),
    "target name": (lambda: (torch.ones(2, 4), "cat"), nn.Linear(4, 3), "target .*got str"),
    "tuple": (lambda: (torch.ones(2, 4), 0), Tuple(4, 3), "model must return a tensor of logits.*a tuple of 2"),
    "map": (lambda: (torch.ones(2, 3, 4), 0), nn.Linear(4, 3), r"logits \(N, K\), got shape \(\d+, 3, 3\) for"),
    "no module": (lambda: (torch.ones(2, 4), 0), torch.relu, "model must be a torch.nn.Module"),
    "not differentiable": (lambda: (torch.ones(2, 4), 0), Detached(4, 3), "model must be differentiable"),
}


@every_method
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(method, case):
    make, model, message = BAD[case]
    x, target = make()
    before = snapshot(model) if isinstance(model, nn.Module) else None
    with pytest.raises((TypeError, ValueError), match=message):
        run(method, model, x, target)
    assert before is None or snapshot(model) == before


@every_method
def test_probabilities_are_noticed(method):
    model, x = nn.Sequential(nn.Conv1d(1, 1, 3), nn.Flatten(), nn.Linear(4, 3), nn.Softmax(1)), torch.ones(1, 1, 6)
    if method in (deeplift, deeplift_reveal_cancel, lrp):  # they have a rule for each operation, and none for this one
        with pytest.raises(UnknownOperationError, match=r"'softmax'.*met in layer '3'.*xplain the logits"):
            method(model, x, 0)
    else:
        with pytest.warns(ProbabilityWarning, match="model returns probabilities"):
            run(method, model, x, 0)


@every_method
@pytest.mark.parametrize("name", NETS)
def test_model_input_and_random_state_are_left_as_found(method, name):
    if method is guided_grad_cam and name == "dense":
        name = "one dimension"  # it needs maps
    model, x, target = net(name)
    model.train()
    model.register_forward_hook(lambda *_: None)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    x.requires_grad_()
    values, before, state = x.detach().clone(), snapshot(model), torch.get_rng_state()
    attribution = run(method, model, x, target)
    assert snapshot(model) == before
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(x.detach(), values)
    assert x.requires_grad
    assert x.grad is None
    assert attribution.shape == x.shape
    assert not attribution.requires_grad


class Interrupting:
    """Raises in the middle of the work."""

    def __init__(self, error):
        self.error, self.calls = error, 0

    def progressed(self, label, done, total):
        self.calls += 1
        if self.calls == 2:
            raise self.error

    def cancelled(self):
        return False


@every_method
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), Cancelled(), MemoryError()], ids=lambda error: type(error).__name__
)
def test_model_is_left_as_found_when_the_work_is_interrupted(method, error):
    model, x, target = net("skip, BatchNorm, reused ReLU")
    model.train()
    x.requires_grad_()
    before = snapshot(model)
    with pytest.raises(type(error)), listening(Interrupting(error)):
        run(method, model, x, target)
    assert snapshot(model) == before
    assert x.requires_grad


@every_method
def test_two_threads_explain_one_model_at_once(method):
    model, x, target = net("skip, BatchNorm, reused ReLU")
    before = snapshot(model)
    expected = [run(method, model, x + shift, target) for shift in (0, 1)]
    wrong = []

    def work(shift):
        for _ in range(20):
            if not torch.equal(run(method, model, x + shift, target), expected[shift]):
                wrong.append(shift)

    threads = [threading.Thread(target=work, args=(shift,)) for shift in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert snapshot(model) == before


@every_method
def test_methods_work_inside_no_grad_and_inference_mode(method):
    model, x, target = net("functional ReLU")
    expected = run(method, model, x, target)
    with torch.no_grad():
        assert torch.equal(run(method, model, x, target), expected)
    with torch.inference_mode():
        assert torch.equal(run(method, model, x, target), expected)


def test_the_search_for_a_root_can_be_cancelled():
    listener = Interrupting(Cancelled())
    with pytest.raises(Cancelled), listening(listener):
        ATTRIBUTIONS["Simple Taylor"](nn.Linear(4, 3), torch.ones(1, 4), 0, search="line", baseline=-9.0)
    assert listener.calls == 2
