"""The views of `LocalFitExplorer`: the plane with its line, the slopes, and the curves over the radius."""

import numpy as np
import torch

from xaiwidgets.explorers.curve_panels import draw_curves
from xaiwidgets.explorers.lime_neighbourhood import Result, cosine, line_through
from xaiwidgets.explorers.lime_planes import Plane
from xaiwidgets.views import BarsView, CurvesView, PlaneView

LEVELS = {"probability": 0.5, "log-odds": 0.0, "score": 0.0}  # where the class begins


class LocalViews:
    """The plane, the slopes of the fit beside the gradient, and how good the fit is by its radius."""

    def __init__(self, plane: Plane, names: tuple[str, str]) -> None:
        x, y = plane.limits
        self.plane = PlaneView(x_label=names[0], y_label=names[1], point=plane.point, x_limits=x, y_limits=y)
        self.slopes = BarsView(names=list(names), mark_label="gradient", error_label="± over seeds")
        self.radius: float | None = None  # where the explorer itself has put the line in the curves
        self.curves = CurvesView(width=310, height=230, title="How good is the fit, by its radius?", y_limits=(0, 1))

    def show_plane(self, result: Result, plane: Plane, others: bool) -> None:
        """The score, the samples with what they count, and where the fit has the level of the boundary."""
        view, fit, request = self.plane, result.fits[0], result.request
        level, counts = LEVELS[request.output], fit.counts / fit.counts.max()
        gradient_line = line_through(fit.point, result.slope, result.score, level)
        thin = [each.line(level) for each in result.fits[1:]] if others else []
        with view.hold_sync():
            if not np.array_equal(view.field, result.field.float()):
                view.field = result.field
                view.x_limits, view.y_limits = plane.limits
                away = (result.field - level).abs()  # pale colours: lines and points stand out
                view.level, view.limit = level, min(2 * float(away.max()), 4 * float(away.median())) or 1.0
            view.points, view.sizes = fit.points, 1.5 + 4 * counts.sqrt()
            view.opacities, view.shapes = 0.15 + 0.85 * counts, (fit.scores < level).int()
            view.lines, view.radius = [fit.line(level), gradient_line, *thin], request.around.epsilon
            view.contour_name = f"boundary, {request.output} {level:g}"
            view.line_names = ["local fit", "gradient (tangent plane)"]
            view.shape_names = [f"sample, {request.output} ≥ {level:g}", "sample below; larger: counts more"]
            view.title = f"Local linear fit: {request.plane}"
            view.caption = self.numbers(result)
            view.alt = f"{view.title}, around {place(request.point)}: {view.caption}"

    def numbers(self, result: Result) -> str:
        """How well the fit follows the model, and how near it is to the gradient."""
        fit = result.fits[0]
        alike = cosine(fit.slope, result.slope)
        told = f"cosine with the gradient {alike:.3f}"
        if np.isnan(alike):
            told = "the fit is flat" if result.slope.norm() else "the gradient is zero here"
        return f"fidelity R² {fit.surrogate.r2:.3f} · {told}"

    def show_slopes(self, result: Result) -> None:
        """The slopes of the fit with their spread over the seeds; ticks where the gradient is."""
        every = torch.stack([fit.slope for fit in result.fits])
        with self.slopes.hold_sync():
            self.slopes.values, self.slopes.errors, self.slopes.marks = every[0], every.std(0), result.slope
            spread = [*every[0] - every.std(0), *every[0] + every.std(0), *result.slope]
            low, high = min(0.0, *map(float, spread)), max(0.0, *map(float, spread))
            self.slopes.limits = (1.1 * low, 1.1 * high) if low < high else None
            self.slopes.label = f"Slope of the fit, {result.request.output} per unit"

    def show_curves(self, result: Result) -> None:
        """Fidelity, and likeness to the gradient, by the radius; the line is at the present one."""
        view = self.curves
        with view.hold_sync():
            low = min(0.0, float(result.curves[result.curves.isfinite()].min()))
            view.x_label, view.y_limits = "radius ε", (-1 if low < 0 else 0, 1)
            draw_curves(view, result.radii, ["R²", "cosine"], result.curves)
            self.radius = view.marker = result.request.around.epsilon


def place(point: tuple[float, float]) -> str:
    """A point in words."""
    return f"({point[0]:.2f}, {point[1]:.2f})"
