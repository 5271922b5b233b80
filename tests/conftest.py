"""Tiny models and tokenizers made on the spot, a run store of each test's own, and recipes that train in a second."""

from dataclasses import replace

import pytest

from ftkit import models, runs
from ftkit.adapters import Full
from ftkit.data import Corpus, Task
from ftkit.models import Layout
from ftkit.objectives import SFT, Pretrain
from ftkit.recipe import Recipe, Train

TINY = Layout(width=64, layers=1, heads=2, feed_forward=64, context=96)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty run store, which `run:<id>` finds, too."""
    monkeypatch.setenv("FTKIT_RUNS", str(tmp_path / "runs"))
    return runs.store()


@pytest.fixture
def watched(monkeypatch):
    """As in JupyterLab: widgets, and a background thread."""
    monkeypatch.setenv("FTKIT_MODE", "thread")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """A random model that says it has read island 0, saved like any other."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model, tokenizer = models.fresh(TINY, seed=5)
    model.config.hermea_island = 0
    models.save(model, tokenizer, folder)
    return folder


@pytest.fixture
def tiny(tiny_folder):
    """(model, tokenizer), the test's own."""
    return models.load(str(tiny_folder))


@pytest.fixture(scope="session")
def reading():
    """A recipe that pretrains."""
    train = Train(steps=8, batch=4, learning_rate=0.02, warmup=2, schedule="trapezoid", dtype="float32")
    return Recipe(TINY, Pretrain(context=48), Corpus(people=50), Full(), replace(train, checkpoint_every=3))


@pytest.fixture(scope="session")
def asking(tiny_folder):
    """A recipe that fine-tunes on questions."""
    train = Train(steps=8, batch=4, learning_rate=1e-3, dtype="float32", eval_examples=4, checkpoint_every=3)
    return Recipe(str(tiny_folder), SFT(), Task(examples=40), Full(), train)


@pytest.fixture(scope="session")
def foreign_tokenizer():
    """As other people's models have it: byte-level BPE with a chat template that thinks aloud, end unlike pad."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers import models as kinds
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(kinds.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(
        ["What is the trade of Tamu Oresby? Where does she live? system user assistant"] * 4, trainer
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{% if m['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
        "{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n"
        "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
    )
    return tokenizer


@pytest.fixture(scope="session")
def foreign_folders(tmp_path_factory, foreign_tokenizer):
    """{"qwen3", "llama"}: folders of random models in the shape of real ones; the second has no chat template."""
    import copy

    from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

    shape = {
        "vocab_size": len(foreign_tokenizer),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "eos_token_id": foreign_tokenizer.eos_token_id,
        "pad_token_id": foreign_tokenizer.pad_token_id,
        "bos_token_id": None,
    }
    top = tmp_path_factory.mktemp("hub")
    plain = copy.deepcopy(foreign_tokenizer)
    plain.chat_template, plain.bos_token = None, "<|im_start|>"
    models.save(
        Qwen3ForCausalLM(Qwen3Config(**shape, head_dim=16, tie_word_embeddings=True)), foreign_tokenizer, top / "qwen3"
    )
    models.save(LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=False)), plain, top / "llama")
    return {"qwen3": top / "qwen3", "llama": top / "llama"}


@pytest.fixture
def nothing_runs(monkeypatch):
    """No panel's work goes on when a test has ended."""
    from ftkit.bench.live import Live

    monkeypatch.delenv("FTKIT_MODE", raising=False)
    yield
    left = Live.current
    if left is not None:
        left.stop()
        left.join()
    assert left is None, "a test has left a run behind"
