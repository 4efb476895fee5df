"""Training a decoder: its loss written out, its codes brought to N(0, I), and the seed."""

import math

import pytest
import torch
from torch import nn

from xaiwidgets.datasets import load_dataset
from xaiwidgets.models import fit_decoder as module
from xaiwidgets.models import load_model
from xaiwidgets.models.decoders import DECODERS, VariationalAutoencoder
from xaiwidgets.models.fit_decoder import fit_decoder
from xaiwidgets.models.recipes import DECODER_RECIPES, DecoderRecipe, bend

RECIPE = DecoderRecipe("digits", "digits-cnn", 3, bend, "a test", "none", weight=400, rate=0.1)


@pytest.fixture(scope="module")
def images():
    return load_dataset("digits", "train").images[:192]


@pytest.fixture(scope="module")
def critic():
    return load_model("digits-cnn")


def small(size=3):
    features = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 8), nn.ReLU())
    decoder = nn.Sequential(nn.Linear(size, 28 * 28), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))
    return VariationalAutoencoder(features, 8, decoder, size)


def weights(model):
    return torch.cat([value.flatten() for value in model.state_dict().values()])


def test_it_learns_and_reports_and_the_seed_decides(images, critic):
    told = []
    first = fit_decoder(small, images, critic, RECIPE, 0, report=told.append)
    errors = [float(text.split("pixels ")[1].split(",")[0]) for text in told]
    assert told[0].startswith("epoch   1 of 3: pixels ")
    assert errors[-1] < 0.9 * errors[0]
    assert not first.training
    again = [weights(fit_decoder(small, images, critic, RECIPE, seed, steps=2)) for seed in (0, 0, 1)]
    assert torch.equal(again[0], again[1])
    assert not torch.equal(again[0], again[2])


def test_training_leaves_the_critic_and_the_random_numbers_alone(images, critic):
    before, state = weights(critic), torch.random.get_rng_state()
    fit_decoder(small, images, critic, RECIPE, 0, steps=2)
    assert torch.equal(weights(critic), before)
    assert all(parameter.requires_grad and parameter.is_contiguous() for parameter in critic.parameters())
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_loss_is_the_two_relative_errors_and_the_divergence(images, critic):
    """Against torch's divergence of two normal distributions, and the critic's ReLUs by hooks."""
    model, log_variance = small(), nn.Linear(8, 3)
    x = images[:20]
    with torch.no_grad():
        found = module._losses(module._Heads(model, log_variance, critic), x, torch.Generator().manual_seed(4))
        mean, deviation = model.encode(x), (log_variance(model.features(x)) / 2).exp()
        q, standard = torch.distributions.Normal(mean, deviation), torch.distributions.Normal(0, 1)
        again = model(mean + deviation * torch.randn(20, 3, generator=torch.Generator().manual_seed(4)))
        caught = [relus(critic, pictures) for pictures in (again, x)]
    errors = [((a - b) ** 2).mean() / b.var() for a, b in zip(*caught, strict=True)]
    assert len(errors) == 3
    torch.testing.assert_close(found[0], ((again - x) ** 2).mean() / x.var())
    torch.testing.assert_close(found[1], sum(errors) / 3)
    torch.testing.assert_close(found[2], torch.distributions.kl_divergence(q, standard).sum(1).mean())


def relus(net, x):
    """Outputs of the net's ReLUs that have places."""
    caught = []
    hooks = [
        layer.register_forward_hook(lambda layer, given, out: caught.append(out))
        for layer in net
        if isinstance(layer, nn.ReLU)
    ]
    net(x)
    for hook in hooks:
        hook.remove()
    return [out for out in caught if out.ndim == 4]


def test_codes_are_brought_to_mean_zero_and_covariance_one_and_pictures_stay(images):
    model, log_variance = small().double(), nn.Linear(8, 3).double()
    x = images.double()
    with torch.no_grad():
        before, spread = model(model.encode(x)), log_variance(model.features(x)).exp().mean(0)
        codes = model.encode(x)
        whole = codes.T.cov(correction=0) + spread.diag()
        module._standardise(model, log_variance, x)
        after = model.encode(x)
    torch.testing.assert_close(model(after), before)
    torch.testing.assert_close(after.mean(0), torch.zeros(3).double(), rtol=0, atol=1e-9)
    inverse = torch.linalg.inv(torch.linalg.cholesky(whole))
    expected = inverse @ (whole - spread.diag()) @ inverse.T  # the rest of the unit covariance is q's own spread
    torch.testing.assert_close(after.T.cov(correction=0), expected)


def test_the_step_size_falls_from_its_start_to_nothing():
    shares = [module._share(step, 1000) for step in range(1001)]
    assert shares[0] == pytest.approx(0.01)
    assert shares[500] == pytest.approx(0.5)
    assert shares[1000] == pytest.approx(0, abs=1e-9)
    assert shares[250] == pytest.approx((1 + math.cos(math.pi / 4)) / 2)


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_makes_pictures_of_its_recipes_data_in_range(name):
    shape = (1, 28, 28) if DECODER_RECIPES[name].dataset == "digits" else (3, 64, 64)
    model = DECODERS[name]().eval()
    with torch.no_grad():
        pictures = model(torch.randn(3, model.code_size, generator=torch.Generator().manual_seed(0)) * 9)
    assert pictures.shape == (3, *shape)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert model.encode(pictures).shape == (3, model.code_size)
