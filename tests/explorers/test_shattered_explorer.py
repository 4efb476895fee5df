import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from nets import snapshot
from small import settle
from torch import nn

from xaiwidgets.colors import overlay, picture
from xaiwidgets.evaluation import autocorrelation, cosine_at_distance, walk
from xaiwidgets.explorers import ShatteredExplorer
from xaiwidgets.methods.gradients import gradient, smoothgrad


def small_net(depth, channels=1, classes=4):
    torch.manual_seed(depth)
    layers = [nn.Flatten(), nn.Linear(30 * channels, 16)]
    for _ in range(depth - 1):
        layers += [nn.ReLU(), nn.Linear(16, 16)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(16, classes))


def pictures(count=4, channels=1):
    return torch.rand(count, channels, 6, 5, generator=torch.Generator().manual_seed(1))


NETS = {"shallow": small_net(1), "middle": small_net(3), "deep": small_net(6)}


@pytest.fixture
def explorer():
    made = ShatteredExplorer(NETS, images=pictures())
    yield made
    made.close()


def choose(explorer, **values):
    explorer.controls.values = values
    settle(explorer)


def expected_walk(explorer, name, steps=128):
    values = explorer.controls.values
    images = pictures()
    return walk(
        NETS[name], images[explorer.start.selected], images[explorer.end.selected], values["target"], steps=steps + 1
    )


def test_curves_are_those_of_the_walk(explorer):
    assert list(explorer.scores.names) == ["shallow", "deep"]
    for row, name in enumerate(("shallow", "deep")):
        met = expected_walk(explorer, name)
        np.testing.assert_allclose(explorer.scores.series[row], met.scores, rtol=1e-4, atol=1e-6)
        slopes = met.slopes / met.slopes.square().mean().sqrt()
        np.testing.assert_allclose(explorer.slopes.series[row], slopes, rtol=1e-4, atol=1e-5)
        assert float(np.square(explorer.slopes.series[row]).mean()) == pytest.approx(1, rel=1e-4)
        np.testing.assert_allclose(explorer.likeness.series[row], autocorrelation(met.slopes)[:65], atol=1e-4)
    assert explorer.likeness.x[-1] == 0.5


def test_the_marker_leads_picture_and_maps(explorer):
    for marker, place in ((0.5, 64), (0.25, 32), (1.0, 128), (0.0, 0)):
        explorer.scores.marker = marker
        met = expected_walk(explorer, "shallow")
        np.testing.assert_array_equal(explorer.input.image, picture(met.points[place]))
        for view, name in zip(explorer.maps, ("shallow", "deep"), strict=True):
            met = expected_walk(explorer, name)
            np.testing.assert_allclose(view.heatmap, met.gradients[place].sum(0), rtol=1e-4, atol=1e-6)
            assert view.title == f"Gradient, {name}"
            change = 0 if place == 0 else (met.gradients[place] - met.gradients[place - 1]).norm()
            change = float(change / met.gradients.flatten(1).norm(dim=1).square().mean().sqrt())
            assert view.caption.startswith(f"this step changed it by {change:.0%}\n")
        assert f"at {marker:.2f} of the way" in explorer.input.caption


def test_the_scale_stays_the_same_on_the_whole_way(explorer):
    limits = [view.limit for view in explorer.maps]
    explorer.scores.marker = 0.1
    assert [view.limit for view in explorer.maps] == limits
    assert limits[0] == pytest.approx(
        float(expected_walk(explorer, "shallow").gradients.sum(1).abs().max()) / 3, rel=1e-4
    )


def test_nets_are_chosen_and_the_first_and_last_shown(explorer):
    choose(explorer, nets=["shallow", "middle"])
    assert [view.title for view in explorer.maps] == ["Gradient, shallow", "Gradient, middle"]
    choose(explorer, nets=["middle"])
    assert len(explorer.maps_row.children) == 1
    assert explorer.scores.series.shape == (1, 129)
    choose(explorer, nets=list(NETS))
    assert explorer.slopes.series.shape == (3, 129)
    assert [view.title for view in explorer.maps] == ["Gradient, shallow", "Gradient, deep"]


def test_steps_noise_and_class(explorer):
    choose(explorer, steps=16, target=2)
    assert explorer.scores.series.shape == (2, 17)
    met = expected_walk(explorer, "deep", steps=16)
    np.testing.assert_allclose(explorer.scores.series[1], met.scores, rtol=1e-4, atol=1e-6)
    assert explorer.maps[1].title == "Gradient, deep"
    choose(explorer, noise=0.3)
    assert explorer.maps[1].title == "SmoothGrad, deep"
    smooth = smoothgrad(NETS["deep"], met.points[8:9], 2, samples=16, noise=0.3)
    np.testing.assert_allclose(explorer.maps[1].heatmap, smooth[0, 0], rtol=1e-4, atol=1e-6)
    plain = gradient(NETS["deep"], met.points[8:9], 2)
    assert not np.allclose(explorer.maps[1].heatmap, plain[0, 0], rtol=1e-2)


def test_gradients_are_compared_by_cosine_without_walking_again(explorer):
    before = explorer.result
    explorer.controls.values = {"compare": "cosine"}
    cosine = cosine_at_distance(expected_walk(explorer, "deep").gradients)[:65]
    np.testing.assert_allclose(explorer.likeness.series[1], cosine, atol=1e-4)
    assert explorer.likeness.title == "Cosine of the angle between gradients"
    assert explorer.result is before


def test_another_start_sets_the_class_that_the_first_net_sees(explorer):
    images = pictures()
    for index in (1, 2, 0):
        explorer.start.selected = index
        settle(explorer)
        assert explorer.controls.values["target"] == int(NETS["shallow"](images[[index]]).argmax())
        np.testing.assert_array_equal(expected_walk(explorer, "deep").points[0], images[index])
        np.testing.assert_allclose(
            explorer.scores.series[1], expected_walk(explorer, "deep").scores, rtol=1e-4, atol=1e-6
        )


def test_errors_stand_in_place(explorer):
    explorer.end.selected = explorer.start.selected
    assert explorer.wait(60)
    assert explorer.status.state == "error"
    assert "start and end are the same" in explorer.status.error
    explorer.end.selected = 2
    settle(explorer)
    explorer.controls.values = {"nets": []}
    assert explorer.wait(60)
    assert "choose at least one net" in explorer.status.error
    choose(explorer, nets=["deep"])


def test_a_linear_model_has_no_autocorrelation_to_show():
    linear = nn.Sequential(nn.Flatten(), nn.Linear(30, 3))
    made = ShatteredExplorer({"linear": linear}, *pictures(2))
    assert np.isnan(made.likeness.series).all()
    np.testing.assert_allclose(np.abs(made.slopes.series), 1, rtol=1e-4)
    assert "nan" not in made.summary()
    made.close()


def test_bring_your_own_in_one_line_leaves_the_model_as_it_was():
    model = small_net(2, channels=3).train()
    before = snapshot(model)
    made = ShatteredExplorer({"mine": model}, *pictures(2, channels=3), class_names=["a", "b", "c", "d"])
    choose(made, noise=0.1)
    assert snapshot(model) == before
    assert len(made.maps_row.children) == 1
    assert made.class_names == ("a", "b", "c", "d")
    made.close()


def test_without_arguments_it_opens_on_the_courses_nets():
    made = ShatteredExplorer()
    assert list(made.models) == ["depth 1", "depth 3", "depth 7", "depth 15"]
    assert made.controls.values["target"] == int(made.data.labels[0])
    assert made.start.images.shape[0] == 20
    made.close()


def test_a_saved_notebook_holds_pictures_curves_and_numbers(explorer):
    page = explorer._repr_mimebundle_()
    page = (page[0] if isinstance(page, tuple) else page)["text/html"]
    assert page.count("<img alt=") == 1
    for told in (
        "walk of 128 steps",
        "shallow: score",
        "largest change of the gradient",
        "autocorrelation below one half",
    ):
        assert told in page
    panels = explorer.panels()
    assert [panel.title for panel in panels][:3] == ["On the way", "Gradient, shallow", "Gradient, deep"]
    view = explorer.maps[1]
    np.testing.assert_array_equal(panels[2].rgb, overlay(view.image, view.heatmap, view.limit))
    assert len(panels) == 6
    assert all(len(np.unique(panel.rgb.reshape(-1, 3), axis=0)) > 2 for panel in panels)


def test_close_leaves_no_widget():
    before = set(_instances)
    made = ShatteredExplorer(NETS, images=pictures())
    assert set(_instances) > before
    made.close()
    assert set(_instances) == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"models": small_net(1)}, TypeError, "models must map names to models"),
        ({"models": {}}, TypeError, "models must map names to models"),
        ({"start": pictures()[0]}, ValueError, "start and end must be given together"),
        ({"start": pictures()[0], "end": pictures()[0, :, :3]}, ValueError, r"got \(1, 6, 5\) and \(1, 3, 5\)"),
        ({"start": 3, "end": pictures()[0]}, ValueError, "got int and"),
        ({"start": pictures()[0], "end": pictures()[1], "images": pictures()}, ValueError, "give images, or start and"),
        ({"images": pictures(1)}, ValueError, "images must hold two pictures or more, got 1"),
        (
            {"models": {"a": small_net(1), "b": small_net(1, classes=3)}, "images": pictures()},
            ValueError,
            "same classes",
        ),
        ({"images": pictures(3, channels=3)}, ValueError, "model failed on inputs of shape"),
        ({"images": pictures(), "class_names": ["a"]}, ValueError, "class_names must name the model's 4 classes"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        ShatteredExplorer(**{"models": NETS} | arguments)
