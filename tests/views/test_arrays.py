import numpy as np
import pytest
import torch
import traitlets
from ipywidgets.widgets.widget import _remove_buffers

from xaiwidgets.views import ImageView
from xaiwidgets.views.arrays import Array


class Holder(traitlets.HasTraits):
    picture = Array("uint8", None, None, 3)
    map = Array("float32", None, None)
    labels = Array("int32", None, None)


@pytest.fixture
def holder():
    return Holder()


def test_an_array_travels_as_one_buffer():
    heatmap = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)
    view = ImageView(heatmap=heatmap)
    state, paths, buffers = _remove_buffers(view.get_state(["heatmap"]))
    assert state == {"heatmap": {"shape": [20, 30], "dtype": "float32"}}
    assert paths == [["heatmap", "bytes"]]
    assert bytes(buffers[0]) == heatmap.tobytes()


def test_a_transposed_array_is_sent_in_its_own_order():
    heatmap = np.arange(6, dtype=np.float32).reshape(2, 3)
    _, _, buffers = _remove_buffers(ImageView(heatmap=heatmap.T).get_state(["heatmap"]))
    assert np.frombuffer(buffers[0], np.float32).tolist() == [0, 3, 1, 4, 2, 5]


def test_an_empty_array_travels():
    state, _, buffers = _remove_buffers(ImageView().get_state(["heatmap"]))
    assert state["heatmap"]["shape"] == [0, 0]
    assert bytes(buffers[0]) == b""


def test_an_array_is_sent_each_time_but_emptiness_once():
    view, seen = ImageView(), []
    view.observe(lambda change: seen.append(change.new.size), names=["heatmap"])
    for values in (np.zeros((0, 0)), np.ones((2, 3)), np.ones((2, 3)), [[]], np.zeros((0, 0)), np.ones((1, 1))):
        view.heatmap = values
    assert seen == [6, 6, 0, 1]
    with pytest.raises(traitlets.TraitError, match="heatmap must be 2-d float32"):
        view.heatmap = []


def test_an_array_from_the_browser():
    view = ImageView(image=np.zeros((2, 3, 3), np.uint8))
    seen = []
    view.observe(lambda change: seen.append(change.new), names=["brushed"])
    view.set_state({"brushed": {"shape": [2, 3], "dtype": "uint8", "bytes": memoryview(bytes([0, 1, 1, 0, 0, 1]))}})
    assert view.brushed.tolist() == [[0, 1, 1], [0, 0, 1]]
    assert len(seen) == 1


@pytest.mark.parametrize(
    "wire",
    [{}, {"shape": [2, 2], "dtype": "uint8", "bytes": b"123"}, {"shape": [1], "dtype": "what", "bytes": b"1"}, 3],
)
def test_a_malformed_message_is_refused(wire):
    with pytest.raises(traitlets.TraitError, match="sent as shape, dtype and bytes"):
        ImageView().set_state({"brushed": wire})


@pytest.mark.parametrize(
    "value",
    [[[1, 2], [3, 4]], np.float64([[1, 2], [3, 4]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)],
)
def test_numbers_of_any_kind_are_cast_to_float(holder, value):
    holder.map = value
    assert holder.map.dtype == np.float32
    assert holder.map.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("value", [torch.tensor([[0, 70_000]]), np.int16([[0, 7]]), [[-1, 3]], [[True, False]]])
def test_labels_are_whole_numbers_of_any_size(holder, value):
    holder.labels = value
    assert holder.labels.dtype == np.int32
    assert holder.labels.tolist() == np.asarray(value).tolist()


def test_a_mask_is_taken_as_bytes():
    view = ImageView(outline=np.array([[True, False, True]]))
    assert view.outline.dtype == np.uint8
    assert view.outline.tolist() == [[1, 0, 1]]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("picture", np.zeros((2, 3, 3)), r"picture must be 3-d uint8 \(n, m, 3\), got float64 of shape \(2, 3, 3\)"),
        ("picture", np.zeros((2, 3, 4), np.uint8), r"got uint8 of shape \(2, 3, 4\)"),
        ("map", np.zeros(3, np.float32), r"map must be 2-d float32 \(n, m\), got float32 of shape \(3,\)"),
        ("map", np.zeros((2, 2), complex), "got complex128"),
        ("map", "map.png", "map must be 2-d float32"),
        ("map", [[1], [2, 3]], "map must be 2-d float32"),
        ("map", None, "map must be 2-d float32"),
        ("labels", [[0.5]], "labels must be 2-d int32"),
        ("labels", [[1, 2**40]], "labels must hold int32 numbers, got up to 1099511627776"),
    ],
)
def test_what_does_not_fit_is_named(holder, name, value, message):
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(holder, name, value)


def test_the_array_kept_is_a_read_only_copy(holder):
    mine = np.zeros((2, 2), np.float32)
    holder.map = mine
    mine[0, 0] = 5
    assert holder.map[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        holder.map[0, 0] = 1


def test_every_assignment_is_announced(holder):
    seen = []
    holder.observe(seen.append, names=["map"])
    holder.map = np.zeros((2, 2))
    holder.map = np.zeros((2, 2))
    assert len(seen) == 2
