"""Shapley values of the columns of a table, live, for a classifier that can only be asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ipywidgets import HTML, Widget
from torch import Tensor, nn

from xaiwidgets.explorers.explorer import Explorer, column, controls, row
from xaiwidgets.explorers.shapley_estimates import Estimates, Settings, estimates, last_of
from xaiwidgets.explorers.shapley_panel import EstimatesPanel, middle, show_part
from xaiwidgets.explorers.shapley_table_data import CLASSIFIERS, TABLES, Table, course_table, given_table
from xaiwidgets.explorers.shapley_tables import number, table
from xaiwidgets.methods.black_box import OUTPUTS, BlackBox, Scores
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_games import table_game
from xaiwidgets.views import BarsView, ControlsView, Panel


@dataclass(frozen=True)
class Request:
    """What the user has set."""

    classifier: str
    row: int
    target: int
    output: str
    settings: Settings


@dataclass(frozen=True)
class Result:
    """What is shown: the game of one row, its class scores `(K,)`, and what is known of the values."""

    request: Request
    game: Game
    scores: Tensor
    known: Estimates


class ShapleyTableExplorer(Explorer):
    """Which columns of a row earned how much of the score? Columns, or groups of them, are the players of a game.

    Who is out takes its values from rows of the background, over which the score is averaged.

    Without arguments it opens on breast cancer or wine and scikit-learn classifiers. With your own:

        ShapleyTableExplorer(forest.predict_proba, X_test, background=X_train[:20], columns=names)

    Args:
        model: a torch classifier, `(N, D)` -> logits `(N, K)`, or any callable from an array to scores `(N, K)`.
        rows: to choose from, `(N, D)`.
        background: `(M, D)`; 20 of the rows if not given.
        columns: one name each, D.
        groups: player -> names of its columns; every column once. Without, each column is a player.
        class_names: one a class.
        labels: true classes `(N,)`.
        table: "breast cancer" or "wine", where no model is given.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(
        self,
        model: Scores | None = None,
        rows: Tensor | np.ndarray | None = None,
        *,
        background: Tensor | np.ndarray | None = None,
        columns: Sequence[str] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        class_names: Sequence[str] | None = None,
        labels: Tensor | None = None,
        table: str = TABLES[0],
    ) -> None:
        if table not in TABLES:
            raise ValueError(f"table must be one of {', '.join(TABLES)}, got {table!r}")
        if (model is None) != (rows is None):
            raise ValueError("model and rows must be given together")
        if model is None:
            self.tables = {name: course_table(table, name) for name in CLASSIFIERS}
        else:
            self.tables = {"given": given_table(model, rows, background, columns, groups, class_names, labels)}
        self.first = next(iter(self.tables.values()))
        super().__init__(model if isinstance(model, nn.Module) else nn.Identity())

    def build(self) -> Widget:
        """Row, coalition and scores on the left, bars and curve beside them, controls on the right."""
        names = list(self.first.groups)
        self.choices = ControlsView(_choices(self.tables, len(self.first.rows)), label="What is explained")
        everyone = {"name": "members", "label": "Players who take part", "kind": "choices", "options": names}
        self.coalition = ControlsView([{**everyone, "default": names}], label="Coalition")
        self.worth, self.row = HTML(), HTML()
        self.scores, self.panel = BarsView(names=list(self.first.class_names), label="Class scores"), EstimatesPanel()
        self._choose_class()
        self.coalition.observe(lambda change: show_part(self, self._show_worth), names=["values"])
        self.choices.observe(self._other_choices, names=["values"])
        for view, name in ((self.scores, "selected"), (self.panel.controls, "values")):
            view.observe(self.update, names=[name])
        left = column(self.scores, self.coalition, self.worth, self.row, width="260px")
        return row(left, middle(self.panel.widget), controls(self.choices, self.panel.controls))

    def _choose_class(self) -> None:
        """The true class of the row, or the predicted one where nobody told."""
        chosen = self.choices.values["row"]
        labels = self.first.labels
        self.scores.highlight = None if labels is None else int(labels[chosen])
        predicted = self._box(0).classes(self.first.rows[[chosen]])[0].argmax()
        self.scores.selected = int(predicted) if labels is None else int(labels[chosen])

    def _box(self, target: int, output: str = "score") -> BlackBox:
        chosen = self.tables[self.choices.values.get("classifier", next(iter(self.tables)))]
        return BlackBox(chosen.model, chosen.rows[[self.choices.values["row"]]], target, output=output)

    def _other_choices(self, change: Any) -> None:
        if change.old.get("row") != change.new["row"]:
            self._choose_class()
        self.update()

    def request(self) -> Request:
        """What the user has set."""
        values = self.choices.values
        return Request(
            classifier=values.get("classifier", next(iter(self.tables))),
            row=values["row"],
            target=self.scores.selected or 0,
            output=values["output"],
            settings=self.panel.settings,
        )

    def compute(self, request: Request) -> Result:
        """Estimate what each player is worth; partial results are shown on the way."""
        return last_of(self.growing(request), self.partial)

    def growing(self, request: Request) -> Iterator[Result]:
        """The result for a request, again and again while it grows."""
        chosen = self.tables[request.classifier]
        x = chosen.rows[[request.row]]
        box = BlackBox(chosen.model, x, request.target)
        game = table_game(
            chosen.model,
            x,
            request.target,
            background=chosen.background,
            groups=list(chosen.groups.values()),
            names=list(chosen.groups),
            output=request.output,
        )
        scores = box.classes(x)[0]
        for known in estimates(game, request.settings):
            yield Result(request, game, scores, known)

    def publish(self, result: Result) -> None:
        """Write scores, bars, curve and costs to the views."""
        self.scores.values = result.scores
        self.panel.show(result.known, list(self.first.groups))
        self.row.value = row_table(self.first, result.request.row)
        self._show_worth(result)

    def _show_worth(self, result: Result) -> None:
        """What the coalition is worth."""
        members = [name in self.coalition.values["members"] for name in self.first.groups]
        value = float(result.game(torch.tensor([members]))[0])
        self.worth.value = f"<div><b>v(S) = {number(value, 3)}</b>, {sum(members)} of {len(members)} take part</div>"

    def panels(self) -> list[Panel]:
        """The bars and one player's course."""
        return self.panel.panels()

    def summary(self) -> str:
        """What is shown, with its numbers."""
        request, result = self.result.request, self.result
        name, score = self.first.class_names[request.target], number(float(result.scores[request.target]))
        return (
            f"Shapley values of a table. Row {request.row}, classifier {request.classifier}: {result.game.players} "
            f"players play for the class {name}, score {score}. {self.panel.told()}"
        )


def row_table(shown: Table, chosen: int) -> str:
    """The values of a row beside the mean of the background; of a group, its first column."""
    typical = shown.background.mean(0)
    rows = []
    for name, places in shown.groups.items():
        here, usual = float(shown.rows[chosen, places[0]]), float(typical[places[0]])
        rows.append([name, f"{here:.4g}", f"{usual:.4g}"])
    return table(f"Row {chosen}, first column of each player", ["player", "here", "typical"], rows)


def _choices(tables: Mapping[str, Table], rows: int) -> list[dict[str, Any]]:
    outputs = list(OUTPUTS[1:] if len(tables) > 1 else OUTPUTS)  # the course's classifiers return probabilities
    controls_ = [
        {"name": "row", "label": "Row", "kind": "range", "minimum": 0, "maximum": rows - 1, "integer": True},
        {"name": "output", "label": "v(S) is the", "kind": "choice", "options": outputs},
    ]  # fmt: skip
    if len(tables) > 1:
        controls_.insert(1, {"name": "classifier", "label": "Classifier", "kind": "choice", "options": list(tables),
                             "labels": [f"a {name}" for name in tables]})  # fmt: skip
    return controls_
