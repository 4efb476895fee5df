"""How good a detector a unit is, against scikit-learn and scipy and counting by hand."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import hypergeom
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from xaiwidgets.methods.detectors import average_precisions, class_mix, detector, duplicate_units


def values_of(kind, count=60, seed=0):
    values = torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return {"distinct": values, "tied": (2 * values).round(), "mostly zero": values.relu().round()}[kind]


def positives_of(count=60, seed=1):
    return torch.rand(count, generator=torch.Generator().manual_seed(seed)) < 0.2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("kind", ["distinct", "tied", "mostly zero"])
def test_it_agrees_with_scikit_learn(kind, dtype):
    for seed in range(5):
        values, positives = values_of(kind, seed=seed).to(dtype), positives_of(seed=seed + 10)
        found = detector(values, positives, k=7)
        assert found.average_precision == pytest.approx(average_precision_score(positives, values), abs=1e-12)
        assert found.auroc == pytest.approx(roc_auc_score(positives, values), abs=1e-12)
        precision, recall, thresholds = precision_recall_curve(positives, values)
        with np.errstate(invalid="ignore"):
            f1 = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
        assert 2 * found.precision * found.recall / (found.precision + found.recall) == pytest.approx(f1.max())
        assert found.threshold == pytest.approx(float(thresholds[np.flatnonzero(np.isclose(f1, f1.max()))[-1]]))
        above = values >= found.threshold
        assert found.precision == pytest.approx(float(positives[above].double().mean()))
        assert found.recall == pytest.approx(float(above[positives].double().mean()))
        first = sorted(range(60), key=lambda i, v=values: (-float(v[i]), i))[:7]
        assert found.precision_at_k == pytest.approx(sum(bool(positives[i]) for i in first) / 7)
        assert (found.k, found.chance) == (7, float(positives.double().mean()))


def test_a_perfect_detector_a_perfectly_wrong_one_and_one_that_knows_nothing():
    positives = torch.tensor([True] * 3 + [False] * 9)
    perfect = detector(positives.double(), positives, k=3)
    assert (perfect.precision_at_k, perfect.average_precision, perfect.auroc) == (1, 1, 1)
    assert (perfect.threshold, perfect.precision, perfect.recall) == (1, 1, 1)
    assert detector(-positives.double(), positives).auroc == 0
    nothing = detector(torch.zeros(12), positives)
    assert (nothing.average_precision, nothing.auroc) == (pytest.approx(nothing.chance), 0.5)


def test_many_units_at_once_are_judged_as_one_by_one(monkeypatch):
    values = torch.stack([values_of(kind, seed=seed) for kind in ("distinct", "tied") for seed in range(4)], 1)
    labels = torch.randint(-1, 3, (60,), generator=torch.Generator().manual_seed(4))
    found = average_precisions(values, labels, 4)
    for unit in range(8):
        for each in range(3):
            assert found[unit, each] == pytest.approx(detector(values[:, unit], labels == each).average_precision)
    assert found[:, 3].isnan().all()
    monkeypatch.setattr("xaiwidgets.methods.detectors.AT_ONCE", 1)
    torch.testing.assert_close(average_precisions(values, labels, 4), found, equal_nan=True)


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (torch.rand(0, 2), torch.zeros(0).long(), "values must be .* of at least one input"),
        (torch.rand(3, 2), torch.zeros(4).long(), r"got \(3, 2\) and \(4,\)"),
        (torch.rand(3, 2), torch.zeros(3), "labels must be class indices, got torch.float32"),
        (torch.rand(3, 2) / 0, torch.zeros(3).long(), "values must be finite"),
    ],
)
def test_bad_input_of_average_precisions_is_answered(values, labels, message):
    with pytest.raises(ValueError, match=message):
        average_precisions(values, labels, 2)


@pytest.mark.parametrize(
    ("values", "positives", "k", "message"),
    [
        (torch.ones(4), torch.tensor([1, 0, 0, 1]), 2, r"positives must be \(4,\) bool, one for each value, got"),
        (torch.ones(4), torch.ones(3, dtype=torch.bool), 2, r"positives must be \(4,\) bool"),
        (torch.ones(4), torch.ones(4, dtype=torch.bool), 2, "positives must be some of the 4 inputs, got 4"),
        (torch.ones(4), torch.zeros(4, dtype=torch.bool), 2, "positives must be some of the 4 inputs, got 0"),
        (torch.ones(4), torch.tensor([True, False] * 2), 5, "k must be from 1 to the number of inputs, 4, got 5"),
        (torch.full((4,), torch.nan), torch.tensor([True, False] * 2), 1, "values must be numbers, got 4 NaN of 4"),
        (torch.ones(4).long(), torch.tensor([True, False] * 2), 1, "values must be floating-point numbers"),
    ],
)
def test_bad_input_of_a_detector_is_answered(values, positives, k, message):
    with pytest.raises(ValueError, match=message):
        detector(values, positives, k)


def test_a_class_mix_is_counted_and_judged_against_random_pictures():
    counts = torch.tensor([50, 20, 30])
    mix = class_mix(torch.tensor([1, 1, 0, 1, 2, -1]), counts)
    assert mix.counts.tolist() == [1, 3, 1]
    assert (mix.top, mix.share, mix.chance) == (1, 0.6, 0.2)
    assert mix.p_value == pytest.approx(3 * hypergeom.sf(2, 100, 20, 5))
    large = class_mix(torch.zeros(25).long(), torch.tensor([5000, 95000]))
    assert large.p_value == pytest.approx(2 * hypergeom.sf(24, 100_000, 5000, 25), rel=1e-9)
    assert class_mix(torch.tensor([0, 1, 2]), counts).p_value == 1
    assert class_mix(torch.tensor([0, 0, 2, 2]), counts).top == 2  # the rarer of two equally frequent


def test_the_chance_is_that_of_every_possible_choice():
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2])
    counts = labels.bincount()
    mix = class_mix(torch.tensor([1, 1, 0]), counts)
    picked = [sum(int(labels[i]) == 1 for i in each) for each in combinations(range(7), 3)]
    assert mix.p_value == pytest.approx(min(1, 3 * sum(found >= 2 for found in picked) / len(picked)))


def test_bad_input_of_a_class_mix_is_answered():
    counts = torch.tensor([5, 5])
    for labels, message in (
        (torch.tensor([0, 2]), "labels must be from 0 to 1, got 2"),
        (torch.tensor([-1]), "at least one known class, got none"),
        (torch.zeros(6).long(), "class_counts must be those of the data set, got 5 of class 0, of which there are 6"),
    ):
        with pytest.raises(ValueError, match=message):
            class_mix(labels, counts)
    with pytest.raises(TypeError, match="labels must be whole numbers"):
        class_mix(torch.tensor([0.5]), counts)


def test_duplicates_are_those_whose_values_correlate():
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(80, 3, generator=generator, dtype=torch.float64)
    near = base[:, :1] + 0.1 * torch.randn(80, 1, generator=generator, dtype=torch.float64)
    units = torch.cat([base, 5 - 2 * base[:, 1:2], near, 3 * base[:, 2:] + 1, torch.full((80, 1), 0.1).double()], 1)
    found = duplicate_units(units)
    wanted = np.corrcoef(units[:, :6].T.numpy())
    assert [(pair.first, pair.second) for pair in found] == [(2, 5), (0, 4)]
    assert [pair.correlation for pair in found] == pytest.approx([wanted[2, 5], wanted[0, 4]])
    # Units 1 and 3 are mirrored: their correlation is -1.
    assert {(pair.first, pair.second) for pair in duplicate_units(units, -1)} == {*combinations(range(6), 2)} - {(1, 3)}
    maps = units.T.reshape(7, 5, 16).transpose(0, 1).reshape(5, 7, 4, 4)
    assert duplicate_units(maps) == found
    with pytest.raises(ValueError, match="activations must be finite"):
        duplicate_units(torch.tensor([[1.0, torch.nan]]))
    with pytest.raises(ValueError, match="threshold must be from -1 to 1, got 2"):
        duplicate_units(units, 2)
