"""How many of us are there? The processes of one run, as torchrun or accelerate starts them."""

import os
from collections.abc import Callable


def count() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Whether this process is the one that writes, measures and reports."""
    return int(os.environ.get("RANK", "0")) == 0


def wait() -> None:
    """Until all processes are here."""
    if count() > 1:
        _together().wait_for_everyone()


def agree(decide: Callable[[], str]) -> str:
    """What the first process decides; an error there is an error of all."""
    if count() == 1:
        return decide()
    _together()
    from accelerate.utils import broadcast_object_list

    said: list = [None, None]
    if leads():
        try:
            said[0] = decide()
        except Exception as error:
            said[1] = error
    broadcast_object_list(said)
    if said[1] is not None:
        raise said[1]
    return said[0]


def _together():
    import torch
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())
    if state.num_processes != count():
        raise RuntimeError(f"WORLD_SIZE is {count()}, but {state.num_processes} processes met; start with torchrun")
    return state
