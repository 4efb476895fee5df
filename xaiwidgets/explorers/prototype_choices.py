"""The controls of `PrototypeExplorer`: what is looked for, and how."""

from collections.abc import Callable
from typing import Any

import numpy as np

from xaiwidgets.explorers.prototype_runs import CHOSEN, STARTS, Run, Square
from xaiwidgets.explorers.prototype_subject import COURSE, Subject
from xaiwidgets.explorers.prototype_views import MOST
from xaiwidgets.methods.activation_maximization import learning_prototypes
from xaiwidgets.methods.prototype_variants import VARIANTS
from xaiwidgets.parameters import parameters_of
from xaiwidgets.views import ControlsView, specification_of
from xaiwidgets.views.controls_view import allowed, initial

Controls = list[dict[str, Any]]
MODES = {
    "regularisers": "several ways to the same target",
    "several": "prototypes that keep apart",
    "layers": "from edges to objects",
}
CLASS = "a class"
CLASSES = {CLASS: "log-probability", "a class, by its logit": "logit"}
NEURON = "one neuron"
APART = {"diversity": 0.2}  # where several prototypes shall differ
STILL = {"jitter": 0}  # a neuron looks at one place
LAYERS = "jitter and blur"  # the variant that layers are first shown with
SLIDERS = (
    "l2",
    "total_variation",
    "jitter",
    "blur",
    "expert_weight",
    "near_weight",
    "diversity",
    "steps",
    "rate",
)
# Largest weights on the sliders. They weigh means over the whole picture: of what looks at little of it, more.
WEIGHTS = {"l2": 20, "total_variation": 100, "expert_weight": 20, "near_weight": 100, "diversity": 5}
IN_LAYER = 20
LABELS = {"digits-cnn": "digits", "scenes-cnn": "scenes", "scenes-shortcut": "shortcut"}


class Wishes:
    """What the reader wants, and the controls that ask for it.

    Attributes:
        values: of all controls, also of those that are not on the page.
        edited: settings that the reader changed, by net and variant.
    """

    def __init__(self, subject: Subject, mode: str, changed: Callable[[], Any]) -> None:
        self.subject, self.changed = subject, changed
        opening = subject.opening
        self.values: dict[str, Any] = {"net": subject.net, "mode": mode, "target": CLASS, "start": STARTS[0]}
        self._of: dict[str, str] = {"layers": LAYERS}  # whose settings were shown, by mode
        first = {"variants": opening, "of": self._of.get(mode, opening[-1]), "channel": 0, "part": NEURON}
        self.values |= first
        self.edited: dict[tuple[str, str], dict[str, Any]] = {}
        self._laying = False  # whether controls are being laid, so that what they say is no wish of the reader's
        self.choices = ControlsView(self._targets(), label="What to look for")
        self.settings = ControlsView(self._settings(), label="How to look for it")
        self.values |= self.choices.values
        self.choices.observe(self._chosen, names=["values"])
        self.settings.observe(self._set, names=["values"])

    def look_at(self, subject: Subject) -> None:
        """Another net, or other pictures."""
        if subject.net != self.subject.net:
            self.values |= {"target": CLASS, "channel": 0, "start": STARTS[0], "variants": subject.opening}
        self.subject = subject

    def lay(self, **values: Any) -> None:
        """Set values, and bring the controls to the page that go with them."""
        self.values |= values
        mode, known = self.values["mode"], whose(self.subject, self.values)
        self._of |= {mode: values["of"]} if "of" in values else {}
        wanted = self._of.get(mode)
        self.values["of"] = wanted if wanted in known else known[-1]
        self._laying = True
        try:
            for view, wanted in ((self.choices, self._targets()), (self.settings, self._settings())):
                with view.hold_sync():
                    if _without_defaults(wanted) != _without_defaults(view.specification):
                        view.specification = []  # what an earlier choice offered is no value of the new one
                        view.specification = wanted
                    view.values = {item["name"]: initial(item) for item in wanted}
            self.values |= self.choices.values
        finally:
            self._laying = False

    def _targets(self) -> Controls:
        return target_controls(self.subject, self.values)

    def _settings(self) -> Controls:
        """The sliders of one variant, with the values that the reader gave them."""
        return self._settings_of(self.values["of"])

    def _settings_of(self, variant: str) -> Controls:
        given = self.edited.get((self.subject.net, variant), {})
        items = settings_controls(self.subject, variant, self.values)
        return [{**item, "default": allowed(item, given.get(item["name"], item["default"]))} for item in items]

    def _chosen(self, change: Any) -> None:
        """Another net, mode, target or start: show the controls that go with it."""
        if self._laying:
            return
        self.values |= {name: value for name, value in change.new.items() if value != []}
        if self.values["net"] == self.subject.net:
            self.lay()
        self.changed()

    def _set(self, change: Any) -> None:
        """A slider was moved, or the sliders of another variant are asked for."""
        if self._laying:
            return
        if change.new["of"] != self.values["of"]:
            self.lay(of=change.new["of"])
        else:
            given = {name: value for name, value in change.new.items() if value != change.old.get(name)}
            self.edited.setdefault((self.subject.net, self.values["of"]), {}).update(given)
        self.changed()

    def squares(self, target: int, image: int) -> list[Square]:
        """What goes into each square, if a class and a picture are chosen."""
        values = self.values
        label = None if values["target"] in CLASSES else values["target"]
        if values["mode"] == "regularisers":
            return [Square(self._title(each), self._run(each, label, target, image)) for each in values["variants"]]
        if values["mode"] == "several":
            run = self._run(values["of"], label, target, image, MOST)
            return [Square(f"prototype {place + 1}", run, place) for place in range(MOST)]
        layers, channel, class_names = list(self.subject.layers), values["channel"], self.subject.class_names
        some = [layers[round(place)] for place in np.linspace(0, len(layers) - 1, min(MOST - 1, len(layers)))]
        named = {label: f"{label}, channel {channel}" for label in some} | {None: f"class {class_names[target]}"}
        return [Square(title, self._run(values["of"], label, target, image)) for label, title in named.items()]

    def chosen(self, squares: list[Square]) -> int:
        """The number of the square that the class scores are shown of."""
        if self.values["mode"] == "regularisers":
            return self.values["variants"].index(self.values["of"])
        return 0 if self.values["mode"] == "several" else len(squares) - 1

    def _title(self, variant: str) -> str:
        name = self.subject.label(variant)
        return f"{name} (changed)" if (self.subject.net, variant) in self.edited else name

    def _run(self, variant: str, label: str | None, target: int, image: int, count: int = 1) -> Run:
        """The run of a variant with its sliders as they are set."""
        values, objective = self.values, {}
        if label is None and values["mode"] != "layers":
            objective["objective"] = CLASSES[values["target"]]
        settings = {item["name"]: item["default"] for item in self._settings_of(variant)[1:]}
        return Run(
            net=self.subject.net,
            variant=variant,
            layer=label,
            unit=self.subject.unit(label, target if label is None else values["channel"], values["part"] != NEURON),
            start=values["start"],
            image=image if values["start"] == CHOSEN else 0,
            seed=values["seed"],
            count=count,
            values=tuple((settings | objective).items()),
        )


def target_controls(subject: Subject, values: dict[str, Any]) -> Controls:
    """Net, mode, target, start and seed, each with the value it had last."""
    mode = values["mode"]
    items = [] if not subject.net else [_choice("net", "Network", list(COURSE), [LABELS[net] for net in COURSE])]
    items.append({**_choice("mode", "Compare", list(MODES)), "help": MODES[mode]})
    if mode == "regularisers":
        items.append({"name": "variants", "label": f"Up to {MOST} of them", "kind": "choices", "maximum": MOST,
                      "options": subject.variants, "help": subject.left_out,
                      "labels": [subject.label(name) for name in subject.variants]})  # fmt: skip
    if mode != "layers":
        items.append(_choice("target", "What is maximised", [*CLASSES, *subject.layers]))
    if in_layer(values):
        chosen = list(subject.layers) if mode == "layers" else [values["target"]]
        last = min(subject.layers[label][1][0] for label in chosen) - 1
        items.append(_choice("part", "Maximise in a layer", [NEURON, "whole channel"]))
        items.append({"name": "channel", "label": "Channel", "kind": "range", "minimum": 0, "maximum": last,
                      "integer": True})  # fmt: skip
    items.append(_choice("start", "Start from", list(STARTS)))
    items += specification_of(parameters_of(learning_prototypes), ["seed"], seed={"maximum": 99, "help": ""})
    return [{**item, "default": values.get(item["name"], item.get("default"))} for item in items]


def _choice(name: str, label: str, options: list[str], labels: list[str] | None = None) -> dict[str, Any]:
    item = {"name": name, "label": label, "kind": "choice", "options": options}
    return item if labels is None else {**item, "labels": labels}


def whose(subject: Subject, values: dict[str, Any]) -> list[str]:
    """The variants whose settings can be shown: those on the page, or where only one is, any."""
    return values["variants"] if values["mode"] == "regularisers" else subject.variants


def in_layer(values: dict[str, Any]) -> bool:
    """Whether a unit of a layer is looked at."""
    return values["mode"] == "layers" or values["target"] not in CLASSES


def settings_controls(subject: Subject, variant: str, values: dict[str, Any]) -> Controls:
    """Whose settings are shown, and one slider for each parameter that matters to it, from the method's signature."""
    idle = {
        "expert_weight": variant not in subject.experts,
        "near_weight": values["start"] != CHOSEN,
        "diversity": values["mode"] != "several",
        **dict.fromkeys(("total_variation", "jitter", "blur"), VARIANTS[variant].needs == "decoder"),  # it has no noise
    }
    names = [name for name in SLIDERS if not idle.get(name)]
    inside = in_layer(values)
    tuned = VARIANTS[variant].settings | APART | (STILL if inside and values["part"] == NEURON else {})
    most = {name: {"maximum": most * (IN_LAYER if inside else 1)} for name, most in WEIGHTS.items() if name in names}
    items = specification_of(parameters_of(learning_prototypes), names, **most)
    known = whose(subject, values)
    choice = _choice("of", "Settings of", known, [subject.label(name) for name in known])
    choice |= {"default": variant, "help": VARIANTS[variant].idea}
    return [choice, *({**item, "help": "", "default": tuned.get(item["name"], item["default"])} for item in items)]


def _without_defaults(specification: Controls) -> Controls:
    return [{name: value for name, value in item.items() if name != "default"} for item in specification]
