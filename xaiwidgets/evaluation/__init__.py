"""How good is an explanation: measures on explanations, pure torch."""

from xaiwidgets.evaluation.continuity import jumps
from xaiwidgets.evaluation.walks import Walk, autocorrelation, cosine_at_distance, half_distance, walk

__all__ = ["Walk", "autocorrelation", "cosine_at_distance", "half_distance", "jumps", "walk"]
