import numpy as np
import pytest
from traitlets import TraitError

from xaiwidgets.views import NetworkLayer, NetworkView, strongest


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def two_layers(**more):
    left = NetworkLayer("hidden", [3, 8], random(2), **{key: random(2) for key in more if key == "relevance"})
    return [left, NetworkLayer("classes", range(3), random(3), labels=["car", "boat", "fish"], **{
        key: random(3) for key in more if key == "relevance"})]  # fmt: skip


def test_the_strongest_are_found_whatever_their_sign_and_stand_in_their_own_order():
    values = np.array([0.1, -5.0, 2.0, np.nan, 0.0, 3.0])
    assert strongest(values, 3).tolist() == [1, 2, 5]
    assert strongest(values, 99).tolist() == list(range(6))
    assert strongest(np.ones(4), 2).tolist() == [0, 1]


def test_what_is_shown_travels_column_after_column():
    view, layers = NetworkView(), two_layers(relevance=True)
    weights, flows = random(2, 3), random(3, 2).T
    view.show(layers, [weights], [flows])
    np.testing.assert_allclose(view.activations, np.concatenate([layer.activations for layer in layers]), rtol=1e-6)
    np.testing.assert_allclose(view.relevance, np.concatenate([layer.relevance for layer in layers]), rtol=1e-6)
    np.testing.assert_allclose(view.weights.reshape(2, 3), weights, rtol=1e-6)
    np.testing.assert_allclose(view.flows.reshape(2, 3), flows, rtol=1e-6)
    assert view.layers[0] == {"name": "hidden", "units": [3, 8], "labels": ["3", "8"], "total": 2, "rest": None}
    assert view.layers[1]["labels"] == ["car", "boat", "fish"]


def test_without_relevance_or_flows_they_are_empty():
    view = NetworkView()
    view.show(two_layers(relevance=True), [random(2, 3)], [random(2, 3)])
    view.show(two_layers(), [random(2, 3)])
    assert (view.relevance.size, view.flows.size, view.activations.size) == (0, 0, 5)
    view.show([], [])
    assert (view.layers, view.activations.size, view.weights.size) == ([], 0, 0)


def test_one_message_carries_it_all(monkeypatch):
    view, sent = NetworkView(), []
    monkeypatch.setattr(view, "send_state", lambda key=None: sent.append(key))
    view.show(two_layers(), [random(2, 3)])
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [random(3, 2)]}, r"weights must have the shapes \[\(2, 3\)\], got \[\(3, 2\)\]"),
        ({"weights": []}, r"weights must have the shapes \[\(2, 3\)\], got \[\]"),
        ({"flows": [random(2, 4)]}, "flows must have the shapes"),
        ({"layers": [NetworkLayer("a", [0, 1], random(3))], "weights": []}, "activations must have the shapes"),
        ({"layers": [NetworkLayer("a", [0, 1], random(2), labels=["x"])], "weights": []}, "labels of a must be one"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        NetworkView().show(**{"layers": two_layers(), "weights": [random(2, 3)]} | change)


def test_units_chosen_in_the_browser_arrive_as_tuples():
    view = NetworkView()
    seen = []
    view.observe(lambda change: seen.append((change.name, change.new)), names=["hovered", "selected"])
    view.set_state({"hovered": [1, 42]})
    view.set_state({"selected": [0, 3]})
    view.set_state({"selected": None})
    assert seen == [("hovered", (1, 42)), ("selected", (0, 3)), ("selected", None)]
    with pytest.raises(TraitError, match="selected"):
        view.set_state({"selected": [1]})
