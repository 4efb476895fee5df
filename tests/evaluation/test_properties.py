"""Each property of explanations, measured on methods of which it is known whether they have it."""

from functools import partial
from itertools import permutations

import pytest
import torch

from xaiwidgets.evaluation import property_nets as nets
from xaiwidgets.evaluation.access import NotFiniteError, access, passes
from xaiwidgets.evaluation.properties import (
    PROPERTIES,
    completeness,
    conservation,
    continuity,
    implementation_invariance,
    null_player,
    properties,
    properties_table,
    symmetry,
)
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.methods.dasp import deep_approximate_shapley
from xaiwidgets.methods.gradients import gradient, gradient_x_input, integrated_gradients
from xaiwidgets.methods.lrp import lrp


def score(model, x, target):
    with torch.no_grad():
        return model(x).gather(1, target[:, None])[:, 0]


ORDERS = list(permutations(range(6)))[::9]  # 80 orders: not the Shapley values, but each order has efficiency


def marginal_means(model, x, target, orders=ORDERS):
    """What each input adds on joining, mean over orders; by copying values one after the other."""
    found = torch.zeros_like(x)
    for order in orders:
        present = torch.zeros_like(x)
        before = score(model, present, target)
        for d in order:
            present[:, d] = x[:, d]
            after = score(model, present, target)
            found[:, d] += (after - before) / len(orders)
            before = after
    return found


def shapley(model, x, target):
    """By sums over all coalitions of differences, as in Shapley's formula; 64 forward passes."""
    every = torch.cartesian_prod(*[torch.tensor([False, True])] * 6)
    values = torch.stack([score(model, x * members, target) for members in every])
    factorial = [1, 1, 2, 6, 24, 120, 720]
    found = torch.zeros_like(x)
    for members, value in zip(every, values, strict=True):
        s = int(members.sum())
        for d in range(6):
            weight = factorial[s - 1] * factorial[6 - s] if members[d] else -factorial[s] * factorial[5 - s]
            found[:, d] += weight / 720 * value
    return found


def equal_shares(model, x, target):
    return ((score(model, x, target) - score(model, 0 * x, target)) / 6)[:, None].expand_as(x)


def first_weights(model, x, target):
    return model[0].weight.sum(0).expand_as(x)


def step(model, x, target):
    return (x > 0).double() + 1


def test_shapley_values_have_all_four():
    for measure in (completeness, symmetry, null_player, implementation_invariance):
        assert measure(shapley) < 1e-12, measure.__name__


def test_equal_shares_are_complete_and_pay_the_idle():
    assert completeness(equal_shares) < 1e-12
    assert symmetry(equal_shares) == 0
    assert null_player(equal_shares) == pytest.approx(1)
    assert implementation_invariance(equal_shares) < 1e-12


def test_one_order_is_complete_and_not_symmetric():
    one = partial(marginal_means, orders=ORDERS[:1])
    assert completeness(one) < 1e-12
    assert null_player(one) < 1e-12
    assert symmetry(one) > 0.05


def test_gaps_of_sums_equal_their_formula():
    gaps, sizes, to_score = [], [], []
    for seed in range(4):
        model, x, target = nets.plain(seed)
        for row, c in zip(x, target, strict=True):
            f, nothing = float(model(row[None])[0, c]), float(model(0 * row[None])[0, c])
            total = float(gradient_x_input(model, row[None], int(c)).sum())
            gaps.append(abs(total - (f - nothing)))
            sizes.append(abs(f - nothing))
            to_score.append((abs(total - f), abs(f)))
    assert completeness(gradient_x_input) == pytest.approx(sum(gaps) / sum(sizes))
    missed, scores = map(sum, zip(*to_score, strict=True))
    assert conservation(gradient_x_input) == pytest.approx(missed / scores)


def test_twice_the_right_sum_is_off_by_all_of_it():
    assert completeness(lambda *a: 2 * equal_shares(*a)) == pytest.approx(1)
    assert completeness(lambda model, x, target: 0 * x) == pytest.approx(1)


def test_known_from_theory():
    """Sundararajan et al. 2017: gradients are invariant; Shrikumar et al. 2017 and LRP's z+ rule are not."""
    assert implementation_invariance(integrated_gradients) < 1e-9
    assert null_player(integrated_gradients) < 1e-9
    assert symmetry(gradient) > 0.1
    assert symmetry(gradient_x_input) < 1e-9
    assert implementation_invariance(ATTRIBUTIONS["DeepLIFT"], way="threshold moved") > 0.01
    assert implementation_invariance(ATTRIBUTIONS["DeepLIFT"], way="two layers merged") < 1e-9
    assert null_player(partial(lrp, rules="ZPlus")) > 0.1
    assert implementation_invariance(partial(lrp, rules="ZPlus"), way="two layers merged") > 0.1


def test_invariance_takes_the_worst_way():
    def of(way):
        return implementation_invariance(first_weights, way=way)

    assert implementation_invariance(first_weights) == max(map(of, nets.REWRITINGS)) > 0.1
    with pytest.raises(ValueError, match=r"way must be one of two layers merged, .*got 'upside down'"):
        of("upside down")


def test_what_jumps_does_so_in_steps_of_any_size():
    assert continuity(step, steps=256) == pytest.approx(continuity(step, steps=2048), rel=0.05)
    assert continuity(step) > 0.2
    smooth = [continuity(lambda model, x, target: x.sin() + 2, steps=steps) for steps in (64, 256)]
    assert smooth[1] == pytest.approx(smooth[0] / 4, rel=0.1)
    assert continuity(first_weights) == 0


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        (shapley, "values"),
        (gradient, "gradients"),
        (integrated_gradients, "gradients"),
        (ATTRIBUTIONS["Guided backpropagation"], "internals"),
        (ATTRIBUTIONS["DeepLIFT"], "internals"),
        (lrp, "internals"),
        (deep_approximate_shapley, "internals"),
        (lambda model, x, target: 0 * x, "values"),
    ],
)
def test_access(method, needs):
    assert access(method) == needs


@pytest.mark.parametrize(
    ("method", "counts"),
    [
        (gradient, (1, 1)),
        (partial(integrated_gradients, steps=7), (7, 7)),
        (shapley, (64, 0)),
        (equal_shares, (2, 0)),
        (ATTRIBUTIONS["DeepLIFT"], (2, 1)),
    ],
)
def test_passes_are_counted(method, counts):
    assert passes(method) == counts


def test_a_method_that_refuses_has_no_numbers():
    found = properties(ATTRIBUTIONS["Guided Grad-CAM"])  # there are no maps in a net of dense layers
    assert set(found) == {*PROPERTIES, "access", "passes"}
    assert set(found.values()) == {None}
    assert properties(equal_shares)["passes"] == (2, 0)


def test_the_table_says_yes_or_how_far():
    measured = {"access": "gradients", "passes": (64.0, 1064.0)} | dict.fromkeys(PROPERTIES, 0.009)
    table = properties_table(
        {
            "IG": measured | {"symmetry": 0.01, "null player": 1.234},
            "none": dict.fromkeys(measured),
            "asks": measured | {"access": "values", "passes": (64.0, 0.0)},
        }
    )
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    assert head == ["method", "needs", "passes", *PROPERTIES]
    assert dict(zip(head, rows[0], strict=True)) == {
        "method": "IG",
        "needs": "gradients",
        "passes": "64 + 1,064",
        "completeness": "yes",
        "conservation": "yes",
        "symmetry": "1%",
        "null player": "123%",
        "implementation invariance": "yes",
        "continuity": "1%",
    }
    assert rows[1] == ["none", *["-"] * 8]
    assert rows[2][2] == "64"


def test_what_cannot_be_measured_is_no_yes():
    found = properties(lambda model, x, target: 0 * x)
    assert found["completeness"] == pytest.approx(1)
    measured = {name for name in PROPERTIES if found[name] == found[name]}
    assert measured == {"completeness", "conservation"}  # the others compare with the size of the attribution
    (*_, row) = properties_table({"nothing": found}).splitlines()
    assert row == "| nothing | values | 0 | 100% | 100% | - | - | - | - |"


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_attributions_that_are_no_numbers_are_refused(number):
    def broken(model, x, target):
        return torch.where(x > 0, number, x)

    for measure in (*PROPERTIES.values(), access, passes):
        with pytest.raises(NotFiniteError, match="method must give finite attributions, got NaN or infinite"):
            measure(broken)
    assert set(properties(broken).values()) == {None}


def test_an_error_that_is_no_refusal_is_raised():
    def wrong(model, x, target):
        raise ValueError("a slip of the pen")

    with pytest.raises(ValueError, match="a slip of the pen"):
        properties(wrong)
