"""Experts and decoders come out of their files as the networks do: checked, fresh, and from plain numbers."""

import json
import shutil

import pytest
import torch

from xaiwidgets.files import data_file
from xaiwidgets.models import DECODERS, EXPERTS, CheckpointError, load_decoder, load_expert
from xaiwidgets.models import load as load_module

LOADERS = {**dict.fromkeys(EXPERTS, load_expert), **dict.fromkeys(DECODERS, load_decoder)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the small files, which the loaders read instead of the shipped ones."""
    for name in ("digits-judge", "digits-rbm", "digits-vae"):
        for suffix in ("safetensors", "md"):
            shutil.copy(data_file(f"{name}.{suffix}"), tmp_path)
    monkeypatch.setattr(load_module, "data_file", lambda name: tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", LOADERS)
def test_each_file_loads_in_eval_mode_in_single_precision(name):
    found = LOADERS[name](name)
    assert not any(module.training for module in found.modules())
    numbers = {value.dtype for value in found.state_dict().values() if value.is_floating_point()}
    assert numbers == {torch.float32}


@pytest.mark.parametrize("name", LOADERS)
def test_every_file_is_plain_numbers(name):
    """A safetensors file is the length of its header, the header as JSON, and numbers up to the end."""
    content = data_file(f"{name}.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    assert {entry["dtype"] for entry in header.values()} <= {"F16", "F32", "I64"}
    assert max(entry["data_offsets"][1] for entry in header.values()) == len(content) - 8 - length


def test_all_of_them_are_at_most_six_megabytes():
    sizes = [data_file(f"{name}.{suffix}").stat().st_size for name in LOADERS for suffix in ("safetensors", "md")]
    assert sum(sizes) <= 6e6


@pytest.mark.parametrize("name", ["digits-judge", "digits-vae"])
def test_two_loads_share_nothing(name):
    first, second = (list(LOADERS[name](name).state_dict().values()) for _ in range(2))
    first[0].zero_()
    assert second[0].any()


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no expert is called 'digits'; known are digits-gaussian, .*scenes-judge"):
        load_expert("digits")
    with pytest.raises(ValueError, match=r"no decoder is called 'gan'; known are digits-vae, scenes-vae"):
        load_decoder("gan")


@pytest.mark.parametrize("name", ["digits-judge", "digits-vae"])
def test_a_file_that_is_not_the_cards_is_refused(folder, name):
    path = folder / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"is not the file its card {name}.md describes.*models.train {name}"):
        LOADERS[name](name)


@pytest.mark.parametrize(("name", "other"), [("digits-judge", "digits-rbm"), ("digits-vae", "digits-judge")])
def test_anothers_tensors_are_refused(folder, name, other):
    for suffix in ("safetensors", "md"):
        shutil.copy(folder / f"{other}.{suffix}", folder / f"{name}.{suffix}")
    with pytest.raises(CheckpointError, match="does not hold the tensors of this"):
        LOADERS[name](name)


@pytest.mark.parametrize("load", [load_expert, load_decoder])
def test_an_absent_device_is_refused(load, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device 'cuda' is not present in this machine"):
        load("digits-vae" if load is load_decoder else "digits-rbm", "cuda")


@pytest.mark.parametrize("shape", [(16,), (2, 15), (1, 16, 1)])
def test_a_code_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=rf"code must be \(N, 16\), got \({', '.join(map(str, shape))}"):
        load_decoder("digits-vae")(torch.zeros(shape))
