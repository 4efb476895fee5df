"""DeepSHAP: DeepLIFT from many baselines in place of one."""

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.inputs import prepare
from xaiwidgets.methods.shapley_games import check_background
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.progress import chunks, quietly


def deep_shap(model: nn.Module, x: Tensor, target: Tensor | int, *, background: Tensor | np.ndarray) -> Tensor:
    """What did this pixel contribute, compared with usual inputs?  `R_d = mean over b of DeepLIFT(x, b)_d`

    Approximates the Shapley values of the game in which absent pixels come from the rows `b` of the background
    (`table_game`); it is them for a model that adds up functions of one pixel each. Lundberg and Lee 2017,
    https://arxiv.org/abs/1705.07874, section 4.2, with the Rescale rule of `deeplift`.

    Sums to `f(x) - mean over b of f(b)`, exactly.

    Args:
        model, x, target: as for `deeplift`.
        background: inputs `(M, …)` that stand for "nothing known"; of the shape of `x` but for their number.

    Returns:
        Attribution of the shape of `x`, in logits.

    Raises:
        UnknownOperationError: as for `deeplift`.
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model, x, target = prepare(model, x, target)
    rows = check_background(background, x)
    total, count = torch.zeros_like(x), len(rows)
    for piece in chunks(len(x) * count, "Comparing with the background", largest=sizes(x)["largest"], first=1):
        both = torch.arange(piece.start, piece.stop, device=x.device)
        image = both // count
        with quietly():
            found = deeplift(model, x[image], target[image], baseline=rows[both % count])
        total.index_add_(0, image, found / count)
    return total
