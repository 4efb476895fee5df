"""How the LRP explorer looks: picture, map and meter, the layers below, and what one layer and one neuron do."""

import torch
from ipywidgets import HTML, Widget
from torch import Tensor

from xaiwidgets.colors import picture, symmetric_limit
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.explorer import column, controls, heading, row
from xaiwidgets.explorers.lrp_choices import RuleBook
from xaiwidgets.explorers.lrp_formula import neuron_table
from xaiwidgets.explorers.lrp_layers import Layer, by_channel, map_of, thumbnails
from xaiwidgets.explorers.lrp_meter import meter_table
from xaiwidgets.explorers.lrp_network import show_drawing
from xaiwidgets.explorers.lrp_neuron import Neuron, cell_of
from xaiwidgets.explorers.lrp_result import Result
from xaiwidgets.explorers.maps import NOTHING, Display, Map, MapRow, notice_of, share_inside
from xaiwidgets.explorers.picture_explorer import picture_gallery
from xaiwidgets.explorers.settings import display_controls
from xaiwidgets.views import BarsView, ControlsView, GalleryView, ImageView, NetworkView

NO_MAP = "No relevance to show: the reason stands below"
MANY = 20  # classes, of which more are cut to the largest scores
CHANNELS = 10  # bars of a layer's channels
ALL = [{"name": "all", "label": "Follow all channels again", "kind": "button"}]
LINES = [
    {"name": "lines", "label": "Lines show", "kind": "choice", "options": ["flows", "weights"],
     "labels": ["relevance", "weights"]},
]  # fmt: skip


class LrpViews:
    """The views of an `LRPExplorer` and their arrangement, `widget`; `show` writes to them."""

    def __init__(self, data: Dataset, class_names: tuple[str, ...], layers: list[Layer], book: RuleBook) -> None:
        self.class_names, self.layers = class_names, layers
        self.input = ImageView(title="Input")
        self.gallery = picture_gallery(data, 104)
        few = {} if len(class_names) <= MANY else {"order": "sorted", "maximum": MANY}
        self.scores = BarsView(names=list(class_names), label="Class scores (logits): choose a class", digits=1, **few)
        self.maps, self.meter = MapRow(self.input, 1), HTML()
        self.strip = GalleryView(label="Layers, from input to output: choose one", size=64)
        self.whole = ControlsView(book.controls(layers), label="Rules")
        self.single = ControlsView(book.layer_controls(layers), label="Rules of single layers")
        shown = [item for item in display_controls(data.masks is not None) if item["name"] != "one_scale"]
        self.display = ControlsView(shown, label="How to show it")
        self.layer_map = ImageView(tool="pick", reports_hover=True)
        self.channels = BarsView(order="sorted", maximum=CHANNELS, digits=2)
        self.actions = ControlsView(ALL, label="What to follow")
        self.lines = ControlsView(LINES, label="What the lines show")
        self.neuron = HTML()
        self.lines.observe(lambda change: self.network.set_trait("lines", change.new["lines"]), names=["values"])
        self.network = NetworkView(title="The dense layers", notice="This net has no dense layer to draw.", width=620)
        self.widget = self._arranged()

    def _arranged(self) -> Widget:
        # What lies below keeps its place when rows of text come and go.
        self.maps.views[0].layout.min_height = "306px"
        self.single.layout.max_height, self.single.layout.overflow = "352px", "auto"
        self.neuron.layout.min_height, self.neuron.layout.width = "300px", "540px"
        self.meter.layout.width = "516px"
        self.strip.layout.width = "100%"
        left = column(self.input, self.scores, self.gallery, width="224px")
        layers = heading("Relevance at the output of each layer, each on its own scale. Choose a layer to look into.")
        chosen = row(column(self.layer_map, width="212px"), column(self.channels, self.actions, width="400px"))
        middle = column(row(self.maps.widget, self.meter), layers, self.strip, chosen, width="736px")
        first = row(left, middle, controls(self.whole, self.single, self.display))
        return column(first, row(self.neuron, column(self.network, self.lines)))

    def show_flow(self, result: Result) -> None:
        """The maps of all layers first, for they are waited for; then the meter, the scores and the network."""
        pixels = picture(result.image)
        self.show_map(result)
        if result.flow is not None:
            maps = [map_of(layer.step(result.flow).arriving[0]) for layer in self.layers]
            with self.strip.hold_sync(), self.strip.hold_trait_notifications():
                self.strip.images = thumbnails(maps)
                self.strip.labels = [layer.title for layer in self.layers]
            self.meter.value = meter_table(result.flow, result.readings)
            self.network.notice = "" if result.drawing.columns else "This net has no dense layer to draw."
            show_drawing(self.network, result.drawing)
        else:
            self.meter.value = f"<div>{NO_MAP}.</div>"
        with self.input.hold_sync():
            self.input.image, self.input.caption = pixels, self.verdict(result)
            self.input.alt = f"Input: {self.verdict(result)}"
        self.scores.values = result.logits

    def show_map(self, result: Result) -> None:
        """The map over the picture, and the object's outline on both."""
        display, mask = Display(**self.display.values), result.mask
        self.maps.show([self._map(result)], picture(result.image), mask, display)
        self.input.outline = mask if display.outline and mask is not None else NOTHING

    def _map(self, result: Result) -> Map:
        if result.flow is None:
            return Map("LRP", None, notice=NO_MAP)
        values = result.flow.relevance[0].sum(0).detach().cpu()
        lines = [f"sum {float(values.sum()):.2f} of score {float(result.flow.start.sum()):.2f}"]
        if (inside := share_inside(values, result.mask)) is not None:
            lines.append(f"{inside:.0%} of the positive inside")
        through = result.request.through
        name = "LRP" if through is None else f"LRP through {self.channel_name(*through)}"
        return Map(name, values, "\n".join(lines))

    def channel_name(self, index: int, channel: int) -> str:
        """A channel of a layer in words."""
        layer = self.layers[index]
        if index == len(self.layers) - 1 and not layer.is_spatial and layer.units == len(self.class_names):
            return f"{layer.title}, {self.class_names[channel]}"
        return f"{layer.title}, {'channel' if layer.is_spatial else 'unit'} {channel}"

    def show_layer(self, result: Result) -> None:
        """The chosen layer: its map, and its channels by relevance."""
        index = result.request.layer
        layer, through = self.layers[index], result.request.through
        values = map_of(layer.step(result.flow).arriving[0])
        with self.layer_map.hold_sync():
            self.layer_map.heatmap = values
            self.layer_map.limit = symmetric_limit(values) / self.display.values["contrast"]
            self.layer_map.title = f"Layer {layer.title}"
            self.layer_map.caption = f"{' × '.join(map(str, layer.shape))}\nsum {float(values.nansum()):.2f}"
            self.layer_map.notice = notice_of(values[~values.isnan()])
            self.layer_map.alt = f"Relevance at the output of layer {layer.title}, sum {float(values.nansum()):.2f}"
        kind = "channel" if layer.is_spatial else "unit"
        with self.channels.hold_sync():
            self.channels.names = [self.channel_name(index, c).split(", ")[-1] for c in range(layer.units)]
            self.channels.values = by_channel(layer.step(result.free).arriving[0])
            self.channels.label = f"Layer {layer.title}: choose a {kind} to follow it alone"
            self.channels.selected = through[1] if through and through[0] == index else None

    def show_neuron(self, result: Result) -> None:
        """One neuron in numbers, and its place in the map of the chosen layer."""
        self.neuron.value = neuron_table(result.neuron)
        here = result.neuron.layer is self.layers[result.request.layer]
        self.layer_map.outline = _cell(self.layer_map.heatmap.shape, result.neuron) if here else NOTHING

    def verdict(self, result: Result) -> str:
        """What the net says about the picture."""
        return f"seen as {self.class_names[int(result.logits.argmax())]}"


def _cell(shape: tuple[int, int], neuron: Neuron) -> Tensor:
    """A mask of the one cell of a map that a neuron has."""
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[cell_of(neuron.layer, neuron.index)] = True
    return mask
