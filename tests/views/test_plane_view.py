import numpy as np
import pytest
from traitlets import TraitError

from xaiwidgets.colors import lookup_table
from xaiwidgets.views import PlaneView


def test_arrays_are_kept_as_they_were_given():
    field = np.random.default_rng(0).normal(size=(5, 7))
    view = PlaneView(field=field, points=[[0, 1], [2, 3]], shapes=[0, 3], lines=[(1, 2, 3)], point=(0.5, -0.5))
    np.testing.assert_allclose(view.field, field, rtol=1e-6)
    assert view.points.tolist() == [[0, 1], [2, 3]]
    assert view.lines.tolist() == [[1, 2, 3]]
    assert view.point == (0.5, -0.5)
    np.testing.assert_array_equal(view.table, lookup_table())


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("x_limits", (1, 1), r"x_limits must be finite and increase, got \(1.0, 1.0\)"),
        ("y_limits", (0, np.inf), "y_limits must be finite and increase"),
        ("limit", 0, "limit must be positive and finite, got 0.0"),
        ("shapes", [0, 4], r"shapes must be from 0 to 3, got \[0, 4\]"),
        ("points", [[1, 2, 3]], r"points must be 2-d float32 \(n, 2\)"),
        ("lines", [[1, 2]], r"lines must be 2-d float32 \(n, 3\)"),
        ("radius", -1, "-1"),
    ],
)
def test_bad_values_are_named_and_not_kept(trait, value, message):
    view = PlaneView()
    before = getattr(view, trait)
    with pytest.raises(TraitError, match=message):
        setattr(view, trait, value)
    np.testing.assert_array_equal(getattr(view, trait), before)
