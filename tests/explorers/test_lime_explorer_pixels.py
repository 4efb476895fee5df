"""LIME with noise on the pixels in its explorer, and the explorer's arguments."""

import re

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from nets import snapshot
from small import LABELS, MASKS, leaves_nothing, settle, small_net, small_pictures

from xaiwidgets.explorers import LimeExplorer
from xaiwidgets.explorers.lime_pixels import cosine, over_blocks
from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.pixel_lime import pixel_lime


def choose(explorer, **values):
    explorer.choices.values = values
    settle(explorer)


@pytest.fixture(scope="module")
def explorer():
    made = LimeExplorer(small_net(3), small_pictures(3), labels=LABELS, masks=MASKS, mode="pixels")
    yield made
    made.close()


def cosine_told(explorer):
    return re.search(r"cosine with the gradient ([\d.]+)", explorer.maps.views[0].caption)[1]


def maps(explorer):
    return [torch.tensor(view.heatmap) for view in explorer.maps.views]


def test_the_maps_are_those_of_the_methods_and_their_cosine_is_told(explorer):
    choose(explorer, epsilon=0.05, cells=4, design="complete")
    x = explorer.data.images[:1]
    found, slope = pixel_lime(explorer.model, x, 0, epsilon=0.05, cells=4), gradient(explorer.model, x, 0)
    np.testing.assert_allclose(maps(explorer)[0], found.map(), rtol=1e-5, atol=1e-7)
    expected = slope.clone()
    for rows in np.array_split(np.arange(12), 4):
        for columns in (range(3), range(3, 5), range(5, 8), range(8, 10)):  # 10 columns cut in four by floor
            block = slope[:, :, list(rows)][..., list(columns)]
            expected[:, :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = block.mean((2, 3), keepdim=True)
    np.testing.assert_allclose(maps(explorer)[1], expected.sum(1)[0], rtol=1e-4, atol=1e-6)
    a, b = found.weights.flatten().double(), expected.flatten().double()
    alike = float(a @ b / a.norm() / b.norm())
    assert f"R² {found.r2:.2f} · intercept {found.intercept:.2f}\ncosine with the gradient {alike:.2f}" in (
        explorer.maps.views[0].caption
    )
    assert explorer.maps.views[0].limit == explorer.maps.views[1].limit


def test_blocks_of_a_picture_that_they_do_not_divide_are_those_of_the_method():
    x = small_pictures(3)[:1]
    found = pixel_lime(lambda a: a.reshape(len(a), -1) @ np.arange(360.0)[:, None], x.double(), 0, epsilon=1, cells=7)
    expected = over_blocks(torch.arange(360.0, dtype=torch.float64).view(1, 3, 12, 10), 7)
    np.testing.assert_allclose(found.weights, expected, rtol=1e-8)


def test_as_the_radius_shrinks_the_fit_becomes_the_gradient(explorer):
    found = []
    for epsilon in (1, 1e-3):
        choose(explorer, epsilon=epsilon, cells=0, design="complete")
        found.append(cosine(*maps(explorer)))
    assert found[1] > 0.99 > 0.95 > found[0]
    assert float(cosine_told(explorer)) > 0.99


def test_few_random_samples_are_a_poor_gradient(explorer):
    """About √(S / D), as many directions as were seen: √(90 / 360) = 0.5."""
    choose(explorer, epsilon=1e-3, cells=0, design="random")
    assert "drawn" in explorer.choices.values
    choose(explorer, drawn=90)
    assert 0.35 < float(cosine_told(explorer)) < 0.65
    choose(explorer, design="complete")
    assert "drawn" not in explorer.choices.values


def test_the_noise_is_shown_with_its_score(explorer):
    choose(explorer, epsilon=0.3, cells=0)
    seen = torch.tensor(explorer.views.noisy.image).movedim(-1, 0) / 255
    x = explorer.data.images[0]
    inside = (x > 0.3) & (x < 0.7)  # where few are cut off
    assert float((seen - x)[inside].abs().mean()) == pytest.approx(0.3 * (2 / torch.pi) ** 0.5, abs=0.06)
    logits = explorer.model(explorer.result.seen[None])[0].detach()
    np.testing.assert_allclose(explorer.scores.values, logits, rtol=1e-4, atol=1e-5)
    assert f"→ {float(logits[0]):.2f}" in explorer.views.noisy.caption


def test_modes_keep_what_was_set(explorer):
    choose(explorer, epsilon=0.07, cells=4, design="complete")
    choose(explorer, mode="segments")
    choose(explorer, method="grid", samples=40, seeds=2)
    assert explorer.input.tool == "pick"
    assert explorer.input.regions.shape == (12, 10)
    choose(explorer, mode="pixels")
    assert explorer.choices.values["epsilon"] == 0.07
    assert (explorer.input.tool, explorer.input.regions.size) == ("look", 0)
    choose(explorer, mode="segments")
    assert explorer.choices.values["samples"] == 40
    choose(explorer, mode="pixels")


def test_a_plain_callable_has_no_gradient_and_says_so():
    net = small_net(1).double()

    def scores(array):
        with torch.no_grad():
            return net(torch.from_numpy(array).double()).numpy()

    explorer = LimeExplorer(scores, small_pictures(), class_names=list("abcd"), mode="pixels")
    assert explorer.maps.views[1].notice == "only a torch model has a gradient"
    expected = pixel_lime(net, small_pictures()[:1].double(), explorer.scores.selected, epsilon=0.02, cells=8)
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, expected.map(), rtol=1e-3, atol=1e-5)
    choose(explorer, mode="segments")
    assert explorer.views.compared.values[0] == pytest.approx(float(explorer.scores.values[explorer.scores.selected]))
    explorer.close()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_plain_tensors_are_served_and_the_model_is_left_as_found(dtype):
    model = small_net(3).to(dtype).train()
    before = snapshot(model)
    explorer = LimeExplorer(model, small_pictures(3), labels=LABELS)
    explorer.input.picked = (3, 3)
    settle(explorer)
    choose(explorer, mode="pixels")
    explorer.close()
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "words"}, "mode must be one of 'segments', 'pixels', got 'words'"),
        ({"class_names": ["a", "b"]}, "class_names must name the model's 4 classes, got 2 names"),
    ],
)
def test_bad_arguments_are_named_and_leave_no_widget(arguments, message):
    before = set(_instances)
    with pytest.raises(ValueError, match=message):
        LimeExplorer(small_net(), small_pictures(), **arguments)
    assert set(_instances) == before


@pytest.mark.parametrize("mode", ["segments", "pixels"])
def test_closing_leaves_no_widget_and_no_thread(mode):
    leaves_nothing(
        lambda: LimeExplorer(small_net(), small_pictures(), mode=mode),
        lambda explorer: explorer.gallery.set_trait("selected", 1),
    )


@pytest.mark.parametrize("mode", ["segments", "pixels"])
def test_a_saved_notebook_keeps_an_accessible_picture(explorer, mode):
    choose(explorer, mode=mode)
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"]).group(1)
    assert ("fidelity R²" if mode == "segments" else "cosine with the gradient") in alt
    assert len(data["text/html"]) < 100_000
    assert data["text/plain"] == explorer.summary()


def test_it_opens_on_the_course():
    explorer = LimeExplorer()
    assert explorer.input.regions.shape == (64, 64)
    assert len(explorer.views.order) == 10
    assert explorer.views.weights.errors.min() > 0
    explorer.close()
