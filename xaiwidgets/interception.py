"""Sees every operation of a forward pass, and attaches its rule for the way back."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_batchedtensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten
from torch.utils.weak import WeakTensorKeyDictionary

from xaiwidgets.calls import Call, Rule, UnknownOperationError, WithRule
from xaiwidgets.operations import (
    COMES_FROM,
    OPERATIONS,
    SHAPE_ONLY,
    Operation,
    depends,
    may_write,
    name_of,
    operation_of,
    resolved,
)


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
        # Names in the table that can come to one of the rules; None: every operation has to be looked at.
        self.reachable = (
            None if record or refuse else {each for name in rules for each in (name, *COMES_FROM.get(name, ()))}
        )
        self.layers = [""]
        self.kept: dict[int, list[Call]] = {}  # memory of a tensor -> the calls that keep it
        # Output -> its call, the inputs with their graph, and the version of the output then.
        self.producers: Mapping[Tensor, tuple[Call, list[Tensor], int]] = WeakTensorKeyDictionary()

    @contextmanager
    def named(self, model: nn.Module | None) -> Iterator[None]:
        """Know the running module's name, by hooks on a borrowed copy, for the time of the block."""
        hooks, thread = [], threading.get_ident()

        def entered(name: str, *_given: Any) -> None:
            if threading.get_ident() == thread:
                self.layers.append(name)

        def left(*_given: Any) -> None:
            if threading.get_ident() == thread:
                self.layers.pop()

        try:
            for name, module in [] if model is None else getattr(model, "model", model).named_modules():
                if name:
                    hooks.append(module.register_forward_pre_hook(partial(entered, name)))
                    hooks.append(module.register_forward_hook(left, always_call=True))
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        # What is kept here has graphs that lead back to here: a circle that nobody would collect.
        self.kept.clear()
        self.producers.clear()

    def made_by(self, tensor: Tensor) -> tuple[Call | None, list[Tensor]]:
        """The call that made a tensor, and its inputs; None if anything wrote to the tensor since."""
        call, inputs, version = self.producers.get(tensor, (None, [], 0))
        return (call, inputs) if call is not None and tensor._version == version else (None, [])

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if self.reachable is not None and getattr(OPERATIONS.get(function), "name", "") not in self.reachable:
            return self.plain(function, args, kwargs)
        operation, arguments = operation_of(function, args, kwargs)
        if operation is None:
            return self.other(function, args, kwargs)
        if any(isinstance(each, Tensor) and is_batchedtensor(each) for each in arguments.values()):
            raise UnknownOperationError("model uses torch.vmap, inside which no operation can be given a rule")
        operation, data, settings = resolved(operation, arguments)
        if not data:  # a computation that does not depend on the model's input
            return self.plain(function, args, kwargs)
        call, inputs = self.call(operation, function, data, settings), list(data.values())
        rule = self.rules.get(operation.name)
        if rule is None and self.refuse is not None and operation.name not in self.native:
            raise self.refuse(operation.name, call.layer)
        if rule is None:
            output = self.plain(function, args, kwargs)
            call.output = output.detach()
            return output
        return self.attach(call, rule, inputs)

    def call(self, operation: Operation, function: Callable, data: dict[str, Tensor], settings: dict[str, Any]) -> Call:
        """A call that is about to run."""
        index = self.counts.get(operation.name, 0)
        self.counts[operation.name] = index + 1
        in_place = bool(settings.pop("inplace", False)) or operation.in_place
        names, run, first = tuple(data), operation.run, next(iter(data.values()))
        call = Call(operation.name, index, (), first, settings, self.layers[-1], name_of(function), in_place)
        # Without its graph, which would lead back to this call: the true output is put here when it is known.
        call.output = first.detach()
        call.run = lambda *given: run(**dict(zip(names, given, strict=True)), **settings)
        if self.record:
            self.met.append(call)
        return call

    def attach(self, call: Call, rule: Rule, inputs: list[Tensor]) -> Tensor:
        """Run `call` with `rule` on its way back."""
        target = inputs[0]
        if call.in_place:
            # The rule keeps the inputs for the way back; an in-place operation must not overwrite them.
            self.save(target)
            memory = _memory(target)
            inputs = [each.clone() if _memory(each) == memory else each for each in inputs]
        output = WithRule.apply(call, rule, *inputs)
        for tensor in (*call.inputs, call.output):
            self.kept.setdefault(_memory(tensor), []).append(call)
        if call.in_place:
            output = target.copy_(output)
        self.producers[output] = call, inputs, output._version
        return output

    def other(self, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """An operation that is not in the table: moves values, has a rule by its own name, or is none of ours."""
        name = name_of(function)
        if name in self.rules:
            return self._by_its_own_name(name, function, args, kwargs)
        output = self.plain(function, args, kwargs)
        if function in SHAPE_ONLY:
            return output
        made = [each for each in (output if isinstance(output, tuple | list) else [output]) if depends(each)]
        if not made:
            return output
        if self.record:
            self.met.append(Call(name, 0, (), made[0].detach(), {}, self.layers[-1], name))
        if self.refuse is not None:
            raise self.refuse(name, self.layers[-1])
        return output

    def _by_its_own_name(self, name: str, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        leaves, form = tree_flatten((args, kwargs))
        places = [place for place, value in enumerate(leaves) if depends(value)]
        if not places:
            return self.plain(function, args, kwargs)

        def run(*inputs: Tensor) -> Tensor:
            given = dict(zip(places, inputs, strict=True))
            args, kwargs = tree_unflatten([given.get(place, value) for place, value in enumerate(leaves)], form)
            output = function(*args, **kwargs)
            if not isinstance(output, Tensor):
                raise UnknownOperationError(f"{name!r} returns several results; only one tensor can be given a rule")
            return output

        inputs = [leaves[place] for place in places]
        call = Call(name, 0, (), inputs[0].detach(), {}, self.layers[-1], name, False, run)
        return self.attach(call, self.rules[name], inputs)

    def plain(self, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """A call that keeps its gradient; it may still write to what an earlier call keeps."""
        if self.kept and may_write(function) and args and isinstance(args[0], Tensor):
            self.save(args[0])
        return function(*args, **kwargs)

    def save(self, target: Tensor) -> None:
        """Copy what earlier calls keep of the memory that is about to be overwritten."""
        memory = _memory(target)
        for call in self.kept.pop(memory, []):
            call.inputs = tuple(each.clone() if _memory(each) == memory else each for each in call.inputs)
            if _memory(call.output) == memory:
                call.output = call.output.clone()


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def check_visible(model: nn.Module) -> None:
    """Raise an error for a model with a part whose operations cannot be seen from Python.

    Raises:
        UnknownOperationError: naming the part.
    """
    for name, module in getattr(model, "model", model).named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            part = f"a TorchScript part ({name!r})" if name else "TorchScript"
            raise UnknownOperationError(
                f"model has {part}, whose operations cannot be seen; give the Python module it was made from"
            )
