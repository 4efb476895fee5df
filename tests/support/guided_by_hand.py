"""Guided backpropagation and deconvolution by hand: the trap nets as plain modules, and a way back part by part."""

import torch
from nets import net
from torch import nn

# Of one number each: pre-activation and what arrives.
LITERAL = {
    "gradient": lambda z, r: r if z > 0 else 0.0,
    "guided": lambda z, r: r if z > 0 and r > 0 else 0.0,
    "deconvolution": lambda z, r: r if r > 0 else 0.0,
}


class AsModules(nn.Module):
    """A trap net spelled as a plain list of modules, each used once."""

    def __init__(self, name):
        super().__init__()
        model, _, _ = net(name)
        self.skip = None
        if name == "functional ReLU":
            pool = nn.MaxPool2d(2, ceil_mode=True)
            parts = [model.first, nn.ReLU(), model.second, nn.ReLU(), pool, model.third, nn.ReLU()]
            parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.head]
        elif name == "skip, BatchNorm, reused ReLU":
            parts = [model.stem, model.norm, nn.ReLU(), *model.inner, nn.ReLU(), nn.ReLU()]
            parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.head]
            self.skip = (3, 6)  # what enters the first of these parts is added to what enters the second
        else:
            parts = [nn.ReLU() if isinstance(part, nn.ReLU) else part for part in model]
        self.parts = nn.ModuleList(parts)

    def forward(self, x):
        kept = None
        for place, part in enumerate(self.parts):
            if self.skip and place == self.skip[0]:
                kept = x
            if self.skip and place == self.skip[1]:
                x = x + kept
            x = part(x)
        return x


def literal(name, image, c, rules):
    """The way back part by part: autograd of one part at a time, and each ReLU by hand, one number at a time."""
    model, inputs = AsModules(name), [image[None].clone()]
    for place, part in enumerate(model.parts):
        if model.skip and place == model.skip[1]:
            inputs[-1] = inputs[-1] + inputs[model.skip[0]]
        inputs.append(part(inputs[-1]).detach())
    arriving, around = torch.zeros_like(inputs[-1]), None
    arriving[0, c] = 1
    remaining = list(rules)
    for place in reversed(range(len(model.parts))):
        part, x = model.parts[place], inputs[place]
        if isinstance(part, nn.ReLU):
            rule = LITERAL[remaining.pop()]
            pairs = zip(x.flatten().tolist(), arriving.flatten().tolist(), strict=True)
            arriving = torch.tensor([rule(z, r) for z, r in pairs], dtype=x.dtype).view(x.shape)
        else:
            x = x.clone().requires_grad_()
            (arriving,) = torch.autograd.grad(part(x), x, arriving)
        if model.skip and place == model.skip[1]:
            around = arriving
        if model.skip and place == model.skip[0]:
            arriving = arriving + around
    return arriving[0]


def by_hand(name, rules):
    _, x, target = net(name)
    return torch.stack([literal(name, image, int(c), rules) for image, c in zip(x, target, strict=True)])
