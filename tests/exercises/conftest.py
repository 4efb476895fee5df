import pytest
import torch

from xaiwidgets.exercises import answers


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test works in its own folder, as a notebook does, and forgets what could not be saved there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(answers, "_unsaved", {})
    return tmp_path


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
