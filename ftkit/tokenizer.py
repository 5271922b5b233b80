"""In which letters? One byte-level BPE tokenizer for the whole course; every digit is a token of its own.

A text that begins without a blank is read as if it began with one, so a name has the same tokens wherever it stands: at
the start of a document, within a sentence, or right behind a chat tag.
"""

from collections.abc import Iterator
from pathlib import Path

from . import world

VOCABULARY = 1024
SPECIAL = (
    "<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|mask|>", "<|cls|>", "<|sep|>",
    "<|think|>", "<|/think|>", "<|hint|>", "<|passage|>", *(f"<|extra_{i}|>" for i in range(12)),
)  # fmt: skip
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
DOCUMENTS = 6000  # of each island; more changes no merge that matters
WEIGHT = 80  # how often a line of the planned families counts


def train(folder: Path, samples: Path):
    """Learns the merges and saves the tokenizer; the same files every time.

    folder   where the shipped tokenizer goes
    samples  lines of the families that are planned: read here, so that later corpora need no other tokenizer
    returns  the tokenizer
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.normalizer = normalizers.Sequence([normalizers.Prepend(" "), normalizers.Replace(Regex("^  "), " ")])
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(_text(samples), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<|end|>",
        eos_token="<|end|>",
        pad_token="<|pad|>",
        mask_token="<|mask|>",
        cls_token="<|cls|>",
        sep_token="<|sep|>",
        extra_special_tokens=list(SPECIAL[8:]),
        model_max_length=256,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return tokenizer


def _text(samples: Path) -> Iterator[str]:
    for seed in (0, 1):
        corpus = world.corpus("exact", seed)
        yield from (corpus.document(i) for i in range(DOCUMENTS))
        questions = world.task("facts", seed)
        for i in range(DOCUMENTS // 2):
            example = questions.sample("train", i)
            yield f"{example.prompt} {example.completion}"
    for line in samples.read_text(encoding="utf-8").splitlines():
        yield from [line] * WEIGHT
