"""The best and worst inputs of each unit, against sorting everything."""

from itertools import pairwise

import pytest
import torch
from nets import NETS, net, snapshot
from top_k_parts import CLASSES, COUNT, WHOLE, inputs, labels_of, sorted_out, whole_numbers

from xaiwidgets.datasets import Dataset
from xaiwidgets.methods.layers import activations, layer_shapes
from xaiwidgets.methods.top_k import class_share, dead_units, top_k


def agrees(found, output, k, labels):
    """Everything that is told, worked out anew from a layer's whole output (N, C, …)."""
    flat = output.flatten(2) if output.ndim > 2 else output[..., None]
    values = flat.amax(2)
    for end, sign in ((found, 1), (found.bottom, -1)):
        wanted = sorted_out(values, k, sign)
        assert torch.equal(end.indices, wanted)
        torch.testing.assert_close(end.values, values.T.gather(1, wanted))
        assert torch.equal(end.labels, labels[wanted])
        for channel, row in enumerate(wanted):
            for number, index in enumerate(row):
                at = output[index, channel][tuple(end.places[channel, number])]
                torch.testing.assert_close(at, values[index, channel])
    values = values.double()
    torch.testing.assert_close(found.mean, values.mean(0), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.deviation, values.std(0, correction=0), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.active, (values > 0).double().mean(0))
    means = torch.stack([values[labels == each].mean(0) for each in range(CLASSES)], 1)
    torch.testing.assert_close(found.class_means, means, rtol=1e-5, atol=1e-6)
    assert found.class_counts.tolist() == [int((labels == each).sum()) for each in range(CLASSES)]
    assert found.count == len(values)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", NETS)
def test_it_is_what_sorting_all_values_gives_in_every_layer(name, dtype):
    model, x, _ = net(name, dtype)
    data, labels = inputs(x.shape[1:], dtype), labels_of()
    batches = [(data[start : start + 4], labels[start : start + 4]) for start in range(0, COUNT, 4)]
    before = snapshot(model)
    for layer in (*layer_shapes(model, x), None):
        agrees(top_k(model, batches, layer, k=5), activations(model, data, layer), 5, labels)
    assert snapshot(model) == before


@pytest.mark.parametrize("k", [1, 7, 40])
def test_of_equal_values_the_earlier_input_comes_first_whatever_the_batches(k):
    data = whole_numbers()
    values = data.sum((2, 3))
    for batch in (1, 3, 39, 64, None):
        found = top_k(WHOLE, data, None, k=k, batch=batch)
        assert torch.equal(found.indices, sorted_out(values, k, 1))
        assert torch.equal(found.bottom.indices, sorted_out(values, k, -1))
    assert len(values.unique()) < len(values) / 2  # there were ties


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_the_histogram_counts_every_value_whatever_the_batches(scale):
    generator = torch.Generator().manual_seed(2)
    growing = (
        torch.randn(60, 4, 1, 1, generator=generator, dtype=torch.float64)
        * torch.logspace(-4, 2, 60)[:, None, None, None]
    )
    growing[:, 1] = growing[:, 1].relu()
    growing[:, 2] += 1000
    growing[:, 3] = 0.3
    growing *= scale
    wanted = top_k(WHOLE, growing, None, k=1)
    for batch in (1, 7, 60):
        found = top_k(WHOLE, growing, None, k=1, batch=batch)
        assert torch.equal(found.histogram, wanted.histogram)
        assert torch.equal(found.edges, wanted.edges)
    for column, edges, counts in zip(growing[..., 0, 0].T, wanted.edges, wanted.histogram, strict=True):
        by_hand = [int(((column >= low) & (column < high)).sum()) for low, high in pairwise(edges)]
        assert counts.tolist() == by_hand
        assert sum(by_hand) == len(column)
    used = [int(row.nonzero()[-1] - row.nonzero()[0]) + 1 for row in wanted.histogram]
    assert all(32 <= count <= 64 for count in used[:3])
    assert used[3] == 1


def test_mean_of_the_map_and_single_neurons_and_the_whole_layer():
    model, x, _ = net("max pooling")
    data = inputs(x.shape[1:])
    output = activations(model, data, "3")
    wanted = {
        "mean": (output.mean((2, 3)), {"over": "mean"}),
        "neuron": (output[:, :, 1, 0], {"place": (1, 0)}),
        "layer": (output.square().mean((1, 2, 3)).sqrt()[:, None], {"over": "layer"}),
    }
    for values, how in wanted.values():
        found = top_k(model, data, "3", k=4, **how)
        assert torch.equal(found.indices, sorted_out(values, 4, 1))
        torch.testing.assert_close(found.values, values.T.gather(1, found.indices))
    assert (top_k(model, data, "3", k=4, place=(1, 0)).places == torch.tensor([1, 0])).all()
    mean = top_k(model, data, "3", k=2, over="mean")
    highest = [output[i, 0].argmax() for i in mean.indices[0]]
    assert mean.places[0].tolist() == [list(divmod(int(at), output.shape[3])) for at in highest]


def test_the_record_of_one_channel():
    found = top_k(WHOLE, Dataset("own", whole_numbers()[:, :3], labels_of(40), ("a", "b", "c")), None, k=3)
    one = found.of(2)
    for name in ("values", "indices", "places", "labels", "histogram", "edges", "class_means", "mean"):
        assert torch.equal(getattr(one, name), getattr(found, name)[2])
    assert torch.equal(one.bottom.values, found.bottom.values[2])
    assert one.class_counts is found.class_counts


def test_dead_units_and_the_share_of_the_variance_that_is_the_class():
    values = torch.tensor([[0.0, -1, 3, 5], [0, -2, 3, 5], [0, -3, 1, 5], [0, 4, 1, 5]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 1])
    found = top_k(WHOLE, [(values[..., None, None], labels)], None, k=1)
    assert dead_units(found).tolist() == [0]
    between = (
        (values[:2, 1].mean() - values[:, 1].mean()) ** 2 + (values[2:, 1].mean() - values[:, 1].mean()) ** 2
    ) / 2
    wanted = [0, float(between / values[:, 1].var(correction=0)), 1, 0]
    torch.testing.assert_close(class_share(found), torch.tensor(wanted, dtype=torch.float64))


def test_the_share_needs_a_label_for_every_input():
    values = torch.arange(4.0).double()[:, None, None, None]
    with pytest.raises(ValueError, match="a label for every input, got 3 for 4 inputs"):
        class_share(top_k(WHOLE, [(values, torch.tensor([0, 0, 1, -1]))], None, k=1))
    with pytest.raises(ValueError, match="a label for every input, got 0 for 4 inputs"):
        class_share(top_k(WHOLE, [values], None, k=1))
