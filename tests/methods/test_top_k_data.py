"""Data sets of any kind and length for `top_k`, its progress, and what it refuses."""

import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from nets import net
from top_k_parts import CLASSES, WHOLE, Stopping, labels_of, whole_numbers
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from xaiwidgets.datasets import Dataset
from xaiwidgets.methods.top_k import top_k
from xaiwidgets.progress import Cancelled, listening


def test_any_kind_of_data_and_any_cut_give_the_same_record():
    data, labels = whole_numbers(), labels_of(40)
    pictures = Dataset("own", data[:, :3].float(), labels, ("a", "b", "c"))
    wanted = top_k(WHOLE, pictures, None, k=6)
    flat = TensorDataset(pictures.images, labels)
    kinds = {
        "batches of one": DataLoader(flat),
        "batches of seven": DataLoader(flat, batch_size=7),
        "one batch": [(pictures.images.double(), labels)],
        "a generator of lists": ([pictures.images[i : i + 9], labels[i : i + 9].tolist()] for i in range(0, 40, 9)),
    }
    for name, kind in kinds.items():
        found = top_k(WHOLE, kind, None, k=6)
        for field, value in vars(wanted).items():
            same = vars(found)[field]
            if field == "bottom":
                assert all(torch.equal(one, vars(same)[part]) for part, one in vars(value).items()), name
            elif field == "count":
                assert same == value, name
            else:
                torch.testing.assert_close(same, value, msg=f"{name}: {field}", check_dtype=False)


def test_unknown_labels_are_left_out_and_without_any_there_is_no_word_of_classes():
    data, labels = whole_numbers(), labels_of(40)
    labels[::2] = -1
    found = top_k(WHOLE, [(data, labels)], None, k=3)
    means = [data.sum((2, 3))[labels == each].mean(0) for each in range(CLASSES)]
    torch.testing.assert_close(found.class_means, torch.stack(means, 1))
    assert int(found.class_counts.sum()) == 20
    for nothing in (data, [(data, torch.full((40,), -1))]):
        found = top_k(WHOLE, nothing, None, k=3)
        assert (found.labels, found.class_means, found.class_counts) == (None, None, None)


def test_no_batch_is_kept():
    alive, most = weakref.WeakSet(), [0]

    def batches():
        for number in range(30):
            batch = torch.full((2, 5, 2, 2), float(number), dtype=torch.float64)
            alive.add(batch)
            most[0] = max(most[0], len(alive))
            yield batch

    assert top_k(WHOLE, batches(), None, k=2).indices[0].tolist() == [58, 59]
    assert most[0] <= 2


def test_progress_is_told_and_cancel_is_heard():
    listener = Stopping(after=100)
    with listening(listener):
        top_k(WHOLE, whole_numbers(), None, k=2, batch=16)
    assert listener.told == [("Scanning", done, 40) for done in (0, 16, 32, 40)]
    with listening(Stopping(after=2)), pytest.raises(Cancelled):
        top_k(WHOLE, (batch for batch in whole_numbers().split(4)), None, k=2)


def test_two_threads_scan_one_model():
    model, x, _ = net("max pooling")
    data = torch.rand(30, *x.shape[1:], generator=torch.Generator().manual_seed(2), dtype=x.dtype)
    layers = ["0", "3"] * 6
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda layer: top_k(model, data, layer, k=3, batch=4), layers))
    for layer, record in zip(layers, found, strict=True):
        assert torch.equal(record.indices, top_k(model, data, layer, k=3).indices)
    assert not any(module._forward_hooks for module in model.modules())


X = whole_numbers()


class Broken(nn.Module):
    """Divides zero by zero for one input."""

    def forward(self, x):
        y = x.sum((2, 3))
        return torch.where(x[:, :1, 0, 0] > 50, torch.nan, y)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((WHOLE, X, None), {"k": 41}, "k must be at most the number of inputs, 40, got 41"),
        ((WHOLE, iter([X[:3]]), None), {"k": 4}, "k must be at most the number of inputs, 3, got 4"),
        ((WHOLE, X, None), {"k": 0}, "k must be an integer from 1 to 1000, got 0"),
        ((WHOLE, X[:0], None), {}, "data must hold at least one input, got none"),
        ((WHOLE, [], None), {}, "data must hold at least one input, got none"),
        ((WHOLE, [X, X[:, :3]], None), {}, r"inputs of one shape, got \(5, 2, 2\), then \(3, 2, 2\)"),
        ((WHOLE, [(X, torch.zeros(3).long())], None), {}, "labels must be one for each input, got 3 for 40 inputs"),
        ((WHOLE, [(X, torch.zeros(40))], None), {}, "labels must be class indices, got torch.float32"),
        ((WHOLE, [(X, torch.full((40,), -2))], None), {}, "or -1 where nobody knows, got -2"),
        ((WHOLE, [(X, torch.zeros(40).long()), X], None), {}, "labels in every batch or in none, got both"),
        ((WHOLE, X, None), {"batch": 0}, "batch must be a number of inputs, 1 or more, or None, got 0"),
        ((WHOLE, X, None), {"over": "sum"}, "over must be one of 'max', 'mean', 'layer', got 'sum'"),
        ((WHOLE, X, None), {"place": (0,)}, r"place must lie in the layer's maps, of shape \(\), got \(0,\)"),
        ((WHOLE, X, None), {"place": 3}, "place must be whole numbers, one for each axis of the map, got 3"),
        ((WHOLE, X, None), {"place": (), "over": "layer"}, "place must be None with over='layer'"),
        ((WHOLE, 7, None), {}, "data must be a tensor .*, got int"),
        ((WHOLE, TensorDataset(X), None), {}, "got TensorDataset; single inputs: torch.utils.data.DataLoader"),
        ((WHOLE, [X[0, 0, 0]], None), {}, "data must be a tensor .* single inputs: torch.utils.data.DataLoader"),
        ((WHOLE, [X.int()], None), {}, "data, batch 1: x must be of a floating-point type, got torch.int32"),
        ((WHOLE, [X, X / 0], None), {}, "data, batch 2: x must be finite"),
        ((Broken(), torch.cat([X, X[:1] + 60]), None), {}, "finite logits, got NaN or infinity for input 40"),
    ],
)
def test_bad_input_is_answered(arguments, settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        top_k(*arguments, **{"k": 2, **settings})


def test_a_layer_that_does_not_exist_is_answered_with_near_names():
    model, x, _ = net("functional ReLU")
    with pytest.raises(ValueError, match=r"got 'secnd'; near names: second"):
        top_k(model, x, "secnd", k=1)
