"""A model that can only be asked: inputs in, class scores out.

What occlusion, LIME and Shapley values know of a model. It may be a torch classifier or any callable from an array of
inputs to an array of scores, such as a scikit-learn classifier's `predict_proba`.
"""

import time
from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.borrow import BorrowedModel, borrow
from xaiwidgets.methods.inputs import (
    are_probabilities,
    check_range,
    check_target,
    check_x,
    class_scores,
    log_odds,
)
from xaiwidgets.methods.slopes import sizes
from xaiwidgets.parameters import Choice
from xaiwidgets.progress import chunks

Scores = nn.Module | Callable[[np.ndarray], np.ndarray]
Perturbed = Callable[[Tensor, Tensor], Tensor]
OUTPUTS = ("score", "probability", "log-odds")
OUTPUT = Choice(*OUTPUTS, help="what is explained: the model's score as it is, its probability, or log p / (1 - p)")
Output = Annotated[str, OUTPUT]
SECONDS = 0.1  # of a piece of work, at most; so long Cancel waits
MANY = 16  # inputs, from which on it pays to find out whether the model likes another order of the values in memory


class BlackBox:
    """The scores of one class of each input, and of its perturbed copies.

    Args:
        model: a torch classifier, `(N, …)` -> logits `(N, K)`, left as it was found; or any callable from an array
            `(N, …)` to an array of scores, `(N, K)` or, for one score, `(N,)`.
        x: inputs, `(N, …)`, floating point; for a callable an array will do.
        target: class index, or one for each input, `(N,)`.
        output: "score", what the model returns; "probability", its softmax, or what the model returns if those are
            probabilities already; "log-odds", `log p / (1 - p)` in nats.

    Attributes:
        x: the inputs, detached.
        target: `(N,)`.
        start: `(N,)`, the scores of the inputs as they are.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected; here and at every call.
    """

    def __init__(self, model: Scores, x: Tensor | np.ndarray, target: Tensor | int, *, output: str = "score") -> None:
        OUTPUT.check("output", output)
        if not isinstance(model, nn.Module) and not callable(model):
            raise TypeError(f"model must be a torch.nn.Module or a callable, got {type(model).__name__}")
        if not isinstance(model, nn.Module) and isinstance(x, np.ndarray):
            x = torch.from_numpy(np.array(x))  # a copy: arrays may be read-only, or run backwards
        self.model = borrow(model) if isinstance(model, nn.Module) else BorrowedModel(_Asked(model)).eval()
        self.x = check_x(self.model, x)
        self.target, self.output = check_target(target, self.x), output
        self._order: torch.memory_format | None = None  # of the values of many inputs in memory; None: not yet known
        self._pace = 0.0  # seconds an input took at the beginning
        begun = time.perf_counter()
        self._first = torch.cat([self._raw(self.x[piece].clone()) for piece in self._chunks(len(self.x), "Asking")])
        self._pace = (time.perf_counter() - begun) / len(self.x)
        check_range(self._first, self.target)
        if output != "score" and self._first.shape[1] < 2:
            raise ValueError(f"output must be 'score' for a model of one class, got {output!r}")
        self._probable = are_probabilities(self._first)
        self.start = self._of(self._first, self.target)

    def __call__(self, inputs: Tensor, which: Tensor | int = 0) -> Tensor:
        """The score `(B,)` of the target of input `which` (an index, or one each, `(B,)`) at `inputs` `(B, …)`."""
        return self._of(self._raw(inputs.clone()), self.target[which])

    def classes(self, inputs: Tensor) -> Tensor:
        """The scores of all classes `(B, K)` at `inputs` `(B, …)`."""
        answers = self._raw(inputs.clone())
        every = torch.arange(answers.shape[1], device=answers.device).repeat(len(answers))
        return self._of(answers.repeat_interleave(answers.shape[1], 0), every).view_as(answers)

    def scores(self, count: int, perturbed: Perturbed, label: str) -> Tensor:
        """The scores `(N, count)` of `count` perturbed copies of each input; see `stream`."""
        found = self.start.new_empty(len(self.x) * count)  # one tensor, not many small ones between the large ones
        for piece, scores in self.stream(count, perturbed, label):
            found[piece] = scores
        return found.view(len(self.x), count)

    def stream(self, count: int, perturbed: Perturbed, label: str) -> Iterator[tuple[slice, Tensor]]:
        """The scores of `count` perturbed copies of each input, piece by piece.

        A forward pass holds at most 2**22 values of inputs (16 MB in float32), or one input; within that, pieces are
        sized by measured cost.

        Args:
            count: perturbations of each input.
            perturbed: indices of inputs and of perturbations, each `(B,)` -> the perturbed inputs, a tensor `(B, …)` of
                their own.
            label: of the progress.

        Yields:
            The places in `range(N * count)`, which is `input * count + perturbation`, and their scores `(B,)`.
        """
        if self._order is None and len(self.x) * count >= MANY:
            self._order = self._best_order()
        for piece in self._chunks(len(self.x) * count, label):
            both = torch.arange(piece.start, piece.stop, device=self.x.device)
            image = both // count
            answers = self._raw(perturbed(image, both % count))
            yield piece, self._of(answers, self.target[image])

    def _chunks(self, total: int, label: str) -> Iterator[slice]:
        size = sizes(self.x)
        if self._pace:
            size["first"] = max(1, min(size["first"], int(SECONDS / self._pace)))
        return chunks(total, label, **size, seconds=SECONDS)

    def _raw(self, inputs: Tensor) -> Tensor:
        if self._order is not None:
            inputs = inputs.contiguous(memory_format=self._order)
        with torch.no_grad():
            answers = class_scores(self.model, inputs)
        if bad := int((~answers.isfinite()).any(1).sum()):
            raise ValueError(f"model must return finite scores, got NaN or infinite for {bad} of {len(answers)} inputs")
        return answers

    def _best_order(self) -> torch.memory_format:
        """Channels last, which convolutions on a CPU like better, if the model answers the same then."""
        if self.x.ndim != 4 or self.x.shape[1] == 1 or isinstance(self.model.model, _Asked):
            return torch.contiguous_format
        try:
            with torch.no_grad():
                answer = self.model(self.x[:1].clone(memory_format=torch.channels_last))
        except Exception:  # whatever a model says that wants its values in another order
            return torch.contiguous_format
        close = torch.allclose(answer, self._first[:1], rtol=1e-4, atol=1e-4)
        return torch.channels_last if close else torch.contiguous_format

    def _of(self, answers: Tensor, target: Tensor) -> Tensor:
        """What the model answered `(B, K)`, for one class of each input, in the unit of `output`."""
        target = target.expand(len(answers))
        if self.output == "log-odds":
            return log_odds(answers, target, self._probable)
        if self.output == "probability" and not self._probable:
            answers = answers.softmax(1)
        return answers.gather(1, target[:, None])[:, 0]


class _Asked(nn.Module):
    """A callable from array to array, as a module."""

    def __init__(self, function: Callable[[np.ndarray], np.ndarray]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        answers = np.asarray(self.function(x.cpu().numpy()))
        if answers.dtype.kind not in "fiub":
            raise TypeError(f"model must return an array of numbers, got {answers.dtype}")
        if answers.ndim == 1:
            answers = answers[:, None]
        answers = torch.from_numpy(answers.astype(np.float64 if answers.dtype.kind != "f" else answers.dtype))
        return answers.to(x.device)
