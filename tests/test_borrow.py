import copy
import threading

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn

from xaiwidgets.borrow import borrow, device_and_dtype


@pytest.mark.parametrize("name", NETS)
def test_a_borrowed_model_computes_the_same_in_eval_mode(name):
    model, x, _ = net(name)
    expected = model(x.clone())
    assert torch.equal(borrow(model.train())(x.clone()), expected)


@pytest.mark.parametrize("name", NETS)
def test_borrowing_leaves_the_model_as_found(name):
    model, x, _ = net(name)
    model.train()
    before = snapshot(model)
    borrow(model)(x)
    assert snapshot(model) == before


def test_weights_are_shared_and_later_updates_are_seen():
    model, x, _ = net("dense")
    borrowed = borrow(model)
    before = borrowed(x)
    with torch.no_grad():
        model[0].weight.mul_(2)
    assert borrowed.model[0].weight.data_ptr() == model[0].weight.data_ptr()
    assert not torch.equal(borrowed(x), before)
    assert torch.equal(borrowed(x), model(x))


def test_a_forward_pass_that_writes_to_a_buffer_does_not_reach_the_user():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            return x

    model = Counting()
    borrow(model)(torch.ones(1, 2))
    assert model.calls == 0


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_weights_computed_from_others_are_borrowed():
    model = nn.Sequential(
        nn.utils.weight_norm(nn.Linear(4, 3)), nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3))
    )
    model.eval()
    x = torch.randn(2, 4)
    assert torch.equal(borrow(model)(x), model(x))


@pytest.mark.parametrize("name", NETS)
def test_the_copy_is_that_of_deepcopy(name):
    model, _, _ = net(name)
    model.shared = model.also = {"names": ["a", {"b"}], "self": model}
    ours, theirs = borrow(model).model, copy.deepcopy(model).eval()
    assert [type(m) for m in ours.modules()] == [type(m) for m in theirs.modules()]
    for mine, its in zip(ours.modules(), theirs.modules(), strict=True):
        assert list(vars(mine)) == list(vars(its))
        assert mine.extra_repr() == its.extra_repr()
    assert ours.shared is ours.also
    assert ours.shared["self"] is ours
    assert ours.shared["names"] == ["a", {"b"}]
    assert ours.shared["names"] is not model.shared["names"]


def test_a_class_that_copies_itself_its_own_way_is_asked_to():
    class Own(nn.Linear):
        def __deepcopy__(self, memo):
            twin = Own(2, 2)
            twin.copied = True
            return twin

    assert borrow(nn.Sequential(Own(2, 2))).model[0].copied


def test_recurrent_nets_and_attention_are_borrowed():
    x = torch.randn(2, 5, 4)
    for model in (nn.LSTM(4, 3, batch_first=True), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)):
        model.eval()
        torch.testing.assert_close(borrow(model)(x)[0], model(x)[0])


def test_hooks_of_the_user_stay_part_of_the_computation():
    model, x, _ = net("dense")
    model[0].register_forward_hook(lambda module, inputs, output: output * 2)
    assert torch.equal(borrow(model)(x), model(x))


def test_a_borrowed_model_is_not_borrowed_again():
    borrowed = borrow(nn.Linear(2, 2))
    assert borrow(borrowed) is borrowed


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module, got function"):
        borrow(lambda x: x)


def test_a_model_that_cannot_be_copied_gets_a_clear_error():
    model = nn.Linear(2, 2)
    model.lock = threading.Lock()
    with pytest.raises(TypeError, match=r"model \(Linear\) cannot be copied.*lock"):
        borrow(model)


def test_a_model_that_does_not_know_its_shapes_yet_gets_a_clear_error():
    with pytest.raises(TypeError, match=r"model \(LazyLinear\) cannot be copied"):
        borrow(nn.LazyLinear(3))


def test_device_and_dtype_skip_integer_buffers():
    model = nn.Sequential(nn.BatchNorm1d(3, affine=False).double())
    assert device_and_dtype(model) == (torch.device("cpu"), torch.float64)
    assert device_and_dtype(nn.ReLU()) is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own compiler, when it is loaded
def test_a_compiled_model_is_borrowed_as_it_was_before():
    """`torch.compile` only wraps; nothing is compiled until it is called, and nothing could be seen inside."""
    plain = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    x = torch.rand(2, 4)
    for model in (torch.compile(plain), nn.Sequential(torch.compile(plain), nn.Identity())):
        before = snapshot(plain)
        assert torch.equal(borrow(model)(x), plain(x))
        assert snapshot(plain) == before
