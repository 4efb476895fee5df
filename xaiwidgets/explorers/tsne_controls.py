"""The controls of `TSNEExplorer`."""

from typing import Any

from xaiwidgets.explorers.tsne_pairs import BY
from xaiwidgets.explorers.tsne_points import Subject
from xaiwidgets.methods.tsne import RATE, learning_tsne, usual_rate
from xaiwidgets.parameters import parameters_of
from xaiwidgets.views import specification_of

Controls = list[dict[str, Any]]
PACES = {"slow": 1, "normal": 5, "fast": 20}  # iterations from frame to frame
OPEN: Controls = [{"name": "open", "label": "Open in GradientsExplorer", "kind": "button"}]
LARGEST_PERPLEXITY = 200.0
SETTINGS = ("perplexity", "exaggeration", "initialization", "seed")


def player_controls(playing: bool) -> Controls:
    """Play or pause, and begin again."""
    return [
        {"name": "play", "label": "Pause" if playing else "Play", "kind": "button"},
        {"name": "again", "label": "From the start", "kind": "button"},
    ]


def film_controls(iterations: int) -> Controls:
    """Which frame is shown."""
    scrub = {"name": "iteration", "label": "Iteration", "kind": "range", "minimum": 0, "maximum": iterations}
    return [{**scrub, "integer": True, "default": 0, "help": "drag to go back; Play learns on from there"}]


def pace_controls() -> Controls:
    """How many iterations go by from frame to frame."""
    return [{"name": "pace", "label": "Pace", "kind": "choice", "options": list(PACES), "default": "normal"}]


def setting_controls(subject: Subject, layer: str, perplexity: float) -> Controls:
    """What is mapped, and the parameters of the method."""
    count, names = len(subject.inputs), list(subject.layers)
    most = float(min(LARGEST_PERPLEXITY, max(count - 2, 2)))
    labels = [f"{subject.named(name)}, {values:,} values" for name, values in subject.layers.items()]
    layers = {"name": "layer", "label": "What is mapped", "kind": "choice", "options": names, "labels": labels}
    items = specification_of(
        parameters_of(learning_tsne),
        list(SETTINGS),
        perplexity={"maximum": most, "minimum": min(2.0, most), "default": min(perplexity, most)},
        exaggeration={"maximum": 50.0, "default": 4.0, "help": "factor of the attraction in the first fifth"},
        initialization={"label": "Start", "labels": ["PCA", "random"]},
        seed={"help": "acts on a random start only"},
    )
    items[0]["help"] = "effective number of neighbours"
    # The method's own default depends on the number of points, so its signature has no number to read.
    rate = {"name": "learning_rate", "label": "Learning rate", "kind": "range", "minimum": RATE.minimum}
    rate |= {"maximum": RATE.maximum, "log": RATE.log, "default": usual_rate(count)}
    rate |= {"help": f"{RATE.help}; acts at once"}
    return [{**layers, "default": layer}, items[0], rate, *items[1:]]


def shown_controls(subject: Subject) -> Controls:
    """What stands for a point, and which distance the pairs are drawn over."""
    shown = ["pictures", "letters", "points"] if subject.data is not None else ["letters", "points"]
    return [
        {"name": "shown", "label": "Points as", "kind": "choice", "options": shown,
         "default": "pictures" if subject.data is not None else "points"},
        {"name": "by", "label": "p and q of the picked point", "kind": "choice", "options": list(BY),
         "help": "Gauss: q if it had no heavy tail"},
    ]  # fmt: skip
