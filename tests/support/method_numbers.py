"""What `make numbers` measures of the methods' times: one picture, against other libraries, pairs in one run.

Zennit's and grad-cam's hooks are attached before the clock starts; here everything is done anew for each map.
"""

import copy
import warnings
from functools import partial

import torch
from captum.attr import GuidedBackprop, LayerGradCam
from number_rows import ratio, row
from torch import Tensor, nn
from torchvision_nets import random_net, torchvision

from xaiwidgets.datasets import load_dataset
from xaiwidgets.methods.cam import grad_cam, grad_cam_plus_plus
from xaiwidgets.methods.composites import COMPOSITES
from xaiwidgets.methods.guided_backprop import guided_backpropagation
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.models import load_model

CLASS = 3


def scenes_case() -> tuple[str, nn.Module, Tensor, str, int]:
    """A name, a net, a picture, its last layer with maps, and how many pairs to time."""
    return "scenes-cnn", load_model("scenes-cnn"), load_dataset("scenes").images[:1], "12", 41


def vgg_case() -> tuple[str, nn.Module, Tensor, str, int]:
    """The same of a large net with random weights."""
    x = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    return "VGG-16 at 224", random_net("vgg16"), x, "features.29", 9


def lrp_times() -> None:
    torchvision()
    from zennit.attribution import Gradient
    from zennit.composites import EpsilonGammaBox, EpsilonPlus

    for case in (scenes_case, vgg_case):
        name, model, x, _, pairs = case()
        own = copy.deepcopy(model)  # without their hooks
        chosen = torch.eye(model(x).shape[1])[[CLASS]]
        theirs = {"EpsilonPlus": EpsilonPlus(), "EpsilonGammaBox": EpsilonGammaBox(low=0.0, high=1.0)}
        for rules, composite in theirs.items():
            with Gradient(model, composite, attr_output=lambda out, chosen=chosen: out * chosen) as attributor:
                ours = partial(lrp, own, x, CLASS, rules=COMPOSITES[rules])
                found = ratio(ours, partial(attributor, x.clone()), pairs)
            row(f"LRP {rules}, {name}, against zennit", found, "<= 0.6 x")


def guided_times() -> None:
    torchvision()
    from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    warnings.simplefilter("ignore", UserWarning)  # captum tells of each hook
    for name, model, x, layer, pairs in (scenes_case(), vgg_case()):
        own, module = copy.deepcopy(model), model.get_submodule(layer)  # our own is without their hooks
        leaf = x.clone().requires_grad_()
        theirs = partial(GuidedBackprop(model).attribute, leaf, target=CLASS)
        ours = partial(guided_backpropagation, own, x, CLASS)
        row(f"guided backpropagation, {name}, against captum", ratio(ours, theirs, pairs), "<= 1.0 x")
        ours = partial(grad_cam, own, x, CLASS, layer=layer)
        theirs = partial(LayerGradCam(model, module).attribute, x, target=CLASS)
        row(f"Grad-CAM, {name}, against captum", ratio(ours, theirs, pairs), "<= 1.0 x")
        target = [ClassifierOutputTarget(CLASS)]
        for kind, method in ((GradCAM, grad_cam), (GradCAMPlusPlus, grad_cam_plus_plus)):
            with kind(model, [module]) as attributor:
                ours = partial(method, own, x, CLASS, layer=layer)
                found = ratio(ours, partial(attributor, x, target), pairs)
            row(f"{kind.__name__}, {name}, against grad-cam", found, "<= 1.0 x")
