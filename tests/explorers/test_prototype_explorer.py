"""What the prototype explorer shows, against the method itself."""

import numpy as np
import pytest
from prototype_explorer_parts import JUDGE, NAMES, STEPS, choose, grown, same_picture, short_explorer, slide
from small import settle, small_pictures

from xaiwidgets.colors import picture
from xaiwidgets.explorers.prototype_views import certain, natural_words
from xaiwidgets.methods.layers import activations
from xaiwidgets.methods.units import Unit

X = small_pictures()
OPENING = ["none", "l2", "jitter and blur", "gaussian", "code space"]
FIRST = "convolution 1"


@pytest.fixture
def explorer():
    with short_explorer() as made:
        yield made


def titles(explorer):
    return [view.title for view in explorer.views.grid.children]


def test_every_square_shows_what_the_method_finds_with_its_certainty_and_naturalness(explorer):
    assert explorer.wishes.values["variants"] == OPENING
    assert titles(explorer) == ["none", "l2", "jitter and blur", "expert", "code space"]
    real = JUDGE.log_density(X)
    for place, variant in enumerate(OPENING):
        last = grown(explorer, 0, variant)[-1]
        assert last.step == STEPS
        same_picture(explorer, last, place)
        nats = float(JUDGE.log_density(last.pictures.detach())[0])
        below = sum(float(each) < nats for each in real)
        rank = {0: "below every real picture", 5: "above all real: smooth"}
        expected = f"p(ant) = {100 * float(last.probability):.0f} %\nlog-density {float(f'{nats:.1e}'):+,g} nats\n"
        assert explorer.views.squares[place].caption == expected + rank.get(
            below, f"above {20 * below} % of real pictures"
        )


@pytest.mark.parametrize(
    ("share", "nats", "says"),
    [
        (0.0, -3201.4, "log-density -3,200 nats\nbelow every real picture"),
        (0.04, 8227.0, "log-density +8,200 nats\nbelow nearly all real pictures"),
        (0.41, 12.34, "log-density +12 nats\nabove 40 % of real pictures"),
        (0.97, 0.5678, "log-density +0.57 nats\nabove nearly all real pictures"),
        (1.0, 974.0, "log-density +970 nats\nabove all real: smooth"),
    ],
)
def test_densities_are_told_in_two_figures_beside_real_pictures(share, nats, says):
    class Asked:
        naturalness = type("", (), {"share": staticmethod({nats: share}.get)})

    assert "\n".join(natural_words(Asked, nats)) == says


def test_nothing_is_told_more_certain_than_it_is():
    told = {
        0.0: "< 1 %",
        0.004: "< 1 %",
        0.006: "= 1 %",
        0.5: "= 50 %",
        0.994: "= 99 %",
        0.996: "> 99 %",
        1.0: "> 99 %",
    }
    assert {p: certain(p) for p in told} == told


def test_a_slider_changes_one_variant_and_leaves_the_others_as_they_are(explorer):
    slide(explorer, of="l2")
    before = explorer.result.trails
    slide(explorer, l2=15.0, rate=0.1)
    after = explorer.result.trails
    assert [new is old for new, old in zip(after, before, strict=True)] == [True, False, True, True, True]
    same_picture(explorer, grown(explorer, 0, "l2", l2=15.0, rate=0.1)[-1], 1)
    assert titles(explorer)[1] == "l2 (changed)"
    slide(explorer, of="none")
    assert explorer.wishes.settings.values["l2"] == 0.0
    slide(explorer, of="l2")
    assert explorer.wishes.settings.values["l2"] == 15.0
    assert explorer.result.trails == after


def test_only_the_sliders_that_matter_are_shown(explorer):
    def names():
        return [item["name"] for item in explorer.wishes.settings.specification]

    assert names() == ["of", "l2", "steps", "rate"]  # of the code space
    slide(explorer, of="gaussian")
    assert names() == ["of", "l2", "total_variation", "jitter", "blur", "expert_weight", "steps", "rate"]
    choose(explorer, mode="several")
    slide(explorer, of="none")
    assert names() == ["of", "l2", "total_variation", "jitter", "blur", "diversity", "steps", "rate"]


def test_weights_reach_further_for_a_neuron_and_come_back_into_reach_for_a_class(explorer):
    def most():
        return next(item for item in explorer.wishes.settings.specification if item["name"] == "l2")["maximum"]

    slide(explorer, of="none")
    choose(explorer, target=FIRST)
    unit = Unit("0", 0, (5, 4))
    assert most() == 400
    slide(explorer, l2=300.0)
    same_picture(explorer, grown(explorer, unit, "none", l2=300.0)[-1])
    choose(explorer, target="a class")
    assert (most(), explorer.wishes.settings.values["l2"]) == (20, 20)
    same_picture(explorer, grown(explorer, 0, "none", l2=20.0)[-1])


def test_a_slider_changes_nothing_but_itself(explorer):
    choose(explorer, mode="layers")  # where a neuron's prototype stands still
    slide(explorer, l2=3.0)
    choose(explorer, mode="regularisers")
    same_picture(explorer, grown(explorer, 0, "jitter and blur", l2=3.0)[-1], 2)


def test_a_class_can_be_maximised_by_its_logit(explorer):
    choose(explorer, target="a class, by its logit")
    same_picture(explorer, grown(explorer, 0, "none", objective="logit")[-1])
    explorer.scores.selected = 2
    settle(explorer)
    same_picture(explorer, grown(explorer, 2, "none", objective="logit")[-1])
    assert explorer.views.squares[0].caption.startswith("p(cat) ")
    choose(explorer, mode="layers")
    same_picture(explorer, grown(explorer, 2, "jitter and blur", jitter=0)[-1], 1)


def test_the_curves_are_those_of_the_frames(explorer):
    slide(explorer, of="l2")
    slide(explorer, steps=7)
    curves, frames = explorer.views.curves, {name: grown(explorer, 0, name) for name in OPENING}
    frames["l2"] = grown(explorer, 0, "l2", steps=7)
    np.testing.assert_array_equal(curves.x, [0, 5, 7, 10])
    numbers = {
        "objective": lambda frame: float(frame.objective),
        "probability": lambda frame: float(frame.probability),
        "density": lambda frame: float(JUDGE.log_density(frame.pictures.detach())),
    }
    for kind, number in numbers.items():
        explorer.display.values = {"curve": kind}
        for row, name in zip(curves.series, OPENING, strict=False):
            met = dict(zip([frame.step for frame in frames[name]], map(number, frames[name]), strict=True))
            between = 0.6 * met[5] + 0.4 * met.get(10, np.nan)
            expected = [met[0], met[5], met.get(7, between), met.get(10, np.nan)]
            np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)
    low, high = np.quantile(JUDGE.log_density(X).double(), [0.05, 0.95])
    np.testing.assert_allclose([curves.series[-1] - curves.bands[-1], curves.series[-1] + curves.bands[-1]],
                               [[low] * 4, [high] * 4], rtol=1e-5)  # fmt: skip


def test_several_prototypes_of_one_class(explorer):
    choose(explorer, mode="several")
    slide(explorer, of="none")
    slide(explorer, diversity=2.0)
    last = grown(explorer, 0, "none", count=6, diversity=2.0)[-1]
    for place in range(6):
        same_picture(explorer, last, place, place)
    assert titles(explorer) == [f"prototype {number}" for number in range(1, 7)]


def test_from_edges_to_objects(explorer):
    choose(explorer, mode="layers")
    choose(explorer, channel=2)
    assert explorer.wishes.values["of"] == "jitter and blur"
    assert titles(explorer) == [f"{FIRST}, channel 2", "class ant"]
    real = activations(explorer.subject.model, X, "0")[:, 2]  # maps of 10 x 8
    for part, unit, best in (
        ("one neuron", Unit("0", 2, (5, 4)), real[:, 5, 4]),
        ("whole channel", Unit("0", 2), real.mean((1, 2))),
    ):
        choose(explorer, part=part)
        changes = {"jitter": 0} if part == "one neuron" else {}
        last = grown(explorer, unit, "jitter and blur", **changes)[-1]
        same_picture(explorer, last)
        same_picture(explorer, grown(explorer, 0, "jitter and blur", **changes)[-1], 1)
        said = f"activation {float(last.score):.2g} (real: {float(best.max()):.2g})"
        assert explorer.views.squares[0].caption.startswith(said)


def test_the_filters_of_the_first_layer_are_shown_as_they_are(explorer):
    choose(explorer, target=FIRST)
    choose(explorer, channel=4, part="whole channel")
    weights = explorer.subject.model[0].weight.detach()
    expected = picture(0.5 + 0.5 * weights / weights.abs().max())
    for number, tile in enumerate(expected):  # 6 filters of 3 x 3 in rows of three
        top, left = 1 + 4 * (number // 3), 1 + 4 * (number % 3)
        np.testing.assert_array_equal(explorer.input.image[top : top + 3, left : left + 3], tile)
        framed = explorer.input.outline[top : top + 3, left : left + 3]
        assert (framed == (number == 4)).all()
    same_picture(explorer, grown(explorer, Unit("0", 4), "none")[-1])


def test_a_class_is_chosen_among_the_scores(explorer):
    choose(explorer, target=FIRST)
    explorer.scores.selected = 2
    settle(explorer)
    assert explorer.wishes.values["target"] == "a class"
    same_picture(explorer, grown(explorer, 2, "none")[-1])
    best = int(explorer.subject.model(X).softmax(1)[:, 2].argmax())
    np.testing.assert_array_equal(explorer.input.image, picture(X[best]))
    assert explorer.views.squares[0].caption.startswith("p(cat) ")


def test_without_a_chosen_picture_the_first_is_meant(explorer):
    choose(explorer, start="chosen picture")
    assert explorer.gallery.selected == 0
    np.testing.assert_array_equal(explorer.input.image, picture(X[0]))


def test_a_prototype_near_a_chosen_picture(explorer):
    explorer.gallery.selected = 3
    settle(explorer)
    assert (explorer.input.title, explorer.wishes.choices.values["start"]) == ("Chosen picture", "chosen picture")
    same_picture(explorer, _from(explorer, X[[3]], near=X[[3]])[-1])
    slide(explorer, of="none")
    slide(explorer, near_weight=0.0)
    same_picture(explorer, _from(explorer, X[[3]])[-1])


def test_a_prototype_from_the_best_real_picture(explorer):
    choose(explorer, start="best real picture")
    best = explorer.subject.model(X).softmax(1)[:, 0].argmax()
    same_picture(explorer, _from(explorer, X[int(best)][None])[-1])


def _from(explorer, start, **settings):
    from xaiwidgets.methods.activation_maximization import learning_prototypes

    return list(learning_prototypes(explorer.subject.model, 0, start, steps=STEPS, **settings))


def test_the_saved_picture_says_what_is_shown(explorer):
    shown = [panel.title for panel in explorer.panels()]
    assert shown[:-1] == ["Best real picture", "none", "l2", "jitter and blur", "expert", "code space"]
    assert shown[-1].startswith("Probability")
    assert explorer.summary().startswith(
        f"Prototype explorer. What maximises {NAMES[0]}, after {STEPS} steps. none: p(ant) "
    )
    assert "\n" not in explorer.summary()
