"""What the LRP explorer leaves behind for a reader without a kernel: pictures and sentences."""

from xaiwidgets.explorers.lrp_meter import KEPT
from xaiwidgets.explorers.lrp_result import Result
from xaiwidgets.explorers.lrp_views import LrpViews
from xaiwidgets.views import Panel


def lrp_panels(views: LrpViews, result: Result) -> list[Panel]:
    """The picture, its map, and the maps of all layers with their sums."""
    pictures = [Panel(views.input.image, "Input", views.input.caption), *views.maps.panels()]
    if result.flow is None:
        return pictures
    sums = [float(layer.step(result.flow).arriving.sum()) for layer in views.layers]
    layers = zip(views.strip.images, views.strip.labels, sums, strict=True)
    return [*pictures, *(Panel(image, f"Layer {name}", f"sum {total:.2f}") for image, name, total in layers)]


def lrp_summary(views: LrpViews, result: Result) -> str:
    """What is shown, with its numbers, in a few sentences."""
    question = result.request.question
    start = (
        f"LRP explorer. Input {views.verdict(result)}. Explained class: {views.class_names[question.target]}, "
        f"rules {question.choices.composite}"
    )
    if result.flow is None:
        return f"{start}. No maps: {result.error}"
    lost = [f"{each.title}: {each.cause}" for each in result.readings if each.state != "kept"]
    told = views.maps.views[0].caption.replace("\n", ", ")
    kept = f"Not kept: {'; '.join(lost)}" if lost else f"Every layer keeps its relevance within {KEPT:.0%} of the score"
    return f"{start}. {views.maps.views[0].title}: {told}. {kept}."
