"""Prototypes while they grow: first frames, Cancel, and the way back through the steps."""

import numpy as np
import pytest
from prototype_explorer_parts import (
    STEPS,
    choose,
    grown,
    same_picture,
    short_explorer,
    shorten,
)
from small import settle, small_net, small_pictures

from xaiwidgets.explorers import PrototypeExplorer

X = small_pictures()


@pytest.fixture
def explorer():
    with short_explorer() as made:
        yield made


def test_it_opens_with_the_first_frame_and_grows_afterwards(monkeypatch):
    shorten(monkeypatch)
    monkeypatch.setattr(PrototypeExplorer, "update", lambda self, change=None: None)
    made = PrototypeExplorer(small_net(), X)
    assert [len(trail) for trail in made.result.trails] == [1] * len(made.result.trails)
    assert not made.result.finished
    assert made.known == {}
    assert "after 0 steps" in made.summary()
    made.close()


def test_frames_are_shown_while_they_grow(explorer, monkeypatch):
    seen, publish = [], explorer.publish
    monkeypatch.setattr(explorer, "publish", lambda result: (publish(result), seen.append(result)))
    monkeypatch.setattr("xaiwidgets.worker.EVERY", 0)
    choose(explorer, seed=1)
    assert list(dict.fromkeys(result.trails[0][-1].step for result in seen)) == [0, 5, 10]
    assert {trail[-1].step for trail in seen[0].trails} == {0}, "the first frames come together"
    assert [result.finished for result in seen] == [False] * (len(seen) - 1) + [True]
    assert explorer.views.curves.marker == STEPS


def test_the_line_in_the_curves_goes_back_through_the_steps(explorer):
    curves, frames = explorer.views.curves, grown(explorer, 0, "none")
    curves.marker = 5.0
    same_picture(explorer, frames[1])
    assert "after 5 steps" in explorer.summary()
    chosen = grown(explorer, 0, "code space")[1].pictures.detach()
    np.testing.assert_allclose(explorer.scores.values, explorer.subject.model(chosen)[0].detach().softmax(0), rtol=1e-5)
    curves.marker = 10.0
    same_picture(explorer, frames[-1])
    curves.marker = 0.0
    choose(explorer, seed=3)
    assert curves.marker == STEPS, "other prototypes: the line follows them again"
    same_picture(explorer, grown(explorer, 0, "none", seed=3)[-1])


def test_a_class_that_is_taken_back_at_once_is_not_shown(explorer):
    explorer.scores.selected = 3
    explorer.scores.selected = 0
    settle(explorer)
    assert (explorer.scores.selected, explorer.result.request.target) == (0, 0)
    same_picture(explorer, grown(explorer, 0, "none")[-1])


def test_cancel_keeps_the_prototypes_as_far_as_they_are_grown(explorer, monkeypatch):
    publish = explorer.publish

    def stopping(result):
        publish(result)
        explorer.status.cancelled += 1

    monkeypatch.setattr(explorer, "publish", stopping)
    explorer.wishes.choices.values = {"seed": 5}
    assert explorer.wait(60)
    monkeypatch.undo()
    assert (explorer.status.state, explorer.result.finished) == ("cancelled", False)
    same_picture(explorer, grown(explorer, 0, "none", seed=5)[0])
    explorer.update()
    settle(explorer)
    same_picture(explorer, grown(explorer, 0, "none", seed=5)[-1])
