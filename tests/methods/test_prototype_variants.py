"""The course's variants: each gets what it needs, and reaches its class."""

import pytest
import torch
from nets import net
from torch import nn

from xaiwidgets.methods.activation_maximization import learning_prototypes
from xaiwidgets.methods.prototype_start import start_noise
from xaiwidgets.methods.prototype_variants import VARIANTS, prototype, settings_of, start_of, variant_prototypes
from xaiwidgets.models import load_decoder, load_expert, load_model
from xaiwidgets.parameters import parameters_of

SHAPE = (1, 28, 28)


class Flat:
    """An expert without opinion, whose typical picture is white."""

    mean = torch.ones(1, 9, 8)

    def log_density(self, x):
        return 0 * x.flatten(1).sum(1)


class Draw(nn.Module):
    code_size = 4

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.linear = nn.Linear(4, 72)

    def forward(self, code):
        return self.linear(code).view(-1, 1, 9, 8)


PARTS = {"expert": Flat(), "decoder": Draw()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_is_its_settings_from_its_start(variant):
    model, x, _ = net("one channel", torch.float32)
    settings = settings_of(variant, **PARTS)
    assert set(settings) & set(PARTS) == {VARIANTS[variant].needs} - {""}
    known = parameters_of(learning_prototypes)
    for name, value in VARIANTS[variant].settings.items():
        known[name].check(value)
    start = start_of(variant, x.shape[1:], count=2, seed=3, **PARTS)
    *_, expected = learning_prototypes(model, 1, start, **settings, seed=3, steps=4)
    found = prototype(model, 1, variant, x.shape[1:], count=2, seed=3, steps=4, **PARTS)
    assert torch.equal(found.pictures, expected.pictures)
    assert (found.codes is not None) == (variant == "code space")
    double = net("one channel")[0]
    if variant != "code space":
        *_, last = variant_prototypes(double, torch.tensor([0, 2]), variant, x.shape[1:], count=2, steps=2, **PARTS)
        assert last.pictures.dtype == torch.float64


def test_an_expert_s_variant_begins_at_its_mean_and_others_in_grey():
    assert start_of("gaussian", (1, 9, 8), expert=Flat()).mean() == pytest.approx(1, abs=0.01)
    assert torch.equal(start_of("l2", (1, 9, 8), count=2, seed=1), start_noise((1, 9, 8), 2, 1))


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        ("l3", "variant must be one of 'none', 'l2'.*got 'l3'"),
        ("gaussian", "expert must be given for the variant 'gaussian', got None"),
        ("code space", "decoder must be given for the variant 'code space', got None"),
    ],
)
def test_bad_input_is_named(variant, says):
    with pytest.raises(ValueError, match=says):
        settings_of(variant)
    with pytest.raises(ValueError, match=says):
        prototype(net("one channel")[0], 1, variant, (1, 9, 8))


def test_all_digits_are_reached_with_certainty_and_an_expert_makes_them_more_natural():
    model, judge, found = load_model("digits-cnn"), load_expert("digits-judge"), {}
    parts = {"expert": load_expert("digits-mixture"), "decoder": load_decoder("digits-vae")}
    for variant in ("l2", "mixture", "code space"):
        frame = prototype(model, torch.arange(10), variant, SHAPE, count=10, steps=120, every=120, **parts)
        assert frame.probability.min() >= 0.99
        found[variant] = judge.log_density(frame.pictures)
    assert (found["mixture"] > found["l2"]).all()
    assert (found["code space"] > found["l2"]).all()
