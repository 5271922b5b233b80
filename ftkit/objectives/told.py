"""What NLFT reads: one answer under three prompts, the question alone, with the right answer, with the criticism."""

from types import SimpleNamespace

from ..data import as_prompt, encode, encode_example, is_attempts
from ..models import goes_on
from ..world import sums
from ..world.dice import Dice
from .policy import Written, laid_out, token_logprobs

READINGS = "plain", "hint", "critic"


def told_rows(config, model, tokenizer, task) -> tuple[list[dict], tuple[str, ...]]:
    """
    A source's attempts as tokens, cut to what the model can read, and what the learner should know of it.

    returns  ([{"plain", "hint", "critic": ids of a prompt, "said": ids of the answer, "right"}], notes)
    raises   ValueError if the model does not write, the task is no attempts, or none is left to learn from
    """
    if not goes_on(model):
        raise ValueError(
            "this model does not go on from a text, so its answers have no probability; choose a causal model"
        )
    if not is_attempts(task):
        raise ValueError(
            f"the task is {type(task).__name__}(...), of which nobody knows who answered what; this objective learns"
            " from answers that are right or wrong, so choose Attempts(...)"
        )
    attempts = task.source()
    length = min(config.context, getattr(model.config.get_text_config(), "max_position_embeddings", None) or 10**9)
    rows, clipped = [], 0
    for attempt in attempts:
        row = told(config, tokenizer, attempt)
        room = length - max(len(row[name]) for name in READINGS)
        if room > 0:
            clipped += len(row["said"]) > room
            rows.append(row | {"said": row["said"][:room]})
    if not rows:
        raise ValueError(
            f"no question leaves room for an answer in {length} tokens, with what is told beside it; shorten them, or"
            " raise context"
        )
    without = len(attempts) - len(rows)
    notes = (
        without and f"{without} of {len(attempts)} questions fill all {length} tokens, and were left out.",
        clipped and f"{clipped} of {len(attempts)} answers do not fit into {length} tokens, and are cut.",
        not any(row["right"] for row in rows)
        and f"None of {len(rows)} attempts is right: what is wrong is unlearned, and nothing shows what is right.",
    )
    return rows, tuple(note for note in notes if note)


def told(config, tokenizer, attempt) -> dict:
    """An attempt under three prompts; a right one has no criticism, and its third reading is the plain one."""
    ids, mask = encode_example(tokenizer, attempt)
    begins = mask.index(1)
    row = {"right": attempt.right, "plain": ids[:begins], "critic": ids[:begins], "said": ids[begins:]}

    def read(words: str) -> list[int]:
        prompt = beside(attempt.prompt, words)
        return encode(tokenizer, prompt if config.voice == "text" else as_prompt(tokenizer, prompt))

    row["hint"] = read(config.hint.replace("{answer}", attempt.answer))
    if attempt.criticism:
        row["critic"] = read(config.criticised.replace("{criticism}", attempt.criticism))
    return row


def beside(prompt: str | list[dict], words: str) -> str | list[dict]:
    """A question with some words behind it, in the place where tasks of the world put a hint; of messages the last."""
    if isinstance(prompt, str):
        return sums.beside(prompt, words)
    *before, last = prompt
    return [*before, {**last, "content": sums.beside(last["content"], words)}]


def laid_side_by_side(rows: list[dict], pad: int) -> dict:
    """
    Rows as tensors: for each reading what `Written` holds of it, the answers in the same places, and whether they are
    right. Where rows have an "order" of their tokens, also that.
    """
    import torch

    said, batch = [row["said"] for row in rows], {}
    for name in READINGS:
        laid = laid_out(SimpleNamespace(prompt_ids=[row[name] for row in rows], completion_ids=said), pad, "cpu")
        batch[name] = {key: value for key, value in vars(laid).items() if value is not None}
    if "order" in rows[0]:
        longest = max(map(len, said))
        batch["order"] = torch.tensor([[*row["order"], *range(len(row["order"]), longest)] for row in rows])
    return batch | {"right": torch.tensor([row["right"] for row in rows])}


def three_readings(model, batch: dict):
    """
    How likely each token of an answer is to a model that knows the question, the right answer too, or the criticism.

    returns  (log b (B, T) with its gradient, a (B, T), j (B, T), states (B, T, D) from which the plain reading tells)
    """
    import torch

    plain, hint, critic = (Written(**batch[name]) for name in READINGS)
    base_logprobs, states = token_logprobs(model, plain, 1.0, critic=lambda states: states.detach().float())
    with torch.no_grad():
        answer, judged = (token_logprobs(model, written, 1.0)[0].exp() for written in (hint, critic))
    return base_logprobs, answer, judged, states


def dealt(seed: int, place: int, length: int) -> list[int]:
    """An order of so many tokens, by chance; the same for the same row of a run."""
    return Dice("weights", seed, place).shuffled(range(length))
