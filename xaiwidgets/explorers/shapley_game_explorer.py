"""A cooperative game worked by hand: change what coalitions are worth, and go through every order of joining."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from ipywidgets import HTML, Widget
from torch import Tensor, nn

from xaiwidgets.explorers.explorer import Explorer, column, controls, row
from xaiwidgets.explorers.shapley_lights import light_at, lights
from xaiwidgets.explorers.shapley_panel import middle
from xaiwidgets.explorers.shapley_pictures import bar_panel
from xaiwidgets.explorers.shapley_rules import RULES, Judged, gaps_table, judged
from xaiwidgets.explorers.shapley_tables import number
from xaiwidgets.explorers.shapley_worked import (
    PRESETS,
    Preset,
    Worked,
    members_of,
    orders_table,
    preset_of,
    worked_of,
)
from xaiwidgets.views import BarsView, ControlsView, ImageView, Panel

BUTTONS = {"start": "Start over", "next": "Next step", "order": "To the end of this order"}
OWN, LARGEST = "your own", 100.0  # the preset when a value was changed; end of the sliders


@dataclass(frozen=True)
class Result:
    """What is shown: the game, its Shapley values `(n,)`, and each rule's shares and gaps."""

    worked: Worked
    shapley: Tensor
    rules: list[Judged]


class GameExplorer(Explorer):
    """Who earned how much of what all earn together? Work a small game by hand.

    Set what each coalition is worth, go through the orders in which the players can join, and watch the mean of what
    each player adds become the Shapley value. Beside it: how far other ways to share out are from the four axioms.
    Click a light to switch a player on or off.

    Without arguments it opens on the three colours of light that make 100 together. With your own:

        GameExplorer({"": 0, "a": 10, "b": 20, "a b": 50})
        GameExplorer(lambda coalitions: coalitions.sum(1) ** 2.0, names=["a", "b", "c"])

    Args:
        values: what each coalition is worth, by the names of its players with blanks between them; or a function from
            coalitions `(B, n)` bool to values `(B,)`, which needs `names`.
        names: of the players, two to four; of a mapping: those of its single players.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(
        self,
        values: Mapping[str, float] | Callable[[Tensor], Tensor] | None = None,
        *,
        names: Sequence[str] | None = None,
    ) -> None:
        self.presets = dict(PRESETS) if values is None else {"given": preset_of(values, names), **PRESETS}
        super().__init__(nn.Identity())

    def build(self) -> Widget:
        """The game on the left, the orders in the middle with what they amount to, the steps on the right."""
        first = next(iter(self.presets))
        self.names, self.step, self.loading = self.presets[first].names, self._last(self.presets[first]), False
        self.lights = ImageView(title="The coalition", tool="pick")
        options = [*self.presets, OWN]
        choice = {"name": "game", "label": "Game", "kind": "choice", "options": options, "default": first}
        self.choice, self.remark = ControlsView([choice], label="Game"), HTML()
        self.worth = ControlsView(self._sliders(self.presets[first]), label="What each coalition is worth")
        self.orders, self.said, self.gaps = HTML(), HTML(), HTML()
        self.bars = BarsView(label="Mean of what each player has added", mark_label="Shapley value", digits=2)
        self.steps = ControlsView(self._stepping(self.presets[first]), label="Steps")
        self.members: set[int] | None = None  # chosen by clicks; None: those who have joined
        self.choice.observe(self._other_game, names=["values"])
        self.worth.observe(self._other_worth, names=["values"])
        self.buttons = ControlsView(
            [{"name": name, "label": label, "kind": "button"} for name, label in BUTTONS.items()]
        )
        self.steps.observe(self._stepped, names=["values"])
        self.buttons.observe(self._pressed, names=["values"])
        self.lights.observe(self._clicked, names=["picked"])
        left = column(self.lights, self.choice, self.remark, self.worth, width="230px")
        return row(left, middle(self.said, self.orders, self.bars, self.gaps), controls(self.steps, self.buttons))

    @staticmethod
    def _sliders(preset: Preset) -> list[dict[str, Any]]:
        """One slider a coalition, the small ones first."""
        worked = worked_of(preset)
        low, high = min(0.0, *preset.values), max(LARGEST, *preset.values)
        numbers = sorted(range(len(preset.values)), key=lambda b: (b.bit_count(), b))
        return [
            {"name": f"v{b}", "label": f"v{worked.said(members_of(b))}" if b else "v{ } nobody", "kind": "range",
             "minimum": low, "maximum": high, "step": 1 if high - low <= 1000 else None, "default": preset.values[b]}
            for b in numbers
        ]  # fmt: skip

    @staticmethod
    def _last(preset: Preset) -> int:
        return worked_of(preset).gains.numel()

    @staticmethod
    def _stepping(preset: Preset) -> list[dict[str, Any]]:
        last = GameExplorer._last(preset)
        return [
            {"name": "step", "label": "Step", "kind": "range", "minimum": 0, "maximum": last, "integer": True,
             "default": last, "help": "one player joins in each step, order after order"},
        ]  # fmt: skip

    def _other_game(self, change: Any) -> None:
        """Take the values of the game that was chosen."""
        chosen = change.new["game"]
        if chosen == OWN or chosen == change.old.get("game"):
            return
        preset, self.loading = self.presets[chosen], True
        try:
            self.names, self.step, self.members = preset.names, self._last(preset), None
            self.worth.specification = self._sliders(preset)
            self.worth.values = {f"v{b}": value for b, value in enumerate(preset.values)}
            self.steps.specification = self._stepping(preset)
            self.steps.values = {"step": self.step}
        finally:
            self.loading = False
        self.update()

    def _other_worth(self, _change: Any) -> None:
        """A value was changed: the game is the reader's own, unless it is as it was."""
        if self.loading:
            return
        chosen = self.choice.values["game"]
        if chosen != OWN and self._worth() != self.presets[chosen].values:
            self.choice.values = {"game": OWN}
        self.update()

    def _worth(self) -> tuple[float, ...]:
        return tuple(float(self.worth.values[f"v{b}"]) for b in range(2 ** len(self.names)))

    def _stepped(self, change: Any) -> None:
        """The slider was moved."""
        if not self.loading:
            self.step, self.members = change.new["step"], None
            self.show_again(self._show_steps)

    def _pressed(self, change: Any) -> None:
        """A button was pressed, perhaps several times since the last message."""
        presses = {name: change.new[name] - change.old.get(name, 0) for name in change.new}
        count, step = len(self.names), 0 if presses["start"] else self.step + presses["next"]
        if presses["order"]:
            step = count * (step // count + presses["order"])
        # Nobody but the reader sets the buttons: an answer that told them their old count would take presses back.
        self.steps.values = {"step": step}

    def _clicked(self, change: Any) -> None:
        """Switch the light that was clicked on or off."""
        if change.new is None or self.result is None:
            return
        player = light_at(len(self.names), *change.new)
        if player is not None:
            self.members = self._coalition(self.result.worked) ^ {player}
            self.show_again(self._show_coalition)
        self.lights.picked = None  # the same place may be clicked again

    def _coalition(self, worked: Worked) -> set[int]:
        """Who takes part: those who were clicked, or those who have joined in the present order."""
        if self.members is not None:
            return self.members
        row, joined = worked.position(self.step)
        return set(worked.orders[row][:joined])

    def request(self) -> Worked:
        """The game as the sliders say."""
        return Worked(self.names, torch.tensor(self._worth(), dtype=torch.float64))

    def compute(self, request: Worked) -> Result:
        """Its Shapley values, and how far each rule is from the axioms."""
        return Result(request, RULES["Shapley value"](request.game), judged(request))

    def publish(self, result: Result) -> None:
        """Write the game and what it amounts to to the views."""
        chosen = self.choice.values["game"]
        remark = "" if chosen == OWN else self.presets[chosen].remark
        self.remark.value = f'<div style="line-height:1.4">{html.escape(remark)}</div>'
        self.gaps.value = gaps_table(result.worked, result.rules)
        self._show_steps(result)

    def _show_steps(self, result: Result) -> None:
        """How far we have come: the coalition, the orders gone through, and the mean."""
        worked = result.worked
        self._show_coalition(result)
        self.orders.value = orders_table(worked, self.step)
        self.said.value = f'<div style="line-height:1.4;min-height:2.8em">{html.escape(worked.told(self.step))}</div>'
        gains = worked.gains
        with self.bars.hold_sync():
            self.bars.limits = (min(0.0, float(gains.min())), max(float(gains.max()), 1e-9))
            self.bars.names, self.bars.values = list(worked.names), worked.mean(self.step)
            self.bars.marks = result.shapley

    def _show_coalition(self, result: Result) -> None:
        worked, members = result.worked, self._coalition(result.worked)
        value, others = worked.value([*members]), set(range(worked.players)) - members
        adds = [f"{worked.names[i]} would add {number(worked.value([*members, i]) - value)}" for i in sorted(others)]
        with self.lights.hold_sync():
            self.lights.image = lights(worked.names, members)
            self.lights.caption = "\n".join([f"v{worked.said([*members])} = {number(value)}", *adds])
            self.lights.alt = f"Coalition {self.lights.caption}. Click a light to switch it on or off."

    def panels(self) -> list[Panel]:
        """The coalition, and the shares."""
        return [Panel(self.lights.image, "The coalition", self.lights.caption), bar_panel(self.bars, self.bars.label)]

    def summary(self) -> str:
        """The game, its Shapley values, and the gaps of the rules, with their numbers."""
        worked = self.result.worked
        worth = ", ".join(f"v{worked.said(members_of(b))} = {number(float(v))}" for b, v in enumerate(worked.values))
        shares = ", ".join(
            f"{name} {number(float(v))}" for name, v in zip(worked.names, self.result.shapley, strict=True)
        )
        return f"Shapley values of a game worked by hand. {worth}. Shapley values: {shares}. {worked.told(self.step)}"
