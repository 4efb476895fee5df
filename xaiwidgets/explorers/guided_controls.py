"""Controls of the guided explorer: what is shown, and the rule of each ReLU."""

from typing import Any

from xaiwidgets.backward import RELU_RULES
from xaiwidgets.explorers.guided_maps import MAPS
from xaiwidgets.explorers.settings import display_controls
from xaiwidgets.views import ControlsView

NOBODY = -1  # no second class
OWN = "own"
SHORT = {"gradient": "gradient", "guided": "guided", "deconvolution": "deconv."}


def choices(class_names: tuple[str, ...], layers: list[str]) -> list[dict[str, Any]]:
    """Which maps, a second class, and how many layers are noise."""
    named = ", ".join(layers[:4]) + (", …" if len(layers) > 4 else "")
    return [
        {"name": "maps", "label": "Maps", "kind": "choices", "options": list(MAPS), "default": list(MAPS)},
        {"name": "other", "label": "Compare with the class", "kind": "choice",
         "options": [NOBODY, *range(len(class_names))], "labels": ["none", *class_names]},
        {"name": "depth", "label": "Randomised layers, from the output down", "kind": "range", "minimum": 0,
         "maximum": len(layers), "integer": True, "help": f"0: trained, {len(layers)}: all; layers {named}"},
        {"name": "seed", "label": "Noise number", "kind": "range", "minimum": 0, "maximum": 9, "integer": True},
        {"name": "curve", "label": "Curve over all depths", "kind": "flag"},
    ]  # fmt: skip


def display(masks: bool) -> list[dict[str, Any]]:
    """As for every explorer, but each map on its own scale: the rules' values have no common unit."""
    return [item | ({"default": False} if item["name"] == "one_scale" else {}) for item in display_controls(masks)]


class MixControls(ControlsView):
    """One choice for each ReLU, the first one on top, and one for all of them."""

    def __init__(self, relus: list[str]) -> None:
        self.count = len(relus)
        rules = list(RELU_RULES)
        one = {"kind": "choice", "options": rules, "labels": [SHORT[rule] for rule in rules]}
        every = {"kind": "choice", "options": [*rules, OWN], "labels": [*rules, "as chosen below"], "default": OWN}
        items = [{"name": "all", "label": "Your mix: every ReLU", **every}] if relus else []
        for place, name in enumerate(relus):
            # The upper half guided, the lower half plain: something that neither map shows.
            rule = "guided" if 2 * place >= len(relus) else "gradient"
            items.append({"name": f"relu{place}", "label": name, "default": rule, **one})
        super().__init__(items, label="The rule of each ReLU")
        self.observe(self._keep_together, names=["values"])

    @property
    def rules(self) -> tuple[str, ...]:
        """The rule of each ReLU, in order of running."""
        return tuple(self.values[f"relu{place}"] for place in range(self.count))

    def _keep_together(self, change: Any) -> None:
        """Setting all sets each; setting one tells whether all are still the same."""
        old, new = change.old, change.new
        if old.get("all") != new.get("all") and new["all"] != OWN:
            self.values = dict.fromkeys(new, new["all"])
        elif (same := self._common()) != new.get("all"):
            self.values = {**new, "all": same}

    def _common(self) -> str | None:
        rules = set(self.rules)
        return None if not rules else rules.pop() if len(rules) == 1 else OWN
