"""A copy is lent again only while a new one would be the same."""

import gc
import threading
import weakref

import pytest
import torch
from nets import NETS, net
from torch import nn

from xaiwidgets.borrow import borrow


@pytest.mark.parametrize("name", NETS)
def test_an_unchanged_model_is_copied_once_a_thread(name):
    model, _, _ = net(name)
    copy, elsewhere = borrow(model), []
    assert borrow(model) is copy
    thread = threading.Thread(target=lambda: elsewhere.append(borrow(model)))
    thread.start()
    thread.join()
    assert elsewhere[0] is not copy


def set_attribute(model):
    model.relu = nn.LeakyReLU(0.5)


def set_number(model):
    model.norm.eps = 0.5


def replace_weight(model):
    model.head.weight = nn.Parameter(model.head.weight.detach() + 1)


def move_weight(model):
    model.head.weight.data = model.head.weight.data + 1


def write_to_buffer(model):
    model.norm.running_mean.add_(1)


def write_to_buffer_unseen(model):
    model.norm.running_mean.data.add_(1)


def add_hook(model):
    model.stem.register_forward_hook(lambda module, inputs, output: output + 1)


def add_module(model):
    model.inner.append(nn.Softplus())


def write_to_weight(model):
    with torch.no_grad():
        model.stem.weight.mul_(2)


CHANGES = (
    set_attribute,
    set_number,
    replace_weight,
    move_weight,
    write_to_buffer,
    write_to_buffer_unseen,
    add_hook,
    add_module,
    write_to_weight,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_of_the_model_is_seen(change):
    model, x, _ = net("skip, BatchNorm, reused ReLU")
    before = borrow(model)(x)
    change(model)
    after = borrow(model)(x)
    assert not torch.equal(after, before)
    assert torch.equal(after, model.eval()(x))


class Stateful(nn.Module):
    """Remembers something from call to call, in one of several ways."""

    def __init__(self, way):
        super().__init__()
        self.way, self.calls, self.log, self.head = way, 0, [0], nn.Linear(2, 2)
        self.register_buffer("total", torch.zeros(()))

    def forward(self, x):
        if self.way == "attribute":
            self.calls += 1
        elif self.way == "list":
            self.log.append(1)
        else:
            self.total += 1
        return self.head(x) + self.calls + len(self.log) + self.total


@pytest.mark.parametrize("way", ["attribute", "list", "buffer"])
def test_a_model_that_remembers_starts_anew_each_time(way):
    model, x = Stateful(way), torch.ones(1, 2)
    first = borrow(model)(x)
    assert torch.equal(borrow(model)(x), first)


class Hiding(nn.Module):
    """Keeps a module where torch does not look for it."""

    def __init__(self):
        super().__init__()
        self.hidden = [nn.Linear(2, 2)]

    def forward(self, x):
        return self.hidden[0](x)


def test_a_module_in_a_plain_list_is_seen_as_it_is():
    model, x = Hiding(), torch.ones(1, 2)
    before = borrow(model)(x)
    with torch.no_grad():
        model.hidden[0].weight.mul_(10)
    after = borrow(model)(x)
    assert torch.equal(after, model(x))
    assert not torch.equal(after, before)


def test_what_could_change_unseen_is_copied_each_time():
    model = nn.Sequential(nn.Linear(2, 2))
    model.settings = {"object": object()}
    assert borrow(model) is not borrow(model)


def test_a_model_is_not_kept_alive():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    borrow(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
