"""G1: tokens written a second, ours beside transformers' `generate`.

The same model, prompts and number format. Greedy tokens must be equal; where chance decides, the log-probabilities that
ours reports must be those of one forward pass of the library's model.
"""

from dataclasses import dataclass

from ftkit import machine, models
from ftkit.data import Corpus, encode
from ftkit.generation import Rollout, generate

from .side_by_side import Arm, Block, Comparison, Goal, compare, now

MODEL, NEW = "small", 48
TIE = 1e-4  # two tokens whose logits are nearer than this are equally likely
SCORED = 1e-3  # nats by which a reported log-probability may differ
CANDIDATES = 64  # documents begun for each prompt that is needed, before it is given up
GENERATE, OURS, GOAL = "generate", "ours", (64, 1.7)


@dataclass(frozen=True)
class Case:
    """How many prompts, and what becomes of them.

    whole        only prompts after which the likeliest NEW tokens hold no end: no greedy row leaves early
    temperature  0 takes the likeliest token
    """

    batch: int
    whole: bool = True
    temperature: float = 0.0

    @property
    def title(self) -> str:
        kind = "greedy" if self.temperature == 0 else f"sampled at temperature {self.temperature:g}"
        ends = "each of" if self.whole and self.temperature == 0 else "ending by themselves within"
        return f"{self.batch} rows, {kind}, {ends} {NEW} tokens"


CASES = (Case(1), Case(16), Case(64), Case(64, whole=False), Case(64, temperature=1.0))


def measured(case: Case, seconds: float, tell=lambda text: None, name: str = MODEL) -> Comparison:
    """The comparison of one case."""
    machine.settle()
    model, tokenizer = models.load(name)
    given = prompts(model, tokenizer, case)
    outcomes, probes = compare(arms(model, _stock(name), tokenizer, given, case), seconds, tell)
    size = sum(weight.numel() for weight in model.parameters())
    goals = (Goal(OURS, GOAL[1], GENERATE),) if case.batch == GOAL[0] and case.whole and not case.temperature else ()
    return Comparison("G1", f"writing, {case.title}", GENERATE, 2 * size, goals, outcomes, probes)


def prompts(model, tokenizer, case: Case) -> list[str]:
    """Beginnings of documents of 3 to 18 words; raises ValueError if too few of them go on as the case wants."""
    document, found, begun = Corpus().source().document, [], 0
    while len(found) < case.batch and begun < case.batch * CANDIDATES:
        numbers = range(begun, begun + max(case.batch, 64))
        texts = [" ".join(document(10**6 + i).split()[: 3 + i * 5 % 16]) for i in numbers]
        written = generate(model, tokenizer, texts, max_new_tokens=NEW).completion_ids if case.whole else texts
        found += [text for text, ids in zip(texts, written, strict=True) if not case.whole or len(ids) == NEW]
        begun += len(numbers)
    if len(found) < case.batch:
        raise ValueError(f"{len(found)} of {begun} prompts go on for {NEW} tokens, {case.batch} are needed")
    return found[: case.batch]


def arms(model, stock, tokenizer, given: list[str], case: Case) -> list[Arm]:
    """The reference first."""

    def same(made: Rollout, reference: Rollout) -> str:
        return same_tokens(stock, made, reference) if case.temperature == 0 else same_chances(stock, made)

    def static():
        return library(stock, tokenizer, given, case, cache_implementation="static")

    return [
        Arm(GENERATE, lambda: library(stock, tokenizer, given, case), same),
        Arm("generate, static cache", static, same, optional=True),
        Arm(OURS, lambda: ours(model, tokenizer, given, case), same),
    ]


def ours(model, tokenizer, given: list[str], case: Case) -> Block:
    """From texts to texts."""
    begin = now()
    written = generate(model, tokenizer, given, temperature=case.temperature, max_new_tokens=NEW)
    return Block(sum(map(len, written.completion_ids)), now() - begin, written)


def library(model, tokenizer, given: list[str], case: Case, **options) -> Block:
    """The same by the library; it tells no log-probabilities, which ours does."""
    import torch

    begin = now()
    rows = [encode(tokenizer, text) for text in given]
    padded = tokenizer.pad({"input_ids": rows}, padding_side="left", return_tensors="pt").to(model.device)
    chance = {"do_sample": True, "temperature": case.temperature, "top_k": 0} if case.temperature else {}
    torch.manual_seed(0)
    out = model.generate(**padded, max_new_tokens=NEW, **{"do_sample": False, **chance, **options})
    ids = [cut(row, tokenizer.eos_token_id) for row in out[:, padded["input_ids"].shape[1] :].tolist()]
    texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
    seconds = now() - begin
    ended = [row[-1] == tokenizer.eos_token_id for row in ids]
    return Block(sum(map(len, ids)), seconds, Rollout(rows, ids, [], ended, texts))


def cut(row: list[int], end: int) -> list[int]:
    """A row up to its end token, which is its last."""
    return row[: row.index(end) + 1] if end in row else row


def same_tokens(stock, made: Rollout, reference: Rollout) -> str:
    """Empty if the same was written, apart from what follows a tie of two tokens."""
    import torch

    for number, (prompt, one, other) in enumerate(
        zip(reference.prompt_ids, made.completion_ids, reference.completion_ids, strict=True)
    ):
        if one == other:
            continue
        place = next(i for i in range(max(len(one), len(other))) if one[i : i + 1] != other[i : i + 1])
        if place in (len(one), len(other)):
            return f"row {number} has {len(one)} tokens instead of {len(other)}"
        with torch.no_grad():
            logits = stock(torch.tensor([prompt + other[:place]], device=stock.device)).logits[0, -1]
        if abs(float(logits[one[place]] - logits[other[place]])) > TIE:
            return f"row {number} goes on with token {one[place]} instead of {other[place]} after {place}"
    return ""


def same_chances(stock, made: Rollout) -> str:
    """Empty if the reported log-probabilities, where there are any, are those of one forward pass."""
    import torch

    for number, logprobs in enumerate(made.token_logprobs):
        prompt, written = made.prompt_ids[number], made.completion_ids[number]
        with torch.no_grad():
            logits = stock(torch.tensor([prompt + written], device=stock.device)).logits[0]
        scored = logits.float().log_softmax(-1)[len(prompt) - 1 : -1]
        scored = scored.gather(1, torch.tensor(written, device=stock.device)[:, None])[:, 0]
        worst = (scored - torch.tensor(logprobs, device=stock.device)).abs().max()
        if not worst <= SCORED:
            return f"row {number}'s log-probabilities are off by {float(worst):.4f} nats"
    return ""


def _stock(name: str):
    """The library's own model with its own attention, in ours' number format."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = machine.data_folder() / "models" / name
    with models.quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model.to(machine.device()).eval()
