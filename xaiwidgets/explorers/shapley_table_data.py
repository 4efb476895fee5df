"""Tables whose columns are players: the course's own, with a classifier fitted to them, or the reader's, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import BlackBox, Scores

TABLES = ("breast cancer", "wine")
CLASSIFIERS = ("random forest", "logistic regression")
BACKGROUND = 20  # rows that stand for "we do not know"


@dataclass(frozen=True)
class Table:
    """Rows to explain, and rows that stand for "we do not know".

    Attributes:
        model: asked for class scores.
        rows: `(N, D)`.
        background: `(M, D)`; hidden columns take their values from here.
        columns: one name each, D.
        groups: player -> its columns.
        class_names: one a class.
        labels: true classes `(N,)`, or None.
    """

    model: Scores
    rows: Tensor
    background: Tensor
    columns: tuple[str, ...]
    groups: dict[str, tuple[int, ...]]
    class_names: tuple[str, ...]
    labels: Tensor | None


@cache
def course_table(name: str, classifier: str) -> Table:
    """One of `TABLES` and one of `CLASSIFIERS` fitted to three rows of four; the others are shown."""
    from sklearn.datasets import load_breast_cancer, load_wine

    bunch = {"breast cancer": load_breast_cancer, "wine": load_wine}[name]()
    held = np.arange(len(bunch.data)) % 4 == 0
    model = _unfitted(classifier).fit(bunch.data[~held], bunch.target[~held])
    columns = tuple(str(column) for column in bunch.feature_names)
    return Table(
        model.predict_proba,
        torch.from_numpy(bunch.data[held]),
        some_rows(torch.from_numpy(bunch.data[~held])),
        columns,
        measures_of(columns),
        tuple(str(each) for each in bunch.target_names),
        torch.from_numpy(bunch.target[held]),
    )


def _unfitted(classifier: str) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if classifier == "random forest":
        return RandomForestClassifier(50, random_state=0)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def some_rows(rows: Tensor) -> Tensor:
    """At most `BACKGROUND` of the rows, drawn from a seed."""
    chosen = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:BACKGROUND]
    return rows[chosen]


def given_table(
    model: Scores,
    rows: Tensor | np.ndarray,
    background: Tensor | np.ndarray | None,
    columns: Sequence[str] | None,
    groups: Mapping[str, Sequence[str]] | None,
    class_names: Sequence[str] | None,
    labels: Tensor | None,
) -> Table:
    """A reader's own table, checked; see `ShapleyTableExplorer`."""
    rows = _as_rows("rows", rows)
    background = some_rows(rows) if background is None else _as_rows("background", background).to(rows)
    if background.shape[1] != rows.shape[1]:
        raise ValueError(f"background must have the {rows.shape[1]} columns of rows, got {background.shape[1]}")
    columns = tuple(columns or (f"column {i}" for i in range(1, rows.shape[1] + 1)))
    if len(columns) != rows.shape[1] or len(set(columns)) != len(columns):
        raise ValueError(f"columns must be {rows.shape[1]} different names, got {len(set(columns))}")
    count = BlackBox(model, rows[:1], 0).classes(rows[:1]).shape[1]
    if class_names is not None and len(class_names) != count:
        raise ValueError(f"class_names must name the model's {count} classes, got {len(class_names)} names")
    if labels is not None and len(labels) != len(rows):
        raise ValueError(f"labels must be one a row, {len(rows)}, got {len(labels)}")
    names = tuple(class_names or map(str, range(count)))
    labels = None if labels is None else torch.as_tensor(labels).long()
    return Table(model, rows, background, columns, _places(groups, columns), names, labels)


def _as_rows(name: str, rows: Tensor | np.ndarray) -> Tensor:
    if not isinstance(rows, Tensor | np.ndarray):
        raise TypeError(f"{name} must be an array or a tensor (N, D), got {type(rows).__name__}")
    rows = torch.as_tensor(rows)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"{name} must be (N, D), at least one row and column, got shape {tuple(rows.shape)}")
    return rows if rows.is_floating_point() else rows.double()


def _places(groups: Mapping[str, Sequence[str]] | None, columns: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Each player's columns by number; without groups, each column is a player."""
    groups = {column: (column,) for column in columns} if groups is None else groups
    named = [column for group in groups.values() for column in group]
    if unknown := sorted(set(named) - set(columns)):
        raise ValueError(f"groups has columns that the table has not: {', '.join(unknown)}")
    if len(named) != len(columns) or set(named) != set(columns):
        raise ValueError(f"groups must hold each of the {len(columns)} columns once, got {len(named)} of them")
    return {name: tuple(columns.index(column) for column in group) for name, group in groups.items()}


def measures_of(columns: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Columns of one kind as one player: "mean radius", "radius error" and "worst radius"; all phenols of a wine."""
    groups: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        words = [word for word in column.split() if word not in ("mean", "error", "worst")]
        kind = "phenols" if "phenol" in column or column == "flavanoids" else " ".join(words).replace("_", " ")
        groups.setdefault(kind, []).append(place)
    return {name: tuple(places) for name, places in groups.items()}
