"""Masked language modelling: some tokens of a text are hidden, to be guessed from those on both sides."""

from dataclasses import dataclass
from functools import cached_property, partial

from .. import machine
from ..data import Rows
from ..records import Objective, Plan, check_knobs, knob
from ..world.dice import Dice
from .batches import IGNORED, averaged, side_by_side
from .pretrain import trainer_with

MASKED, RANDOM = 0.8, 0.1  # of the chosen tokens; the rest stay as they are, so that no word is above suspicion


@dataclass(frozen=True)
class Masked:
    """How to read with holes."""

    context: int = knob(128, 16, 4096, unit="tokens", help="tokens a row; longer rows show longer texts whole")
    share: float = knob(0.15, 0.01, 0.9, help="of the tokens is chosen to be guessed; fewer teach less, more hide more")
    optimizer: str = knob(
        "muon", scale="choice", choices=("muon", "adamw"),
        help="muon needs fewer tokens from random weights; adamw is the usual one to go on with",
    )  # fmt: skip
    compile: bool = knob(False, help="torch.compile: half a minute to start, then faster; needs a C++ compiler")

    def __post_init__(self):
        check_knobs(self)


def masked_token_loss(logits, labels):
    """
    How surprised a reader of both sides is by each chosen token, on average.

    loss = - mean over chosen t of log softmax(logits[t])[labels[t]]

    logits   (B, T, V)        before softmax; those at t are about the token at t itself
    labels   (B, T)           the token that stood there where one was chosen, -100 everywhere else
    returns  ()         nats  log V if every token seems equally likely
    raises   ValueError if nothing was chosen
    source   Devlin et al. 2018, arXiv:1810.04805, section 3.1, task 1
    """
    from torch.nn.functional import cross_entropy

    chosen = labels != IGNORED
    if not chosen.any():
        raise ValueError("no token was chosen, so there is nothing to guess; raise share")
    return cross_entropy(logits[chosen].float(), labels[chosen])


def hide(ids: list[int], dice: Dice, share: float, mask: int, special: set[int], words: list[int]):
    """
    A row with holes, and what is to be guessed.

    Of all tokens `share` are chosen, never a special one. Of the chosen, 80 % become the mask, 10 % a random token, and
    10 % stay: the reader cannot tell which of the visible tokens are right, so it has to understand them all.

    mask     the mask's id
    special  ids that are never chosen
    words    ids from which random ones are drawn
    returns  (input_ids, labels); labels are -100 where nothing is to be guessed
    source   Devlin et al. 2018, arXiv:1810.04805, appendix A.1
    """
    places = dice.shuffled([place for place, token in enumerate(ids) if token not in special])
    shown, labels = list(ids), [IGNORED] * len(ids)
    for place in places[: max(1, round(share * len(ids)))]:
        labels[place] = ids[place]
        chance = dice.random()
        if chance < MASKED:
            shown[place] = mask
        elif chance < MASKED + RANDOM:
            shown[place] = dice.pick(words)
    return shown, labels


@dataclass(frozen=True)
class MaskedRows:
    """Packed rows with holes. Row r is a pure function of (seed, r), so a resumed run hides what an unbroken one hides.

    A row begins with the classification token and has a separator between its documents.
    """

    rows: Rows
    share: float

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, r: int) -> dict[str, list[int]]:
        tokenizer = self.rows.tokenizer
        end, separator = tokenizer.eos_token_id, tokenizer.sep_token_id
        read = self.rows[r]["input_ids"]
        ids = [tokenizer.cls_token_id, *(separator if token == end else token for token in read[1:])]
        dice = Dice("mask", self.rows.seed, r)
        shown, labels = hide(ids, dice, self.share, tokenizer.mask_token_id, self._special, self._words)
        return {"input_ids": shown, "labels": labels}

    @cached_property
    def _special(self) -> set[int]:
        return set(self.rows.tokenizer.all_special_ids)

    @cached_property
    def _words(self) -> list[int]:
        return [token for token in range(len(self.rows.tokenizer)) if token not in self._special]


def plan(config: Masked, model, tokenizer, task, train) -> Plan:
    """Rows of the corpus with holes, and a Trainer with the two optimisers.

    raises  ValueError if the tokenizer has no mask
    """
    from transformers import TrainingArguments

    if None in (tokenizer.mask_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id):
        raise ValueError("this model's tokenizer lacks a mask, a cls or a sep token; choose an encoder such as BERT")
    rows = task.rows(tokenizer, config.context, train.steps * train.batch, train.seed)
    return Plan(
        trainer=trainer_with(config.optimizer),
        arguments=TrainingArguments,
        options={"torch_compile": config.compile, "dataloader_num_workers": machine.loaders()},
        rows=MaskedRows(rows, config.share),
        collate=partial(side_by_side, pad=tokenizer.pad_token_id),
        extras={"compute_loss_func": averaged(masked_token_loss)},
    )


RECORD = Objective(
    name="masked",
    title="Masked language modelling",
    claim="Guessing hidden tokens from both sides makes a reader whose features a few labels can use.",
    paper="Devlin et al. 2018, arXiv:1810.04805",
    year=2018,
    seed_row="Table 1, SFT: Traditional SFT",
    lab="31",
    config=Masked,
    equation=masked_token_loss,
    plan=plan,
)
