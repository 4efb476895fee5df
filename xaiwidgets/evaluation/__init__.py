"""How good is an explanation: measures on explanations and on models that lost their weights."""

from xaiwidgets.evaluation.continuity import jumps
from xaiwidgets.evaluation.deletion import area_under, deletion_curve, insertion_curve
from xaiwidgets.evaluation.randomization import (
    RandomizationCurve,
    cascade,
    randomization_curve,
    randomized,
    weighted_layers,
)
from xaiwidgets.evaluation.separability import distance_ratio, knn_accuracy
from xaiwidgets.evaluation.similarity import rank_correlation, structural_similarity
from xaiwidgets.evaluation.walks import Walk, autocorrelation, cosine_at_distance, half_distance, walk

__all__ = [
    "RandomizationCurve",
    "Walk",
    "area_under",
    "autocorrelation",
    "cascade",
    "cosine_at_distance",
    "deletion_curve",
    "distance_ratio",
    "half_distance",
    "insertion_curve",
    "jumps",
    "knn_accuracy",
    "randomization_curve",
    "randomized",
    "rank_correlation",
    "structural_similarity",
    "walk",
    "weighted_layers",
]
