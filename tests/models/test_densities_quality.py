"""The shipped experts and decoders do what the course needs of them, measured on the test pictures."""

import hashlib

import pytest
import torch
from torch import Generator

from xaiwidgets.datasets import load_dataset
from xaiwidgets.files import data_file
from xaiwidgets.models import DECODERS, EXPERTS, load_decoder, load_expert, load_model
from xaiwidgets.models.card import read_card
from xaiwidgets.models.patch_expert import PatchExpert
from xaiwidgets.models.recipes import DECODER_RECIPES
from xaiwidgets.models.train_decoder import reconstruction_numbers

COUNT = 150  # test pictures of each data set: as many as the measures need to be steady
LEAST = {"digits-vae": 85, "scenes-vae": 70}  # per cent of variance and of accuracy on decoded test pictures


@pytest.fixture(scope="module")
def tests():
    return {name: load_dataset(name, "test", COUNT) for name in ("digits", "scenes")}


def mean(expert, x) -> float:
    with torch.no_grad():
        return expert.log_density(x).mean().item()


@pytest.mark.parametrize("name", EXPERTS)
def test_pictures_of_the_kind_are_denser_than_others(name, tests):
    """Than noise by far; than the same pictures in noise, with exchanged colours, or upside down.

    Patches are seen close up: they know no upside down, and hardly a colour.
    """
    expert, x = load_expert(name), tests[name.split("-")[0]].images
    generator = Generator().manual_seed(0)
    natural = mean(expert, x)
    assert natural > mean(expert, torch.rand(x.shape, generator=generator)) + 1000
    assert natural > mean(expert, x + 0.2 * torch.randn(x.shape, generator=generator))
    if isinstance(expert, PatchExpert):
        assert natural > mean(expert, x + 0.03 * torch.randn(x.shape, generator=generator)) + 1000
        return
    assert natural > mean(expert, x.flip(2))
    assert natural > mean(expert, x.flip(1) if x.shape[1] == 3 else x.flip(3))


@pytest.mark.parametrize("name", EXPERTS)
def test_the_card_of_an_expert_describes_its_file(name, tests):
    facts, content = read_card(data_file(f"{name}.md")), data_file(f"{name}.safetensors").read_bytes()
    expert, dataset = load_expert(name), name.split("-")[0]
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["numbers"] == f"{sum(value.numel() for value in expert.buffers()):,}"
    assert ("up to a constant" in "".join(facts)) is not expert.normalised
    (known,) = (value for fact, value in facts.items() if fact.endswith("the mean picture"))
    assert mean(expert, expert.mean[None]) == pytest.approx(float(known), abs=0.6)
    split = "test" if name.endswith("judge") else "train"
    assert f'load_dataset("{dataset}", "{split}")' in facts["data"]


def test_the_judges_were_fitted_to_pictures_that_no_expert_has_seen(tests):
    """Their density is higher on the test pictures than on others; the experts' is not."""
    test, train = (load_dataset("digits", split).images for split in ("test", "train"))
    gap = {name: mean(load_expert(name), test) - mean(load_expert(name), train) for name in EXPERTS[:4]}
    assert gap["digits-judge"] > 5
    assert max(gap[name] for name in gap if name != "digits-judge") < 0


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_is_as_good_as_its_card_says(name, tests):
    recipe = DECODER_RECIPES[name]
    model, net, test = load_decoder(name), load_model(recipe.critic), tests[recipe.dataset]
    facts = read_card(data_file(f"{name}.md"))
    assert facts["sha256"] == hashlib.sha256(data_file(f"{name}.safetensors").read_bytes()).hexdigest()
    found = reconstruction_numbers(model, net, test)
    for fact, slack in zip(found, (0.01, 3, 6, 0.1), strict=True):
        assert number(found[fact]) == pytest.approx(number(facts[fact]), abs=slack), fact
    assert number(found["explained variance of their pixels"]) > LEAST[name]
    assert number(found["accuracy of the net on them, decoded"]) > LEAST[name]


@pytest.mark.parametrize("name", DECODERS)
def test_the_judge_takes_samples_for_pictures_of_the_kind(name):
    """Denser than noise, than the mirrored scale, and than the same samples with noise of 0.1."""
    model, judge = load_decoder(name), load_expert(name.replace("vae", "judge"))
    with torch.no_grad():
        samples = model(torch.randn(60, model.code_size, generator=Generator().manual_seed(1)))
    assert samples.min() >= 0
    assert samples.max() <= 1
    noisy = samples + 0.1 * torch.randn(samples.shape, generator=Generator().manual_seed(2))
    assert mean(judge, samples) > max(mean(judge, noisy), mean(judge, 1 - samples), mean(judge, samples.flip(2)))


def number(text: str) -> float:
    """The first number in a fact."""
    return float(next(word.rstrip("%") for word in text.split() if word[0].isdigit()))
