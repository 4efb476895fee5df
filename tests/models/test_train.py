import hashlib

import pytest
import torch
from torch import nn

from xaiwidgets.datasets import load_dataset, scenes
from xaiwidgets.models import train as train_module
from xaiwidgets.models.architectures import ARCHITECTURES
from xaiwidgets.models.card import read_card, render_card
from xaiwidgets.models.fit import fit, limit_biases
from xaiwidgets.models.recipes import RECIPES, Recipe, bend, shift


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits", "train")[:320]


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten() for value in model.state_dict().values()])


@pytest.mark.parametrize("name", ["digits-mlp", "digits-cnn", "scenes-cnn", "scenes-resnet", "scenes-pair-dropout-0"])
def test_a_seed_gives_the_same_weights_and_another_seed_others(name, digits):
    dataset = digits if name.startswith("digits") else scenes(64, 9)
    first, second, other = (fit(ARCHITECTURES[name], dataset, RECIPES[name], seed, steps=2) for seed in (0, 0, 1))
    assert torch.equal(weights(first), weights(second))
    assert (weights(first) != weights(other)).float().mean() > 0.5


@pytest.mark.parametrize("name", ["digits-mlp", "scenes-pair-dropout-0"])
def test_training_leaves_the_global_random_numbers_alone(name, digits):
    dataset = digits if name.startswith("digits") else scenes(64, 9)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    fit(ARCHITECTURES[name], dataset, RECIPES[name], 0, steps=1)
    assert torch.equal(before, torch.random.get_rng_state())


def test_training_learns_and_reports(digits):
    told = []
    recipe = Recipe("digits", 4, 2e-3, bend, "a test", "none")
    model = fit(ARCHITECTURES["digits-depth-1"], digits, recipe, 0, report=told.append)
    losses = [float(text.split()[-1]) for text in told]
    assert told[0].startswith("epoch   1 of 4: loss ")
    assert losses[-1] < losses[0] / 2
    assert not model.training


def test_biases_stay_at_most_zero_at_every_step(digits):
    for steps in (1, 2, 5):
        model = fit(ARCHITECTURES["digits-mlp"], digits, RECIPES["digits-mlp"], 0, steps=steps)
        assert max(value.max() for name, value in model.named_parameters() if name.endswith("bias")) <= 0


def test_limit_biases_cuts_biases_only():
    layer = nn.Linear(2, 2)
    nn.init.ones_(layer.weight)
    nn.init.ones_(layer.bias)
    limit_biases(layer, -0.5)
    assert (layer.weight == 1).all()
    assert (layer.bias == -0.5).all()


def test_variations_keep_range_and_shape_and_move_little(digits):
    generator = torch.Generator().manual_seed(0)
    for vary, images in ((bend, digits.images[:50]), (shift, scenes(24, 1).images)):
        varied = vary(images, generator)
        assert varied.shape == images.shape
        assert varied.min() >= 0
        assert varied.max() <= 1 + 1e-6
        assert not torch.equal(varied, images)
        assert abs(varied.mean() - images.mean()) < 0.05


def test_the_command_writes_weights_and_card(tmp_path, monkeypatch, capsys):
    name = "digits-depth-1"
    quick = Recipe("digits", 1, 1e-3, bend, "a test", "none")
    monkeypatch.setattr(train_module, "RECIPES", {name: quick})
    threads = torch.get_num_threads()
    try:
        train_module.main([name, "--folder", str(tmp_path / "new"), "--seed", "3"])
    finally:
        torch.set_num_threads(threads)
    assert f"{name}: epoch   1 of 1: loss" in capsys.readouterr().out
    facts = read_card(tmp_path / "new" / f"{name}.md")
    assert facts["seed"] == "3"
    content = (tmp_path / "new" / f"{name}.safetensors").read_bytes()
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_command_takes_the_seed_of_the_recipe(tmp_path, monkeypatch):
    recipe = Recipe("digits", 1, 1e-3, bend, "a test", "none", seed=2)
    monkeypatch.setattr(train_module, "RECIPES", {"digits-depth-1": recipe})
    trained = train_module.train("digits-depth-1", tmp_path)
    again = fit(ARCHITECTURES["digits-depth-1"], load_dataset("digits", "train"), recipe, 2)
    assert torch.equal(weights(trained), weights(again))
    assert read_card(tmp_path / "digits-depth-1.md")["seed"] == "2"


@pytest.mark.parametrize("arguments", [[], ["vgg"], ["digits-mlp", "vgg"]])
def test_the_command_lists_the_names(arguments, capsys):
    with pytest.raises(SystemExit):
        train_module.main(arguments)
    assert "name networks out of digits-mlp, digits-cnn" in capsys.readouterr().err


def test_a_card_gives_its_facts_back(tmp_path):
    facts = {"seed": "0", "sha256": "ab12", "accuracy, test": "99.1%"}
    path = tmp_path / "net.md"
    path.write_text(render_card("net", facts, "Sequential()", "a test", "none"), encoding="utf-8")
    assert read_card(path) == facts
