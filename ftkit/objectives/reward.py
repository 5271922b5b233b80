"""A reward model: from which of two answers is better it learns a number for any answer."""

from dataclasses import dataclass

from ..data import reading_order
from ..evaluation import Answer, Measurement, bootstrap, correlation, share
from ..records import Objective, Plan, check_knobs, knob
from ..rewards import is_reward_model, rewards
from ..world import Example
from .classify import headed
from .pairwise import paired, pairs_of

HEAD = "ForSequenceClassification"
TELLS = {"margin": "margin", "accuracy": "accuracy", "reward": "mean_reward"}


@dataclass(frozen=True)
class Reward:
    """What else than the order of two answers decides their rewards: nothing, or that they lie around 0."""

    center: float = knob(0.0, 0.0, 1.0, help="pull of the rewards towards 0, which their differences leave open")
    context: int = knob(256, 16, 32768, "log", "tokens", "a question with an answer is cut to so many")

    def __post_init__(self):
        check_knobs(self)


def reward_loss(chosen_reward, rejected_reward, center=0.0):
    """
    How surprised a reward model is by which of two completions was chosen, on average.

    loss = mean(-log sigmoid(chosen_reward - rejected_reward) + center * (chosen_reward + rejected_reward)^2)

    chosen_reward    (B,)  nats    log odds that the chosen completion wins are the difference of the two rewards
    rejected_reward  (B,)  nats
    center           ()    1/nats  pull towards 0; without it only differences are learned
    returns          ()    nats    log 2 if all rewards are 0
    raises           ValueError if shapes differ
    source           Ouyang et al. 2022, arXiv:2203.02155, eq. 1; center: Eisenstein et al. 2023, arXiv:2312.09244
    """
    from torch.nn.functional import logsigmoid

    if chosen_reward.shape != rejected_reward.shape:
        raise ValueError(
            f"there are {tuple(chosen_reward.shape)} chosen and {tuple(rejected_reward.shape)} rejected; give pairs"
        )
    pull = center * (chosen_reward + rejected_reward) ** 2
    return (pull - logsigmoid(chosen_reward - rejected_reward)).mean()


def equip(config: Reward, model, task, seed: int):
    """The model with a new head of one number, read where a text ends; as it is if it has that head already."""
    return model if is_reward_model(model) else headed(model, HEAD, ["reward"], seed)


def plan(config: Reward, model, tokenizer, task, train) -> Plan:
    """Pairs in reading order for TRL's RewardTrainer.

    raises  ValueError if there is no pair to learn from
    """
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    rows, notes = paired(model, tokenizer, task, config.context)
    whole = [{side: row["prompt_ids"] + row[side] for side in ("chosen_ids", "rejected_ids")} for row in rows]
    order = reading_order([max(map(len, row.values())) for row in whole], train.batch, train.steps, train.seed)
    return Plan(
        trainer=RewardTrainer,
        arguments=RewardConfig,
        options={"center_rewards_coefficient": config.center or None, "max_length": None},
        rows=Dataset.from_list(whole).select(order),
        collate=None,
        notes=notes,
        tells=TELLS,
    )


def asks(model, tokenizer, task, n: int) -> tuple[list[Answer], dict[str, Measurement]]:
    """
    Which of two answers it would choose, for n pairs that were held out; a model without that head chooses none.

    returns  (an Answer for each pair, 1 if the chosen one gets more; the share of those, and how rewards and gold
             scores of all answers go together)
    raises   ValueError if the task has no pairs
    """
    pairs = pairs_of(task).held_out(n)
    if not is_reward_model(model):
        return [Answer(pair.prompt, pair.chosen, "", 0.0, "it gives no rewards yet") for pair in pairs], {}
    texts = [Example(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)]
    given = rewards(model, tokenizer, texts)
    found = [
        Answer(
            pair.prompt, pair.chosen, pair.chosen if better > worse else pair.rejected, float(better > worse),
            f"reward {better:.2f} for the better answer, {worse:.2f} for the worse",
        )
        for pair, better, worse in zip(pairs, given[::2], given[1::2], strict=True)
    ]  # fmt: skip
    gold = [score for pair in pairs for score in pair.meta["scores"]]
    points = list(zip(given, gold, strict=True))
    measured = {"pair accuracy": share([answer.value for answer in found])}
    if len(points) > 2:
        measured["gold"] = Measurement(
            correlation(points), "correlation", len(points), *bootstrap(points, correlation, 200)
        )
    return found, measured if pairs else {}


RECORD = Objective(
    name="reward",
    title="Reward model",
    claim="From a few hundred comparisons a model learns a number that says which answer people prefer.",
    paper="Ouyang et al. 2022, arXiv:2203.02155",
    year=2022,
    seed_row="Table 1, RLHF: reward model",
    lab="50",
    config=Reward,
    equation=reward_loss,
    unit="nats/pair",
    tells={"margin": "nats", "accuracy": "share", "reward": "nats"},
    plan=plan,
    equip=equip,
    asks=asks,
)
