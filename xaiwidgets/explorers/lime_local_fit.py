"""The local linear fit in two dimensions: a line on a curved decision boundary."""

from typing import Any

import torch
from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.borrow import device_and_dtype
from xaiwidgets.explorers.curve_panels import curve_panel
from xaiwidgets.explorers.explorer import Explorer, column, controls, row
from xaiwidgets.explorers.lime_local_views import LocalViews, place
from xaiwidgets.explorers.lime_neighbourhood import SEEDS, Around, Request, Result, cosine, fits, radii, slope_at
from xaiwidgets.explorers.lime_plane_panel import plane_panel
from xaiwidgets.explorers.lime_planes import PLANES, Limits, Plane, checked_limits, checked_names, checked_point
from xaiwidgets.methods.black_box import BlackBox, Scores
from xaiwidgets.views import ControlsView, Panel

CELLS = 80  # of the picture of the score, along each axis
OWN = "model"


class LocalFitExplorer(Explorer):
    """Fit a line to a curved decision boundary, around a point that can be dragged: LIME in two dimensions.

    Without arguments it opens on functions in closed form. With your own model of two inputs:

        LocalFitExplorer(classifier.predict_proba, limits=((-2, 3), (-1.5, 2)), point=(0, 0.5))

    Args:
        model: a torch classifier, `(N, 2)` -> logits `(N, K)`, left as it was found; or any callable from an array
            `(N, 2)` to scores `(N, K)` or `(N,)`. None: functions in closed form, to choose from.
        target: class whose score is shown.
        limits: ends of the first and of the second axis.
        point: where to begin; None: the middle.
        names: of the two inputs.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(
        self,
        model: Scores | None = None,
        *,
        target: int = 1,
        limits: Limits = ((-1.0, 1.0), (-1.0, 1.0)),
        point: tuple[float, float] | None = None,
        names: tuple[str, str] = ("x₁", "x₂"),
    ) -> None:
        self.names = checked_names(names)
        if model is None:
            self.planes = dict(PLANES)
        else:
            limits = checked_limits(limits)
            middle = tuple((low + high) / 2 for low, high in limits)
            self.planes = {OWN: Plane(model, limits, checked_point(middle if point is None else point, limits))}
        self.target = target
        self.boxes: dict[tuple[str, str], BlackBox] = {}
        self.fields: dict[tuple[str, str], Tensor] = {}
        self.outputs = self._outputs(next(iter(self.planes)))
        super().__init__(model if isinstance(model, nn.Module) else nn.Identity())

    def _outputs(self, plane: str) -> list[str]:
        """What can be explained; asks the model about the point, so a model that cannot answer is refused here."""
        function, x = self.planes[plane].function, self._tensor(plane)
        first = BlackBox(function, x, 0)
        if first.classes(x).shape[1] < 2:
            self.target = 0
            return ["score"]
        BlackBox(function, x, self.target)
        return ["probability", "log-odds"]

    def _tensor(self, plane: str) -> Tensor:
        function, x = self.planes[plane].function, torch.tensor([self.planes[plane].point], dtype=torch.float64)
        where = device_and_dtype(function) if isinstance(function, nn.Module) else None
        return x if where is None else x.to(*where)

    def build(self) -> Widget:
        """The plane on the left, the fit's numbers beside it, controls on the right."""
        plane = self.planes[next(iter(self.planes))]
        self.views = LocalViews(plane, self.names)
        self.plane, self.slopes, self.curves = self.views.plane, self.views.slopes, self.views.curves
        self.choices = ControlsView(self._specification(), label="Local fit")
        self.plane.observe(self.update, names=["point"])
        self.choices.observe(self._other_choices, names=["values"])
        self.curves.observe(self._other_radius, names=["marker"])
        self.shown = self.choices.values.get("plane")
        return row(self.plane, column(self.slopes, self.curves, width="320px"), controls(self.choices))

    def _specification(self) -> list[dict[str, Any]]:
        span = max(high - low for plane in self.planes.values() for low, high in plane.limits)
        items = [
            {"name": "epsilon", "label": "Radius ε of the samples", "kind": "range", "minimum": 0.005 * span,
             "maximum": 0.5 * span, "log": True, "default": 0.1 * span,
             "help": "standard deviation; the dashed circle"},
            {"name": "samples", "label": "Samples", "kind": "range", "minimum": 4, "maximum": 1000, "log": True,
             "integer": True, "default": 120},
            {"name": "kernel_width", "label": "Kernel width σ, in ε", "kind": "range", "minimum": 0.3, "maximum": 30,
             "log": True, "default": 1.5},
            {"name": "penalty", "label": "Penalty λ", "kind": "range", "minimum": 1e-6, "maximum": 1000, "log": True,
             "default": 1e-3},
            {"name": "others", "label": "Draw the fits of other seeds", "kind": "flag", "default": True},
        ]  # fmt: skip
        if len(self.outputs) > 1:
            items.insert(0, {"name": "output", "label": "Score", "kind": "choice", "options": self.outputs})
        if len(self.planes) > 1:
            items.insert(0, {"name": "plane", "label": "Function", "kind": "choice", "options": list(self.planes)})
        return items

    def _other_choices(self, change: Any) -> None:
        """Another function begins at its own point; the rest asks again, or only draws."""
        if (name := change.new.get("plane")) != self.shown:
            self.shown = name
            self.plane.point = self.planes[name].point
        self.update()

    def _other_radius(self, change: Any) -> None:
        """The line in the curves was moved."""
        if change.new not in (None, self.views.radius):
            self.choices.values = {"epsilon": change.new}

    def request(self) -> Request:
        """What the user has set."""
        values = self.choices.values
        around = Around(*(values[name] for name in ("epsilon", "samples", "kernel_width", "penalty")))
        name = values.get("plane", next(iter(self.planes)))
        return Request(name, values.get("output", self.outputs[0]), self.plane.point, around)

    def compute(self, request: Request) -> Result:
        """The fits at the point first; then how they depend on the radius."""
        box, around = self._box(request), request.around
        point = torch.tensor(request.point, dtype=torch.float64)
        limits = self.planes[request.plane].limits
        span = max(high - low for low, high in limits)
        result = Result(
            request=request,
            field=self._field(request, box),
            fits=fits(box, point, [(around, seed) for seed in range(SEEDS)]),
            slope=slope_at(box, point, span),
            score=float(box(point[None].to(box.x))),
            radii=radii(span, around.epsilon),
            curves=None,
        )
        self.partial(result)
        others = [Around(float(radius), around.samples, around.kernel_width, around.penalty) for radius in result.radii]
        found = fits(box, point, [(each, 0) for each in others])
        curves = [[each.surrogate.r2 for each in found], [cosine(each.slope, result.slope) for each in found]]
        return Result(**{**vars(result), "curves": torch.tensor(curves)})

    def _box(self, request: Request) -> BlackBox:
        key = (request.plane, request.output)
        if key not in self.boxes:
            function = self.planes[request.plane].function
            self.boxes[key] = BlackBox(function, self._tensor(request.plane), self.target, output=request.output)
        return self.boxes[key]

    def _field(self, request: Request, box: BlackBox) -> Tensor:
        """The score in the middle of each cell of the picture; asked for once."""
        key = (request.plane, request.output)
        if key not in self.fields:
            (left, right), (bottom, top) = self.planes[request.plane].limits
            middles = (torch.arange(CELLS, dtype=torch.float64) + 0.5) / CELLS
            y, x = torch.meshgrid(top - middles * (top - bottom), left + middles * (right - left), indexing="ij")
            places = torch.stack([x, y], 2).view(-1, 2).to(box.x)
            self.fields[key] = box(places).cpu().view(CELLS, CELLS)
        return self.fields[key]

    def publish(self, result: Result) -> None:
        """The line first, for it is waited for."""
        self.views.show_plane(result, self.planes[result.request.plane], self.choices.values["others"])
        self.views.show_slopes(result)
        if result.curves is not None:
            self.views.show_curves(result)

    def panels(self) -> list[Panel]:
        """The plane, and the curves."""
        return [plane_panel(self.plane), curve_panel(self.curves, self.curves.title)]

    def summary(self) -> str:
        """The fit in numbers."""
        request, fit = self.result.request, self.result.fits[0]
        slope, gradient = (", ".join(f"{value:.2f}" for value in each) for each in (fit.slope, self.result.slope))
        around = f"around {place(request.point)}, radius {request.around.epsilon:.3g}, {request.around.samples} samples"
        numbers = self.views.numbers(self.result)
        return f"Local fit explorer. {request.plane} {around}: slope ({slope}), gradient ({gradient}), {numbers}."
