"""The twins that other libraries are given compute what the nets of nets.py compute."""

import pytest
import torch
from nets import NETS, net
from torch import nn
from torchvision_nets import torchvision
from twins import twin

torchvision()  # zennit imports it
from zennit.layer import Sum  # noqa: E402


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("added", [None, Sum])
def test_a_twin_computes_the_same_with_each_module_used_once(name, merged, added):
    model, x, _ = net(name)
    other = twin(model, merged, added)
    torch.testing.assert_close(other(x.clone()), model(x.clone()), rtol=1e-12, atol=1e-14)
    ran = []
    for module in other.modules():
        module.register_forward_hook(lambda module, given, output: ran.append(module))
    other(x.clone())
    assert len(ran) == len(set(ran))
    norms = [module for module in other.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert bool(norms) == (not merged and name in ("skip, BatchNorm, reused ReLU", "one dimension"))
