"""What all explorers share, on the smallest one."""

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ipywidgets import HTML
from ipywidgets.widgets.widget import _instances
from torch import nn

from xaiwidgets.explorers import cells
from xaiwidgets.explorers.explorer import HEAVY, Explorer
from xaiwidgets.views import Panel


class Doubling(Explorer):
    """Shows twice a number."""

    seconds = 0.0

    def build(self):
        self.number, self.text, self.threads = 1, HTML(), []
        return self.text

    def request(self):
        if self.number is None:
            raise ValueError("number must be set")
        return self.number

    def compute(self, request):
        self.threads.append(torch.get_num_threads())
        self._work = self.seconds
        return 2 * request

    def publish(self, result):
        self.text.value = str(result)

    def panels(self):
        return [Panel(np.zeros((2, 2, 3), np.uint8), "double", str(self.result))]

    def summary(self):
        return f"twice is {self.result} <b>"


@pytest.fixture
def explorer():
    made = Doubling(nn.Linear(1, 1))
    yield made
    made.close()


def test_it_shows_its_first_result_at_once_and_later_ones_when_asked(explorer):
    assert explorer.text.value == "2"
    assert (explorer.status.state, explorer.status.device, explorer.status.milliseconds) == ("ready", "CPU", None)
    explorer.number = 4
    explorer.update()
    assert explorer.wait(60)
    assert explorer.text.value == "8"
    assert explorer.status.milliseconds > 0


class Halving(Doubling):
    """Shows half of it first, and is told to stop when it is asked for 7."""

    def compute(self, request):
        self.partial(request)
        if request == 7:
            self.worker.cancel()
        self.partial(request)
        return super().compute(request)

    def publish(self, result):
        super().publish(result)
        self.shown = [*getattr(self, "shown", []), result]


def test_partial_results_are_shown_and_what_was_cancelled_keeps_them():
    explorer = Halving(nn.Linear(1, 1))
    assert explorer.shown == [2], "nothing in part while it is built"
    explorer.number = 4
    explorer.update()
    assert explorer.wait(60)
    assert explorer.shown == [2, 4, 8]
    explorer.number = 7
    explorer.update()
    assert explorer.wait(60)
    assert explorer.shown == [2, 4, 8, 7]
    assert explorer.summary() == "twice is 7 <b>"
    assert (explorer.status.state, explorer.status.progress) == ("cancelled", None)
    explorer.close()


def test_a_request_that_cannot_be_made_is_an_error_in_place(explorer):
    explorer.number = None
    explorer.update()
    assert (explorer.status.state, explorer.status.error) == ("error", "ValueError: number must be set")
    assert explorer.text.value == "2"


def test_light_work_runs_on_one_core_heavy_work_on_all_and_the_setting_is_put_back(explorer):
    everything = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        explorer._cores, explorer._work = 3, 0.0
        explorer._compute(1)
        explorer._work = 2 * HEAVY
        explorer._compute(1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(everything)
    assert explorer.threads[-2:] == [1, 3]


def test_what_is_left_behind_is_escaped(explorer):
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == "twice is 2 <b>"
    assert "twice is 2 &lt;b&gt;" in data["text/html"]
    assert "<b>" not in data["text/html"]


def run(monkeypatch, cell, message):
    header = {"metadata": {"cellId": cell} if cell else {}, "header": {"msg_id": message}}
    monkeypatch.setattr(cells, "get_ipython", lambda: SimpleNamespace(parent_header=header))
    return Doubling(nn.Linear(1, 1))


def test_running_a_cell_again_closes_what_it_made_and_nothing_else(monkeypatch):
    first, second = run(monkeypatch, "cell a", "run 1"), run(monkeypatch, "cell a", "run 1")
    other = run(monkeypatch, "cell b", "run 2")
    outside = run(monkeypatch, None, "run 3")
    assert all(each.comm is not None for each in (first, second, other, outside))
    again = run(monkeypatch, "cell a", "run 4")
    assert [each.comm is None for each in (first, second, other, outside, again)] == [True, True, False, False, False]
    for each in (other, outside, again):
        each.close()


def test_a_closed_explorer_keeps_neither_model_nor_pictures(explorer):
    explorer.big = np.zeros(10**6)
    kept = weakref.ref(explorer.text)
    explorer.close()
    gc.collect()
    assert not hasattr(explorer, "big")
    assert kept() is None


def test_closing_twice_is_harmless(explorer):
    explorer.close()
    explorer.close()
    explorer.update()
    assert explorer.wait(60)


def test_an_explorer_that_cannot_be_built_leaves_no_widget():
    class Broken(Doubling):
        def build(self):
            raise KeyError("a mistake")

    before = set(_instances)
    with pytest.raises(KeyError, match="a mistake"):
        Broken(nn.Linear(1, 1))
    assert set(_instances) == before
