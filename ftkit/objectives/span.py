"""Span corruption: pieces are cut out of a text, and written down in order by a model that reads the rest."""

import re
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

from .. import machine
from ..data import Rows
from ..records import Objective, Plan, check_knobs, knob
from ..world.dice import Dice
from .batches import IGNORED, averaged, side_by_side
from .pretrain import trainer_with

SENTINEL = re.compile(r"<\|?extra_(?:id_)?(\d+)\|?>")  # <|extra_0|> here, <extra_id_0> in T5's own tokenizer


@dataclass(frozen=True)
class Span:
    """How to cut."""

    context: int = knob(128, 16, 4096, unit="tokens", help="tokens a row, before anything is cut out of it")
    share: float = knob(0.15, 0.01, 0.9, help="of the tokens is cut out; fewer teach less, more leave less to go by")
    length: float = knob(3.0, 1.0, 64.0, unit="tokens", help="mean length of a piece")
    optimizer: str = knob(
        "muon", scale="choice", choices=("muon", "adamw"),
        help="muon needs fewer tokens from random weights; adamw is the usual one to go on with",
    )  # fmt: skip
    compile: bool = knob(False, help="torch.compile: half a minute to start, then faster; needs a C++ compiler")

    def __post_init__(self):
        check_knobs(self)


def target_loss(logits, labels):
    """
    How surprised a decoder is by each token that it should write, on average, given the right ones before it.

    loss = - mean over t of log softmax(logits[t])[labels[t]]

    logits   (B, T, V)        before softmax; the decoder's, which has read the source and labels[:t]
    labels   (B, T)           what should be written; -100 on padding
    returns  ()         nats  log V if every token seems equally likely
    differs  nothing is shifted here: the decoder was given its labels one place later
    source   Raffel et al. 2020, arXiv:1910.10683, section 3.1.2
    """
    from torch.nn.functional import cross_entropy

    return cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def pieces(dice: Dice, length: int, share: float, mean: float) -> list[tuple[int, int]]:
    """
    Where to cut a row: (start, end) of each piece; the first token always stays.

    How much is cut, and in how many pieces, is the same for every row of a length: only lengths and places are chance.

    share    of the tokens is cut out
    mean     length of a piece
    differs  a row may end with what stays; the authors' rows always end with a piece
    source   Raffel et al. 2020, arXiv:1910.10683, section 3.1.4
    """
    gone = min(max(1, round(length * share)), length - 1)
    count = min(max(1, round(gone / mean)), length - gone)
    cut, start = [], 0
    staying = _parts(dice, length - gone + 1, count + 1)[:count]  # what stays behind the last piece may be nothing
    for stays, goes in zip(staying, _parts(dice, gone, count), strict=True):
        cut.append((start + stays, start + stays + goes))
        start += stays + goes
    return cut


def corrupt(ids: list[int], cut: list[tuple[int, int]], sentinels: list[int], end: int) -> tuple[list[int], list[int]]:
    """
    What the encoder reads, and what the decoder should write.

    source   Thank you <0> me to your party <1> week .
    target   <0> for inviting <1> last <end>

    cut        (start, end) of each piece
    sentinels  ids that stand for the pieces, in order
    returns    (source, target); `restore` makes the row of them again
    raises     ValueError if there are more pieces than sentinels
    differs    the target ends with the end token, as in the authors' code; their figure has one more sentinel
    source     Raffel et al. 2020, arXiv:1910.10683, figure 2
    """
    if len(cut) > len(sentinels):
        raise ValueError(
            f"{len(cut)} pieces need as many sentinels and the tokenizer has {len(sentinels)}; choose a shorter"
            " context, a smaller share, or longer pieces (length)"
        )
    source, target, read = [], [], 0
    for (start, stop), sentinel in zip(cut, sentinels, strict=False):
        source += [*ids[read:start], sentinel]
        target += [sentinel, *ids[start:stop]]
        read = stop
    return source + ids[read:], [*target, end]


def restore(source: list[int], target: list[int], sentinels: list[int]) -> list[int]:
    """The row from which `corrupt` made a source and a target."""
    known, said, place = set(sentinels), {}, None
    for token in target[:-1]:
        if token in known:
            place = said.setdefault(token, [])
        else:
            place.append(token)
    return [token for one in source for token in (said[one] if one in known else [one])]


def sentinel_ids(tokenizer) -> list[int]:
    """Ids of the tokens that stand for what was cut out, in order.

    raises  ValueError if there are none
    """
    numbered = {int(found[1]): token for token in tokenizer.all_special_tokens if (found := SENTINEL.fullmatch(token))}
    if not numbered:
        raise ValueError("this model's tokenizer has no sentinels such as <extra_id_0>; choose a T5")
    return [tokenizer.convert_tokens_to_ids(numbered[number]) for number in sorted(numbered)]


def taught(source: list[int], target: list[int], start: int) -> dict[str, list[int]]:
    """A row for an encoder and a decoder: whatever is said so far, the decoder goes on from the right words.

    start  the token from which the decoder writes the first one
    """
    return {"input_ids": source, "decoder_input_ids": [start, *target[:-1]], "labels": target}


@dataclass(frozen=True)
class SpanRows:
    """Packed rows, cut. Row r is a pure function of (seed, r), so a resumed run cuts where an unbroken one cuts."""

    rows: Rows
    share: float
    mean: float
    start: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, r: int) -> dict[str, list[int]]:
        ids = self.rows[r]["input_ids"]
        cut = pieces(Dice("span", self.rows.seed, r), len(ids), self.share, self.mean)
        return taught(*corrupt(ids, cut, self._sentinels, self.rows.tokenizer.eos_token_id), self.start)

    @cached_property
    def _sentinels(self) -> list[int]:
        return sentinel_ids(self.rows.tokenizer)


def plan(config: Span, model, tokenizer, task, train) -> Plan:
    """Rows of the corpus, cut, and a Trainer with the two optimisers.

    raises  ValueError if the model has no encoder, the tokenizer no sentinels, or too few of them
    """
    from transformers import TrainingArguments

    read = task.rows(tokenizer, config.context, train.steps * train.batch, train.seed)
    rows = SpanRows(read, config.share, config.length, decoder_start(model))
    _ = rows[0]  # too few sentinels are said before anything is measured
    return Plan(
        trainer=trainer_with(config.optimizer),
        arguments=TrainingArguments,
        options={"torch_compile": config.compile, "dataloader_num_workers": machine.loaders()},
        rows=rows,
        collate=partial(side_by_side, pad=tokenizer.pad_token_id),
        extras={"compute_loss_func": averaged(target_loss)},
    )


def decoder_start(model) -> int:
    """The token from which a decoder begins to write.

    raises  ValueError if the model has no decoder beside an encoder
    """
    if not model.config.is_encoder_decoder:
        raise ValueError("this model has no encoder beside its decoder; choose one that has, such as a T5")
    return model.config.decoder_start_token_id


def _parts(dice: Dice, total: int, count: int) -> list[int]:
    """`total` as a sum of `count` numbers, each at least 1, all such sums equally likely."""
    edges = [0, *sorted(dice.shuffled(range(1, total))[: count - 1]), total]
    return [after - before for before, after in pairwise(edges)]


RECORD = Objective(
    name="span",
    title="Span corruption",
    claim="Writing what was cut out of a text makes one model for every task that turns a text into another.",
    paper="Raffel et al. 2020, arXiv:1910.10683",
    year=2020,
    seed_row="Table 1, SFT: Full Fine-tuning",
    lab="31",
    config=Span,
    equation=target_loss,
    plan=plan,
)
