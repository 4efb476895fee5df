import pytest
import torch

from xaiwidgets.models import choose_device, load_model


def present(monkeypatch, cuda: int, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(("cuda", "mps", "expected"), [(2, True, "cuda"), (0, True, "mps"), (0, False, "cpu")])
def test_auto_takes_the_fastest_device_present(monkeypatch, cuda, mps, expected):
    present(monkeypatch, cuda, mps)
    assert choose_device() == torch.device(expected)


def test_a_device_by_name_number_or_object(monkeypatch):
    present(monkeypatch, 2, True)
    for device in ("cpu", "cuda", "cuda:1", "mps", torch.device("cuda:0")):
        assert choose_device(device) == torch.device(device)


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps", "meta"])
def test_an_absent_device_is_refused(monkeypatch, device):
    present(monkeypatch, 0, False)
    with pytest.raises(ValueError, match=f"device '{device}' is not present in this machine; \"auto\" takes cpu"):
        load_model("digits-depth-1", device)


def test_one_graphics_card_is_not_two(monkeypatch):
    present(monkeypatch, 1, False)
    with pytest.raises(ValueError, match="'cuda:1' is not present in this machine; \"auto\" takes cuda"):
        choose_device("cuda:1")


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", None])
def test_a_word_that_names_no_device_is_refused(device):
    with pytest.raises(ValueError, match=r'device must be "auto", "cpu", "cuda", .* got'):
        choose_device(device)
