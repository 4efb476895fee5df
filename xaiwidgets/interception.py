"""Sees every operation of a forward pass, and attaches its rule for the way back."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from xaiwidgets.operations import SHAPE_ONLY, Operation, operation_of


@dataclass(eq=False)
class Call:
    """One intercepted operation of a forward pass, as its rule sees it on the way back.

    Attributes:
        operation: name in the table of rules, "relu".
        index: how many operations of the same name ran before it in this forward pass.
        inputs: the tensors it was given, and that depend on the model's input.
        output: the tensor it returned.
        arguments: what else it was given, by name: weight, bias, stride, ….
        layer: name of the module that was running, "features.0"; "" for the model itself.
        function: name of torch's function, "conv2d".
        in_place: whether it wrote to its input.
        run: inputs -> output, once more.
    """

    operation: str
    index: int
    inputs: tuple[Tensor, ...]
    output: Tensor
    arguments: Mapping[str, Any] = field(default_factory=dict)
    layer: str = ""
    function: str = ""
    in_place: bool = False
    run: Callable[..., Tensor] | None = None


# What arrives from above, (shape of output) -> what is passed on to each input, (shapes of inputs).
Rule = Callable[[Call, Tensor], tuple[Tensor, ...]]


class UnknownOperationError(ValueError):
    """The model uses an operation for which there is no rule."""


class WithRule(torch.autograd.Function):
    """Runs an operation forward as it is, and its rule backward."""

    @staticmethod
    def forward(ctx: Any, call: Call, rule: Rule, *inputs: Tensor) -> Tensor:
        """The operation's output; `call` keeps what the rule needs."""
        output = call.run(*inputs)
        # Detached, for the call must not keep its own graph alive; not `save_for_backward`, for an in-place operation
        # may later overwrite these tensors: `Interception` then puts copies in their place.
        call.inputs, call.output = tuple(each.detach() for each in inputs), output.detach()
        ctx.call, ctx.rule = call, rule
        return output

    @staticmethod
    def backward(ctx: Any, arriving: Tensor) -> tuple[Tensor | None, ...]:
        """What the rule passes on."""
        return (None, None, *ctx.rule(ctx.call, arriving))


class Interception(TorchFunctionMode):
    """Gives the operations of a forward pass their rules.

    Args:
        rules: rule of each operation, by name, or by the name of torch's function for one outside the table.
        record: keep all calls, in `met`, also those without a rule.
        native: names of operations that keep their gradient, as those without a rule do where `refuse` is None.
        refuse: makes the error for any other operation without a rule, from its name and layer.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        *,
        record: bool = False,
        native: Collection[str] = (),
        refuse: Callable[[str, str], Exception] | None = None,
    ) -> None:
        super().__init__()
        self.rules, self.native, self.refuse = rules, native, refuse
        self.counts: dict[str, int] = {}
        self.met: list[Call] = []
        self.record = record
        self.layers = [""]
        self.kept: dict[int, list[Call]] = {}  # memory of a tensor -> the calls that keep it
        self.producers = WeakTensorKeyDictionary()  # output -> (its call, the inputs with their graph)

    @contextmanager
    def named(self, model: nn.Module | None) -> Iterator[None]:
        """Know the running module's name, by hooks on a borrowed copy, for the time of the block."""
        hooks = []
        try:
            for name, module in [] if model is None else getattr(model, "model", model).named_modules():
                if name:
                    hooks.append(module.register_forward_pre_hook(lambda m, given, name=name: self.layers.append(name)))
                    hooks.append(module.register_forward_hook(lambda m, given, output: self._left()))
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _left(self) -> None:
        self.layers.pop()

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        operation, arguments = operation_of(function, args, kwargs)
        if operation is None:
            return self.other(function, args, kwargs)
        operation, data, settings = resolved(operation, arguments)
        if not data:  # a computation that does not depend on the model's input
            return function(*args, **kwargs)
        call, inputs = self.call(operation, function, data, settings), list(data.values())
        rule = self.rules.get(operation.name)
        if rule is None and self.refuse is not None and operation.name not in self.native:
            raise self.refuse(operation.name, call.layer)
        if rule is None:
            return self._plain(call, function, args, kwargs)
        return self.attach(call, rule, inputs)

    def call(self, operation: Operation, function: Callable, data: dict[str, Tensor], settings: dict[str, Any]) -> Call:
        """A call that is about to run."""
        index = self.counts.get(operation.name, 0)
        self.counts[operation.name] = index + 1
        in_place = bool(settings.pop("inplace", False)) or operation.in_place
        names, run, first = tuple(data), operation.run, next(iter(data.values()))
        call = Call(operation.name, index, (), first, settings, self.layers[-1], _name(function), in_place)
        call.run = lambda *given: run(**dict(zip(names, given, strict=True)), **settings)
        if self.record:
            self.met.append(call)
        return call

    def attach(self, call: Call, rule: Rule, inputs: list[Tensor]) -> Tensor:
        """Run `call` with `rule` on its way back."""
        target = inputs[0]
        if call.in_place:
            # The rule keeps the input for the way back; an in-place operation must not overwrite it.
            self._save(target)
            inputs = [target.clone(), *inputs[1:]]
        output = WithRule.apply(call, rule, *inputs)
        for tensor in (*call.inputs, call.output):
            self.kept.setdefault(_memory(tensor), []).append(call)
        if call.in_place:
            output = target.copy_(output)
        self.producers[output] = call, inputs
        return output

    def other(self, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """An operation that is not in the table: moves values, has a rule by its own name, or is none of ours."""
        name = _name(function)
        if name in self.rules:
            return self._by_its_own_name(name, function, args, kwargs)
        output = function(*args, **kwargs)
        if function in SHAPE_ONLY:
            return output
        made = [each for each in (output if isinstance(output, tuple | list) else [output]) if _depends(each)]
        if not made:
            return output
        if self.record:
            self.met.append(Call(name, 0, (), made[0].detach(), {}, self.layers[-1], name))
        if self.refuse is not None:
            raise self.refuse(name, self.layers[-1])
        return output

    def _by_its_own_name(self, name: str, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        places = [place for place, value in enumerate(args) if _depends(value)]
        if not places:
            return function(*args, **kwargs)

        def run(*inputs: Tensor) -> Tensor:
            given = dict(zip(places, inputs, strict=True))
            return function(*(given.get(place, value) for place, value in enumerate(args)), **kwargs)

        inputs = [args[place] for place in places]
        call = Call(name, 0, (), inputs[0], {}, self.layers[-1], name, False, run)
        return self.attach(call, self.rules[name], inputs)

    def _plain(self, call: Call, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Tensor:
        output = function(*args, **kwargs)
        call.output = output.detach()
        return output

    def _save(self, target: Tensor) -> None:
        """Copy what earlier calls keep of the memory that is about to be overwritten."""
        memory = _memory(target)
        for call in self.kept.pop(memory, []):
            call.inputs = tuple(each.clone() if _memory(each) == memory else each for each in call.inputs)
            if _memory(call.output) == memory:
                call.output = call.output.clone()


def functions_of_the_user(output: Tensor) -> list[str]:
    """Names of the `torch.autograd.Function`s that `output` was made by, besides ours: no mode sees them called."""
    found, seen, todo = [], set(), [output.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        todo += [before for before, _ in node.next_functions]
        if isinstance(node, torch.autograd.function.BackwardCFunction) and not isinstance(node, WithRule._backward_cls):
            found.append(node.name().removesuffix("Backward"))
    return found


def resolved(operation: Operation, arguments: dict[str, Any]) -> tuple[Operation, dict[str, Tensor], dict[str, Any]]:
    """What an operation amounts to here, its data and its settings by name: data are what depends on the model's input.

    With one of two factors or summands constant it only scales or moves values; a matrix product with a constant matrix
    is a linear layer.
    """
    data = {name: arguments[name] for name in operation.inputs if _depends(arguments.get(name))}
    if len(operation.inputs) == 2 and len(data) < 2 and operation.name != "matmul":
        reciprocal = operation.run is torch.div and "other" in data
        operation = replace(operation, name="activation" if reciprocal else "scale")
    elif operation.name == "matmul" and list(data) == ["input"] and arguments["other"].ndim == 2:
        operation = replace(operation, name="linear", run=torch.nn.functional.linear)
        arguments = {"weight": arguments["other"].mT, "bias": None}
    return operation, data, {name: value for name, value in arguments.items() if name not in data}


def _depends(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _name(function: Callable) -> str:
    return getattr(function, "__name__", "") or str(function)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
