"""How thick is a change? Singular values of what tuning has added to each matrix of a model."""

from dataclasses import dataclass

from .intervals import Measurement, mean


@dataclass(frozen=True)
class Spectrum:
    """Of one matrix that has changed.

    name    of the matrix, such as "layers.0.self_attn.q_proj"
    values  singular values of its change, the largest first
    """

    name: str
    values: tuple[float, ...]

    def head(self, k: int) -> float:
        """The share of the sum of squares that the first k values have; 1 for a change of rank k."""
        squares = [value**2 for value in self.values]
        return sum(squares[:k]) / sum(squares)


def spectra(before, after) -> tuple[Spectrum, ...]:
    """
    The spectrum of each matrix inside the blocks of a model that is not what it was.

    before, after  models of the same shape
    raises         ValueError if they have other shapes, or nothing has changed
    """
    import torch

    was, found = dict(before.named_parameters()), []
    for name, weight in after.named_parameters():
        if name not in was or was[name].shape != weight.shape:
            raise ValueError(f"{name} is not the same matrix in both models; give models of the same shape")
        if weight.ndim != 2 or ".layers." not in name:
            continue
        change = (weight - was[name].to(weight.device)).detach().float()
        if change.any():
            values = torch.linalg.svdvals(change).tolist()
            found.append(Spectrum(name.partition(".")[2].removesuffix(".weight"), tuple(values)))
    if not found:
        raise ValueError("no matrix inside the blocks has changed; give a model that was tuned")
    return tuple(found)


def head(found, k: int) -> Measurement:
    """The mean share over matrices that the first k singular values have of the sum of squares."""
    return mean([one.head(k) for one in found], "share")
