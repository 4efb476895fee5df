"""The shipped networks do what the course needs of them, measured on the test pictures."""

import hashlib

import pytest
import torch
from torch import nn

from xaiwidgets.datasets import load_dataset
from xaiwidgets.files import data_file
from xaiwidgets.models import MODELS, accuracy, load_model, predict, shortcut_numbers
from xaiwidgets.models.architectures import DEPTHS, PAIR_SEEDS, PAIRS
from xaiwidgets.models.card import read_card
from xaiwidgets.models.recipes import RECIPES

AT_LEAST = {
    "digits-mlp": 0.97,
    "digits-cnn": 0.98,
    "scenes-cnn": 0.97,
    "scenes-shortcut": 0.97,
    "scenes-resnet": 0.95,
    **{f"digits-depth-{depth}": 0.95 for depth in DEPTHS},
    **{f"scenes-pair-{kind}-{seed}": 0.96 for kind in PAIRS for seed in PAIR_SEEDS},
}


@pytest.fixture(scope="module")
def tests():
    return {name: load_dataset(name) for name in {recipe.dataset for recipe in RECIPES.values()}}


@pytest.mark.parametrize("name", MODELS)
def test_accuracy_on_the_test_pictures_as_promised_and_as_on_the_card(name, tests):
    reached = accuracy(load_model(name), tests[RECIPES[name].dataset])
    assert reached >= AT_LEAST[name]
    written = read_card(data_file(f"{name}.md"))["accuracy, test"]
    assert abs(reached - float(written.rstrip("%")) / 100) < 0.004


@pytest.mark.parametrize("name", MODELS)
def test_the_card_describes_the_file(name):
    facts, content = read_card(data_file(f"{name}.md")), data_file(f"{name}.safetensors").read_bytes()
    model = load_model(name)
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["parameters"] == f"{sum(parameter.numel() for parameter in model.parameters()):,}"
    assert {"data", "training", "seed", "accuracy, train", "training time", "torch"} <= set(facts)
    text = data_file(f"{name}.md").read_text(encoding="utf-8")
    assert str(model) in text
    assert RECIPES[name].limits in text


def test_the_shortcut_net_leans_on_the_tag():
    numbers = shortcut_numbers()
    assert numbers.tagged_accuracy >= 0.97
    assert numbers.loss >= 0.30
    assert numbers.flipped_by_tag >= 0.50


def test_the_clean_net_does_not():
    numbers = shortcut_numbers(load_model("scenes-cnn"))
    assert numbers.boats_without_tag >= 0.95
    assert numbers.loss <= 0.05
    assert numbers.flipped_by_tag <= 0.05


def biases_of(name: str) -> list[torch.Tensor]:
    return [value for key, value in load_model(name).named_parameters() if key.endswith("bias")]


@pytest.mark.parametrize(("name", "layers"), [("digits-mlp", 4), ("scenes-pair-bias-0", 6), ("scenes-pair-all-1", 4)])
def test_all_biases_are_at_most_zero(name, layers):
    biases = biases_of(name)
    assert len(biases) == layers
    assert max(bias.max() for bias in biases) <= 0
    assert min(bias.min() for bias in biases) < 0


def test_the_pairs_differ_from_their_base_in_one_choice_each():
    """Three dense layers, no dropout, max pooling, free biases; and the same with one of them changed."""
    found = {kind: choices(f"scenes-pair-{kind}-2") for kind in PAIRS}
    base = {"dense": 3, "dropout": False, "pooling": nn.MaxPool2d, "positive biases": True}
    assert found == {
        "base": base,
        "dense": base | {"dense": 1},
        "dropout": base | {"dropout": True},
        "average": base | {"pooling": nn.AvgPool2d},
        "bias": base | {"positive biases": False},
        "all": {"dense": 1, "dropout": True, "pooling": nn.AvgPool2d, "positive biases": False},
    }


def choices(name: str) -> dict:
    layers = [type(layer) for layer in load_model(name)]
    (pooling,) = {kind for kind in layers if "Pool" in kind.__name__}
    return {
        "dense": layers.count(nn.Linear),
        "dropout": nn.Dropout in layers,
        "pooling": pooling,
        "positive biases": bool(torch.cat(biases_of(name)).max() > 0),
    }


@pytest.mark.parametrize("kind", PAIRS)
def test_the_seeds_of_a_pair_are_three_nets_of_at_most_300_kilobytes(kind):
    contents = {data_file(f"scenes-pair-{kind}-{seed}.safetensors").read_bytes() for seed in PAIR_SEEDS}
    assert len(contents) == len(PAIR_SEEDS) == 3
    assert max(map(len, contents)) <= 300_000


@pytest.mark.parametrize("depth", DEPTHS)
def test_depth_is_the_number_of_hidden_layers(depth):
    layers = [type(layer) for layer in load_model(f"digits-depth-{depth}")]
    assert layers.count(nn.ReLU) == depth
    assert layers.count(nn.Linear) == depth + 1


def test_the_scenes_nets_end_in_maps_of_at_least_eight_by_eight_and_one_dense_layer():
    for name in ("scenes-cnn", "scenes-shortcut"):
        model = load_model(name)
        *_, pool, _, dense = model
        maps = model[:-3](torch.zeros(1, 3, 64, 64))
        assert min(maps.shape[2:]) >= 8
        assert isinstance(pool, nn.AdaptiveAvgPool2d)
        assert isinstance(dense, nn.Linear)
        assert torch.allclose(dense(maps.mean(dim=(2, 3))), model(torch.zeros(1, 3, 64, 64)), atol=1e-5)
        assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules())


def test_the_resnet_has_normalization_and_functional_skips():
    layers = [type(layer) for layer in load_model("scenes-resnet").modules()]
    assert nn.BatchNorm2d in layers
    assert nn.ReLU not in layers


def test_gradients_shatter_with_depth(tests):
    """Balduzzi et al. 2017: the gradients at two points agree less the deeper the net."""
    agreement = [gradient_agreement(load_model(f"digits-depth-{depth}"), tests["digits"]) for depth in DEPTHS]
    assert agreement == sorted(agreement, reverse=True)
    assert agreement[0] - agreement[-1] > 0.1


def gradient_agreement(model: nn.Module, dataset) -> float:
    """Mean cosine of gradients a quarter of the way apart, on walks between test digits."""
    found = []
    for i in range(20):
        ends = dataset.images[[i, i + 100]]
        t = torch.linspace(0, 1, 41)[:, None, None, None]
        walk = ((1 - t) * ends[0] + t * ends[1]).requires_grad_()
        (gradient,) = torch.autograd.grad(model(walk)[:, dataset.labels[i]].sum(), walk)
        gradient = gradient.flatten(1)
        found.append(torch.cosine_similarity(gradient[10:], gradient[:-10]).mean())
    return torch.stack(found).mean().item()


def test_predict_and_accuracy_of_nothing():
    model, nothing = load_model("digits-depth-1"), load_dataset("digits")[[]]
    assert predict(model, nothing.images).shape == (0,)
    with pytest.raises(ValueError, match="dataset 'digits' is empty"):
        accuracy(model, nothing)
