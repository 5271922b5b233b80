"""ftkit, a teaching kit for LLM fine-tuning. The front door: names only; a room is entered when it is asked for."""

from importlib import import_module

_DOORS = {
    "adapters": ("Full", "LoRA"),
    "bench": (),
    "checks": ("check", "show"),
    "comprehension": (),
    "data": ("Attempts", "Corpus", "File", "Pairs", "Task"),
    "evaluation": (),
    "evidence": (),
    "generation": ("generate",),
    "lessons": (),
    "machine": (),
    "models": ("Layout", "load"),
    "objectives": ("DPO", "GRPO", "NLFT", "P3O", "PPO", "SDFT", "SFT", "Pretrain", "Reinforce", "Reward"),
    "plots": (),
    "predictions": (),
    "preferences": (),
    "prompting": ("Prompt",),
    "recipe": ("Recipe", "Train"),
    "records": (),
    "rewards": ("grader",),
    "runs": (),
    "retrieval": ("Retrieved",),
    "shipped": (),
    "training": ("Diverged", "Hand", "Run", "fork", "open_run", "resume", "run"),
    "world": ("island",),
}
_ROOM_OF = {name: room for room, names in _DOORS.items() for name in names}

__all__ = sorted(["__version__", *_DOORS, *_ROOM_OF])


def __getattr__(name: str):
    if name == "__version__":
        from importlib.metadata import version

        return version("ftkit")
    if name in _DOORS:
        return import_module(f".{name}", __name__)
    if name in _ROOM_OF:
        return getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
    raise AttributeError(f"ftkit has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
