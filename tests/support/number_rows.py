"""Rows of the table that `make numbers` prints, and ratios of times that hold on a busy machine."""

import statistics
import time
from collections.abc import Callable


def row(what: str, measured: str, wanted: str) -> None:
    print(f"| {what} | {measured} | {wanted} |", flush=True)


def ratio(ours: Callable, theirs: Callable, pairs: int = 41) -> str:
    """Median of ours / theirs over pairs measured in turn, with the quartiles."""
    found = []
    for _ in range(pairs):
        spent = []
        for call in (ours, theirs):
            begun = time.perf_counter()
            call()
            spent.append(time.perf_counter() - begun)
        found.append(spent[0] / spent[1])
    low, middle, high = statistics.quantiles(found[1:], n=4)
    return f"{middle:.2f} x ({low:.2f} to {high:.2f})"
