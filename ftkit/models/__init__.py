"""Who speaks? Shipped models, fresh random ones, hub models, local folders and finished runs, through one door."""

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from .. import machine
from ..records import known
from ..runs import store
from .grown import GROWN
from .layouts import KINDS, LAYOUTS, EuroBertLayout, Layout, T5GemmaLayout

__all__ = [
    "FRESH", "GROWN", "KINDS", "LAYOUTS", "LOADING", "RUN", "EuroBertLayout", "Layout", "T5GemmaLayout",
    "causal_names", "fresh", "goes_on", "load", "names", "outline", "quiet", "save",
]  # fmt: skip
FRESH = "fresh:"
RUN = "run:"
LOADING = threading.Lock()  # two threads that enter transformers for the first time at once find it half imported
OPENED_BY = {  # how an architecture's name ends, and the library's door to it; all others are causal language models
    "ForMaskedLM": "AutoModelForMaskedLM",
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForTokenClassification": "AutoModelForTokenClassification",
}


def names() -> tuple[str, ...]:
    """The models that are shipped here."""
    return tuple(sorted(path.parent.name for path in _shelf().glob("*/config.json")))


def causal_names() -> tuple[str, ...]:
    """Those of them that go on from a text, as their configs say."""
    configs = {name: json.loads((_shelf() / name / "config.json").read_text(encoding="utf-8")) for name in names()}
    return tuple(name for name, config in configs.items() if config["architectures"][0].endswith("ForCausalLM"))


def fresh(layout: str | Layout, seed: int = 0):
    """
    A model with random weights, and the shipped tokenizer.

    embedding normal with the layout's spread; what each block adds to the stream starts at zero, other matrices uniform

    layout   a name, or a Layout
    seed     the same seed gives the same weights; global chance is untouched
    returns  (model, tokenizer)
    raises   ValueError for an unknown layout
    """
    import torch
    import transformers

    layout = _layout(layout)
    tokenizer = _tokenizer(machine.data_folder() / "tokenizer")
    config = layout.config(tokenizer)
    config._attn_implementation = _attention()
    with torch.random.fork_rng(devices=[]):
        model = getattr(transformers, layout.architecture)(config)
    tables = {id(part.weight) for part in model.modules() if isinstance(part, torch.nn.Embedding)}
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if id(weight) in tables:
                is_words = weight is model.get_input_embeddings().weight
                weight.normal_(0.0, layout.spread if is_words else 0.02, generator=chance)
            elif name.endswith(layout.closing):
                weight.zero_()
            elif weight.ndim == 2:
                bound = 0.5 * (3 / weight.shape[1]) ** 0.5
                weight.uniform_(-bound, bound, generator=chance)
    return _sane(model, tokenizer), tokenizer


def load(name: str | Layout, dtype: str = "float32", seed: int = 0):
    """
    A language model and its tokenizer, ready for training or asking; what it is (one that goes on from a text, an
    encoder, a sequence-to-sequence model, a classifier), its config says.

    name     shipped name, "fresh:small", "deeper:small" (twice the blocks), "bidirectional:small" (as an encoder), a
             Layout, "run:<id>", a local folder, or a hub id such as "Qwen/Qwen3-0.6B"
    dtype    of the weights
    seed     of the random weights of fresh models
    returns  (model, tokenizer)
    raises   ValueError that says what the name could have been; only safetensors are read, and no code of a model's own
    """
    import torch

    machine.settle()
    with LOADING:
        if isinstance(name, Layout) or name.startswith(FRESH):
            model, tokenizer = fresh(name, seed)
            return model.to(getattr(torch, dtype)), tokenizer
        if name.partition(":")[0] in GROWN:
            grow, base = _growth(name)
            model, tokenizer = _from_folder(_shelf() / base, dtype)
            return grow(model, tokenizer), tokenizer
        if name.startswith(RUN):
            return _from_folder(_finished(name.removeprefix(RUN)), dtype)
        if name in names():
            return _from_folder(_shelf() / name, dtype)
        if Path(name).is_dir():
            return _from_folder(Path(name), dtype)
        if name.count("/") == 1 and not name.startswith((".", "/", "~")):
            return _from_hub(name, dtype)
        raise ValueError(
            known(name, [*names(), *(FRESH + layout for layout in LAYOUTS)], "model")
            + ", run:<id>, an existing folder, or a hub id such as Qwen/Qwen3-0.6B"
        )


def outline(name: str | Layout):
    """
    A model without its weights, to be asked for shapes and numbers, and its tokenizer; nothing is downloaded.

    returns  (model on the device "meta", tokenizer)
    raises   ValueError or OSError if it is not at hand
    """
    import torch
    import transformers

    if isinstance(name, Layout) or name.startswith(FRESH):
        layout = _layout(name)
        tokenizer = _tokenizer(machine.data_folder() / "tokenizer")
        kind, config = getattr(transformers, layout.architecture), layout.config(tokenizer)
        with torch.device("meta"):
            return kind(config), tokenizer
    if name.partition(":")[0] in GROWN:
        grow, base = _growth(name)
        model, tokenizer = outline(base)
        return grow(model, tokenizer), tokenizer
    where = _finished(name.removeprefix(RUN)) if name.startswith(RUN) else _shelf() / name if name in names() else name
    config = transformers.AutoConfig.from_pretrained(where, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        return _door(config).from_config(config), _tokenizer(where, local_files_only=True)


def goes_on(model) -> bool:
    """Whether a model goes on from a text, as the probes ask it to; encoders and text-to-text models do not."""
    return model.can_generate() and not model.config.is_encoder_decoder


def save(model, tokenizer, folder: Path) -> None:
    """Writes a model so that plain `AutoModelForCausalLM.from_pretrained(folder)`, or its kind's own door, opens it."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.use_cache = True  # trainers switch it off, and a config saved so makes generation slow
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


@contextmanager
def quiet():
    """Inside, the libraries draw no bars and log errors only: what a learner should know is said by ftkit."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _layout(name: str | Layout) -> Layout:
    """raises ValueError for an unknown name"""
    if isinstance(name, Layout):
        return name
    name = name.removeprefix(FRESH)
    if name not in LAYOUTS:
        raise ValueError(known(name, LAYOUTS, "layout"))
    return LAYOUTS[name]


def _growth(name: str) -> tuple[Callable, str]:
    """What is to be done with which shipped model; raises ValueError if that is none that goes on from a text."""
    how, _, base = name.partition(":")
    if base not in causal_names():
        raise ValueError(known(base, causal_names(), f"model to be made {how}"))
    return GROWN[how], base


def _finished(run_id: str) -> Path:
    """The model folder that a run left."""
    run = store().folder(run_id)
    if not (run.path / "model").is_dir():
        raise ValueError(f"run {run_id} is {run.status()} and has left no model; resume it, or choose a finished run")
    return run.path / "model"


def _from_folder(folder: Path, dtype: str):
    """raises ValueError in one sentence if the folder is no model that we read"""
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} is no model: it has no config.json; choose a folder written by save_pretrained")
    if not any(folder.glob("*.safetensors")):
        raise ValueError(
            f"{folder} has no .safetensors file; weights are read from safetensors only, because pickled weights can"
            " run code: convert them with save_pretrained"
        )
    try:
        return _open(str(folder), dtype, local_files_only=True)
    except OSError as error:
        raise ValueError(f"{folder} is no model that can be read: {str(error).strip().splitlines()[0]}") from error


def _from_hub(name: str, dtype: str):
    """raises ValueError if the hub cannot be reached or does not have it"""
    try:
        return _open(name, dtype)
    except OSError as error:
        first = str(error).strip().splitlines()[0]
        raise ValueError(
            f"model {name!r} is no folder here and could not be had from the hub: {first} Check the name and the"
            f" network, or choose one of {', '.join(names())}"
        ) from error


def _open(name: str, dtype: str, **where):
    import torch
    from transformers import AutoConfig

    try:
        with quiet():
            config = AutoConfig.from_pretrained(name, trust_remote_code=False, **where)
            model = _door(config).from_pretrained(
                name,
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                trust_remote_code=False,
                attn_implementation=_attention(),
                **where,
            )
    except (OSError, MemoryError):
        raise
    except Exception as error:  # each library has its own
        first = str(error).strip().splitlines()[0]
        raise ValueError(f"{name} is no causal language model that transformers can read: {first}") from error
    tokenizer = _tokenizer(name, **where)
    return _sane(model, tokenizer), tokenizer


def _door(config):
    """The library's class that opens a model, by the architecture that its config names."""
    import transformers

    if config.is_encoder_decoder:
        return transformers.AutoModelForSeq2SeqLM
    architecture = (config.architectures or [""])[0]
    doors = (door for ending, door in OPENED_BY.items() if architecture.endswith(ending))
    return getattr(transformers, next(doors, "AutoModelForCausalLM"))


def _tokenizer(name: str | Path, **where):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(name), trust_remote_code=False, **where)
    if tokenizer.eos_token_id is None:
        raise ValueError(f"the tokenizer of {name} has no end token; choose a model whose tokenizer has one")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token  # padding is masked everywhere, so any token will do
    return tokenizer


def _sane(model, tokenizer):
    """On the device; pad and end as the tokenizer says, generation with a cache, no dropout by accident."""
    model.config.pad_token_id = tokenizer.pad_token_id
    if model.can_generate():
        settings = model.generation_config
        settings.pad_token_id = tokenizer.pad_token_id
        if settings.eos_token_id is None:
            settings.eos_token_id = tokenizer.eos_token_id
        settings.use_cache = True
    return model.to(machine.device()).eval()


def _attention() -> str | None:
    """On a CPU the plain attention: the fused one's backward pass is several times slower in 16 bits there.

    returns  None where the library may choose: the fused one, for an architecture that has it
    """
    return None if machine.device() == "cuda" else "eager"


def _shelf() -> Path:
    return machine.data_folder() / "models"
