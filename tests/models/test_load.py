import json
import pickle
import shutil

import pytest
import safetensors.torch
import torch

from xaiwidgets.files import data_file, data_folder
from xaiwidgets.models import DECODERS, EXPERTS, MODELS, CheckpointError, load_model
from xaiwidgets.models import load as load_module

NAME = "digits-depth-1"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of one network's files, which `load_model` reads instead of the shipped ones."""
    for suffix in ("safetensors", "md"):
        shutil.copy(data_file(f"{NAME}.{suffix}"), tmp_path)
    monkeypatch.setattr(load_module, "data_file", lambda name: tmp_path / name)
    return tmp_path


def refused(folder, *words: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_model(NAME)
    message = str(caught.value)
    assert str(folder / f"{NAME}.safetensors") in message
    assert f"python -m xaiwidgets.models.train {NAME}" in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("name", MODELS)
def test_each_network_loads_in_eval_mode_and_gives_logits(name):
    model = load_model(name)
    shape = (2, 3, 64, 64) if name.startswith("scenes") else (2, 1, 28, 28)
    logits = model(torch.rand(shape, generator=torch.Generator().manual_seed(0)))
    assert logits.shape == (2, 12 if name.startswith("scenes") else 10)
    assert logits.isfinite().all()
    assert logits.min() < 0 < logits.max(), "logits, not probabilities"
    assert not any(module.training for module in model.modules())
    assert all(parameter.is_contiguous() for parameter in model.parameters())


def test_two_loads_share_nothing():
    first, second = load_model(NAME), load_model(NAME)
    with torch.no_grad():
        next(first.parameters()).zero_()
    assert next(second.parameters()).any()


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'vgg'; known are digits-mlp, digits-cnn, scenes-cnn, .*digits-depth-15"):
        load_model("vgg")


def test_a_file_as_shipped_is_taken(folder):
    assert load_model(NAME) is not None


def test_a_missing_file(folder):
    (folder / f"{NAME}.safetensors").unlink()
    refused(folder, "is missing")


def test_a_missing_card(folder):
    (folder / f"{NAME}.md").unlink()
    refused(folder, "has no model card", f"{NAME}.md")


@pytest.mark.parametrize("kept", [0, 4, 100, 5000, -1])
def test_a_truncated_file(folder, kept):
    path = folder / f"{NAME}.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    refused(folder, "is damaged")


def test_one_flipped_bit(folder):
    path = folder / f"{NAME}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    refused(folder, "is not the file its card", "sha256")


def test_another_networks_file(folder):
    shutil.copy(data_file("digits-mlp.safetensors"), folder / f"{NAME}.safetensors")
    refused(folder, "is not the file its card")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda tensors: tensors | {"9.weight": torch.zeros(1)}, "9.weight"),
        (lambda tensors: {key: tensors[key] for key in tensors if key != "2.bias"}, "2.bias"),
        (lambda tensors: tensors | {"2.weight": torch.zeros(100, 783)}, "size mismatch"),
    ],
)
def test_wrong_tensors_under_a_right_hash(folder, change, word):
    path, card = folder / f"{NAME}.safetensors", folder / f"{NAME}.md"
    before = load_module.hashlib.sha256(path.read_bytes()).hexdigest()
    content = safetensors.torch.save(change(safetensors.torch.load(path.read_bytes())))
    path.write_bytes(content)
    card.write_text(card.read_text().replace(before, load_module.hashlib.sha256(content).hexdigest()))
    refused(folder, "does not hold the tensors of this network", word)


class Bomb:
    """Would leave a trace if a loader ran it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_in_disguise_is_never_executed(folder):
    trace = folder / "executed"
    (folder / f"{NAME}.safetensors").write_bytes(pickle.dumps(Bomb(str(trace))))
    refused(folder, "is damaged")
    assert not trace.exists()


@pytest.mark.parametrize("name", MODELS)
def test_every_shipped_file_is_plain_numbers(name):
    """A safetensors file is the length of its header, the header as JSON, and float32 numbers up to the end."""
    content = data_file(f"{name}.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    assert {entry["dtype"] for entry in header.values()} <= {"F32", "I64"}
    assert max(entry["data_offsets"][1] for entry in header.values()) == len(content) - 8 - length


def test_all_data_is_small_and_nothing_else_lies_there():
    files = sorted(path.name for path in data_folder().iterdir())
    names = (*MODELS, *DECODERS, *EXPERTS)
    assert files == sorted(["README.md", *(f"{name}.{suffix}" for name in names for suffix in ("md", "safetensors"))])
    assert sum(path.stat().st_size for path in data_folder().iterdir()) < 20e6


@pytest.mark.parametrize("name", ["", "a/b", "../x", "/etc/passwd", ".."])
def test_a_data_file_has_a_plain_name(name):
    with pytest.raises(ValueError, match="name must be a plain file name"):
        data_file(name)
