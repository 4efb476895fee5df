"""Exercises of the notebooks: ``check``, ``hint``, ``solution``, ``progress``; predictions; measured claims."""

from .checking import EXERCISES, check, hint, progress, solution
from .claims import claim
from .predictions import predict, reveal

__all__ = ["EXERCISES", "check", "claim", "hint", "predict", "progress", "reveal", "solution"]
