"""Weights moved by chance: the blocks of a fresh model add nothing."""

import torch


def shaken(model, seed, size=0.1):
    """The model with chance added to all weights that move."""
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight += size * torch.randn(weight.shape, generator=chance)
    return model
