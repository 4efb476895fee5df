"""The model doctor's verdicts are true: what it calls refused raises, what it calls exact runs and sums up."""

import copy

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

import xaiwidgets
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.methods.cam import cam, grad_cam, grad_cam_plus_plus, guided_grad_cam
from xaiwidgets.methods.composites import COMPOSITES
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.diagnose import diagnose
from xaiwidgets.methods.gradients import completeness_gap, integrated_gradients
from xaiwidgets.methods.inputs import ProbabilityWarning
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.reveal_cancel import deeplift_reveal_cancel
from xaiwidgets.methods.verdicts import CHECKS

MAPS = {"CAM": cam, "Grad-CAM": grad_cam, "Grad-CAM++": grad_cam_plus_plus, "Guided Grad-CAM": guided_grad_cam}
METHODS = {**ATTRIBUTIONS, **MAPS, "DeepLIFT RevealCancel": deeplift_reveal_cancel}
ignoring_probabilities = pytest.mark.filterwarnings("ignore::xaiwidgets.methods.inputs.ProbabilityWarning")


class Own(nn.Module):
    """Two dense layers with a function between."""

    def __init__(self, function):
        super().__init__()
        self.first, self.second, self.function = nn.Linear(6, 5), nn.Linear(5, 3), function

    def forward(self, x):
        return self.second(self.function(self.first(x)))


class Pooled(nn.Module):
    """Global average pooling and a dense layer, the kind that CAM is made for."""

    def __init__(self):
        super().__init__()
        self.norm, self.conv, self.act, self.head = nn.BatchNorm2d(2), nn.Conv2d(2, 4, 3), nn.GELU(), nn.Linear(4, 3)
        nn.init.normal_(self.norm.running_mean)
        nn.init.uniform_(self.norm.running_var, 0.5, 2)

    def forward(self, x):
        return self.head(self.act(self.conv(self.norm(x))).mean((2, 3)))


OTHERS = {
    "softmax head": (lambda: nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3), nn.Softmax(1)), (6,)),
    "gelu": (lambda: Own(F.gelu), (6,)),
    "layer_norm": (lambda: Own(lambda x: F.layer_norm(F.relu(x), (5,))), (6,)),
    "gate": (lambda: Own(lambda x: x * x.sigmoid()), (6,)),
    "linear": (lambda: Own(lambda x: 2 * x + 1), (6,)),
    "norm first, gelu, pooled": (Pooled, (2, 9, 8)),
}


def patient(name):
    if name in NETS:
        model, x, _ = net(name)
        return model, x
    make, shape = OTHERS[name]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return make().double().eval(), torch.randn(2, *shape, dtype=torch.float64)


every_net = pytest.mark.parametrize("name", [*NETS, *OTHERS])


@every_net
@ignoring_probabilities
def test_refused_means_an_error_and_the_rest_runs(name):
    model, x = patient(name)
    found = diagnose(model, x)
    target = int(model(x[:1].clone()).argmax())
    for verdict in found.verdicts:
        if verdict.verdict == "refused":
            with pytest.raises((TypeError, ValueError)) as raised:
                METHODS[verdict.method](model, x[:1], target)
            assert str(raised.value) == verdict.why
        elif verdict.method != "Simple Taylor":  # for which there may be no root, as its verdict says
            assert METHODS[verdict.method](model, x[:1], target).isfinite().all()
        assert (verdict.verdict == "exact") == (verdict.why == "")


@every_net
@ignoring_probabilities
def test_exact_means_that_the_sum_is_right(name):
    model, x = patient(name)
    found, x = diagnose(model, x), x[:1]
    with torch.no_grad():
        logits = model(x.clone())[0]
    target = int(logits.argmax())
    if found["LRP"].verdict == "exact":
        total = lrp(model, x, target, rules=COMPOSITES["EpsilonPlus"].without_bias()).sum()
        assert total == pytest.approx(float(logits[target]), rel=0.01)
    if found["DeepLIFT"].verdict == "exact":
        gap = completeness_gap(model, x, target, deeplift(model, x, target))
        assert gap.abs().max() < 1e-9
    if found["Integrated gradients"].verdict == "exact":
        gap = completeness_gap(model, x, target, integrated_gradients(model, x, target, steps=1))
        assert gap.abs().max() < 1e-9
    if found["CAM"].verdict == "exact":
        bias = float(model.head.bias.detach()[target])
        assert float(cam(model, x, target).mean()) + bias == pytest.approx(float(logits[target]), rel=1e-9)


VERDICTS = {
    ("dense", "LRP"): "exact",
    ("dense", "Grad-CAM"): "refused",
    ("max pooling", "DeepLIFT"): "exact",
    ("max pooling", "CAM"): "refused",
    ("functional ReLU", "Guided backpropagation"): "exact",
    ("skip, BatchNorm, reused ReLU", "LRP"): "exact",
    ("skip, BatchNorm, reused ReLU", "CAM"): "exact",
    ("softmax head", "LRP"): "refused",
    ("softmax head", "DeepLIFT"): "refused",
    ("softmax head", "Gradient"): "approximated",
    ("gelu", "Deconvolution"): "approximated",
    ("gelu", "LRP"): "approximated",
    ("gelu", "DeepLIFT"): "exact",
    ("layer_norm", "LRP"): "refused",
    ("layer_norm", "Guided backpropagation"): "exact",
    ("gate", "DeepLIFT"): "refused",
    ("linear", "Integrated gradients"): "exact",
    ("linear", "SmoothGrad"): "exact",
    ("norm first, gelu, pooled", "LRP"): "approximated",
    ("norm first, gelu, pooled", "CAM"): "exact",
}


@pytest.mark.parametrize(("name", "method"), VERDICTS)
@ignoring_probabilities
def test_verdicts_that_are_known(name, method):
    assert diagnose(*patient(name))[method].verdict == VERDICTS[name, method]


FINDINGS = {
    ("functional ReLU", "Activations"): "3 ReLU; 3 as functions, not modules; 1 in place; all are seen",
    ("skip, BatchNorm, reused ReLU", "Activations"): "3 ReLU; module 'relu' runs 3 times; 3 in place; all are seen",
    ("skip, BatchNorm, reused ReLU", "Normalization"): "2 BatchNorm; LRP merges 2 into the layer before",
    ("skip, BatchNorm, reused ReLU", "Skip connections"): "1 sum of branches; LRP shares relevance in proportion",
    ("norm first, gelu, pooled", "Normalization"): "1 BatchNorm; LRP merges 0 into the layer before",
    ("one channel", "Operations"): "1 convolution, 1 relu, 1 max_pool, 1 linear",
    ("softmax head", "Output"): "probabilities: leave out the softmax, methods explain logits, 3 classes",
    ("gate", "Operations without a rule"): "multiply (in the model's forward): LRP, DeepLIFT or both refuse it",
    ("dense", "Mode"): "evaluation",
}


@pytest.mark.parametrize(("name", "what"), FINDINGS)
def test_findings(name, what):
    assert dict(diagnose(*patient(name)).findings)[what] == FINDINGS[name, what]


@every_net
def test_model_input_and_generator_stay_as_they_were(name):
    model, x = patient(name)
    model.train()
    before, given, state = snapshot(model), x.clone(), torch.get_rng_state()
    diagnose(model, x)
    diagnose(nn.Sequential(model, nn.Dropout()), x)
    assert snapshot(model) == before
    assert torch.equal(x, given)
    assert torch.equal(torch.get_rng_state(), state)


def test_training_mode_and_a_model_that_stays_random_are_told():
    model, x = patient("dense")
    model[1].train()
    assert "training (1)" in dict(diagnose(model, x).findings)["Mode"]
    noisy = diagnose(Own(lambda x: F.dropout(x, 0.5, training=True)).double(), x[:, :6])
    assert "two passes differ" in dict(noisy.findings)["Mode"]
    assert (noisy["Gradient"].verdict, noisy["Gradient"].why) == (
        "approximated",
        "the model is random: two passes differ",
    )


@pytest.mark.parametrize("name", ["dense", "one dimension", "functional ReLU", "norm first, gelu, pooled"])
def test_without_inputs_it_makes_some_up(name):
    model, _ = patient(name)
    if name == "one dimension":
        model = nn.Sequential(model[0], nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 2)).double()
    found = diagnose(model)
    assert "random numbers" in dict(found.findings)["Input"]
    assert found["DeepLIFT"].verdict == "exact"


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="x must be given"):
        diagnose(nn.Sequential(nn.Embedding(5, 3), nn.Flatten()))
    with pytest.raises(TypeError, match="model must"):
        diagnose(torch.relu)
    with pytest.raises(ValueError, match="model failed on inputs of shape"):
        diagnose(patient("dense")[0], torch.zeros(1, 3, dtype=torch.float64))
    with pytest.raises(KeyError, match="known methods: Gradient"):
        diagnose(*patient("dense"))["Saliency"]


def test_long_lists_are_cut():
    """A report of a large net must stay one that is read."""
    layers = [nn.Linear(6, 6), nn.ReLU(), nn.LayerNorm(6)] * 7
    found = dict(diagnose(nn.Sequential(*[copy.deepcopy(each) for each in layers]), torch.zeros(1, 6)).findings)
    assert found["Operations without a rule"].startswith("layer_norm (in '2', '5', '8', … 7 in all)")
    found = dict(diagnose(nn.Sequential(*layers), torch.zeros(1, 6)).findings)
    assert found["Activations"] == "7 ReLU; module '1' runs 7 times; all are seen"


def test_every_method_of_the_catalogue_gets_a_verdict():
    assert set(CHECKS) == set(METHODS)
    assert xaiwidgets.diagnose is diagnose


def test_the_warning_of_probabilities_is_told_in_words_instead():
    model, x = patient("softmax head")
    diagnose(model, x)  # a warning would be an error here
    with pytest.warns(ProbabilityWarning):
        ATTRIBUTIONS["Gradient"](model, x, 0)
