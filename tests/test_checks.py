"""Right solutions pass however they are written, wrong ones are named, an unsolved stub stops nobody."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from ftkit import checks
from ftkit.adapters.lora import lora_forward
from ftkit.checks import check, show, verdict
from ftkit.checks.exercises import EXERCISES
from ftkit.comprehension import form_bits
from ftkit.comprehension.preunderstanding import code_lengths
from ftkit.objectives.dpo import dpo_loss
from ftkit.objectives.grpo import group_advantages
from ftkit.objectives.nlft import nlft_loss
from ftkit.objectives.ppo import advantages_of
from ftkit.objectives.pretrain import next_token_loss
from ftkit.objectives.reward import reward_loss
from ftkit.objectives.sdft import sdft_loss
from ftkit.objectives.sft import completion_loss
from ftkit.prompting import calibrated
from ftkit.retrieval import rag_sequence


def as_learners_write_it_perplexity(token_logprobs):
    product = 1.0
    for one in token_logprobs:
        product *= math.e**one
    return (1 / product) ** (1 / len(token_logprobs))


def as_learners_write_it_bits(logits, input_ids):
    return cross_entropy(logits[:, :-1].transpose(1, 2), input_ids[:, 1:]).item() / math.log(2)


def as_learners_write_it_per_example(token_logprobs, completion_mask):
    rows = []
    for logprobs, mask in zip(token_logprobs, completion_mask, strict=True):
        rows.append(-logprobs[mask.bool()].mean())
    return torch.stack(rows).mean()


def as_learners_write_it_by_many(logprobs, content_free):
    before = [0.0] * len(logprobs)
    for text in content_free.exp().tolist():
        for label, one in enumerate(text):
            before[label] += one / sum(text) / len(content_free)
    quotients = [math.exp(one) / other for one, other in zip(logprobs.tolist(), before, strict=True)]
    return quotients[0] / sum(quotients)


def as_learners_write_it_rag_token(document_logprobs, token_logprobs):
    whole = 0.0
    for t in range(token_logprobs.shape[1]):
        chance = 0.0
        for z, logprob in enumerate(document_logprobs):
            chance += math.exp(logprob) * math.exp(token_logprobs[z, t])
        whole += math.log(chance)
    return whole


def as_learners_write_it_content(value_logprobs, answers):
    bits = []
    for logprobs, answer in zip(value_logprobs.tolist(), answers.tolist(), strict=True):
        chances = [math.exp(one) for one in logprobs]
        bits.append(math.log2(sum(chances) / chances[answer]))
    return sum(bits) / len(bits)


def as_learners_write_it_surplus(bits, block, tolerance):
    surplus, spent, read = 0.0, 0.0, 0
    for i, one in enumerate(bits, 1):
        spent, read = spent + one, read + 1
        if read == block or i == len(bits):
            surplus += max(spent - read * tolerance, 0)
            spent, read = 0.0, 0
    return surplus


def as_learners_write_it_margin(chosen_reward, rejected_reward, margin):
    chances = 1 / (1 + torch.exp(rejected_reward + margin - chosen_reward))
    return -chances.log().mean()


def as_learners_write_it_dpo_per_token(chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta):
    losses = []
    for chosen, rejected, long, short in zip(
        chosen_logratio.tolist(), rejected_logratio.tolist(), chosen_tokens, rejected_tokens, strict=True
    ):
        losses.append(math.log(1 + math.exp(beta * (rejected / int(short) - chosen / int(long)))))
    return sum(losses) / len(losses)


def as_learners_write_it_slips(chosen_logratio, rejected_logratio, beta, slips):
    chance = torch.sigmoid(beta * (chosen_logratio - rejected_logratio))
    return -(chance.log() * (1 - slips) + (1 - chance).log() * slips).mean()


def as_learners_write_it_rslora(x, weight, a, b, alpha):
    return x @ (weight + alpha / math.sqrt(len(a)) * b @ a).T


def as_learners_write_it_returns(rewards, completion_mask, gamma):
    found = torch.zeros_like(rewards)
    for t in range(rewards.shape[1]):
        for later in range(t, rewards.shape[1]):
            found[:, t] += gamma ** (later - t) * rewards[:, later] * completion_mask[:, later]
    return found * completion_mask


def as_learners_write_it_advantages(rewards):
    size = rewards.shape[1]
    return torch.stack(
        [row - torch.stack([row[torch.arange(size) != i].mean() for i in range(size)]) for row in rewards]
    )


def as_learners_write_it_cut(base_logprobs, judged, completion_mask, threshold):
    means = []
    for row, said, mask in zip(base_logprobs, judged, completion_mask, strict=True):
        b = row.exp()[mask.bool()]
        bad = said[mask.bool()] > threshold * b
        means.append(-torch.cat([torch.log(1 - b[bad]), torch.log(b[~bad])]).mean())
    return sum(means) / len(means)


def as_learners_write_it_reverse(student_logits, teacher_logits, completion_mask):
    p, q = student_logits.softmax(-1), teacher_logits.softmax(-1)
    each = (p * (p / q).log()).sum(-1)
    return torch.stack([row[mask.bool()].mean() for row, mask in zip(each, completion_mask, strict=True)]).mean()


def as_learners_write_it_kappa(judged, ruled):
    n = len(judged)
    both = sum(one and other for one, other in zip(judged, ruled, strict=True))
    none = sum(not one and not other for one, other in zip(judged, ruled, strict=True))
    p, q = sum(judged) / n, sum(ruled) / n
    chance = p * q + (1 - p) * (1 - q)
    return 0.0 if chance == 1 else ((both + none) / n - chance) / (1 - chance)


SOLVED = {
    "perplexity": as_learners_write_it_perplexity,
    "next_token_bits": as_learners_write_it_bits,
    "completion_loss_per_example": as_learners_write_it_per_example,
    "calibrated_by_many": as_learners_write_it_by_many,
    "rag_token": as_learners_write_it_rag_token,
    "surplus_code_length": as_learners_write_it_surplus,
    "content_bits": as_learners_write_it_content,
    "reward_loss_with_margin": as_learners_write_it_margin,
    "dpo_loss_per_token": as_learners_write_it_dpo_per_token,
    "dpo_loss_with_slips": as_learners_write_it_slips,
    "rslora_forward": as_learners_write_it_rslora,
    "discounted_returns": as_learners_write_it_returns,
    "advantages_without_scale": as_learners_write_it_advantages,
    "cut_loss": as_learners_write_it_cut,
    "reverse_kl": as_learners_write_it_reverse,
    "kappa": as_learners_write_it_kappa,
}
MISTAKES = [(name, i) for name, task in EXERCISES.items() for i in range(len(task.mistakes))]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_right_solution_passes(name, capsys):
    check(SOLVED[name], name)
    assert "✓ right" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "i"), MISTAKES)
def test_a_typical_mistake_is_rejected_and_named(name, i):
    mistake, sentence = EXERCISES[name].mistakes[i]
    found = verdict(mistake, name)
    assert found.passed is False
    assert sentence in found.text, found.text


@pytest.mark.parametrize(
    ("copied", "name", "says"),
    [
        (next_token_loss, "next_token_bits", "nats"),
        (completion_loss, "completion_loss_per_example", "completion_loss"),
        (calibrated, "calibrated_by_many", "shape (2, 2), which is not one number"),
        (rag_sequence, "rag_token", "rag_sequence"),
        (code_lengths, "surplus_code_length", "It raised TypeError"),
        (form_bits, "content_bits", "It raised TypeError"),
        (reward_loss, "reward_loss_with_margin", "It raised TypeError"),
        (dpo_loss, "dpo_loss_per_token", "It raised TypeError"),
        (dpo_loss, "dpo_loss_with_slips", "It raised TypeError"),
        (lora_forward, "rslora_forward", "lora_forward itself"),
        (advantages_of, "discounted_returns", "It raised TypeError"),
        (group_advantages, "advantages_without_scale", "group_advantages itself"),
        (nlft_loss, "cut_loss", "It raised TypeError"),
        (sdft_loss, "reverse_kl", "It raised TypeError"),
    ],
)
def test_copying_what_show_prints_does_not_pass(copied, name, says):
    found = verdict(copied, name)
    assert found.passed is False and says in found.text


def test_hand_worked_values():
    # three tokens, each one of four: 4; uniform over four: 2 bits
    # rows of mean surprise 1 and 5 are 3 on average; all four tokens together would be 2
    # 0.6 and 0.4 against a mean of 0.6 and 0.4: nothing speaks for either label
    # 0.75 * 0.8 + 0.25 * 0.4 = 0.7 and 0.75 * 0.5 + 0.25 * 0.1 = 0.4
    # 9 + 5 bits are 10 more than 2 * 2; 1 + 2.5 and 1 are less than what may be left
    # the right value has a half and a quarter of its kind's chances: 1 and 2 bits, however small those are
    # ahead by two with a margin of two, and equal with none: a coin's surprise each
    # 6 / 3 + 3 / 3 = 3 and -8 / 4 + 20 / 10 = 0, times two: log(1 + e^-6) and a coin's
    # margins 4 and 0: log(1 + e^-4) and 4 more for a quarter of it; and a coin's
    # 2, 1 + 2 / 2 and 0 + 2 / 2; -1 and 1 - 1 / 2, the 5 lies beyond its answer; 1 against 0, and 0 against a third
    # 0.9 is more than 1.5 * 0.5: unlearned, 0.2 and 0.9 learned; 0.5 is more than 1.5 * 0.1: unlearned, 0.8 learned
    # four of five alike, by chance 0.6 * 0.4 + 0.4 * 0.6 = 0.48: 0.32 of 0.52
    first = {name: task.reference(**task.cases()[0]) for name, task in EXERCISES.items()}
    assert float(first["perplexity"]) == pytest.approx(4)
    assert float(first["next_token_bits"]) == pytest.approx(2)
    assert float(first["completion_loss_per_example"]) == pytest.approx(3)
    assert float(first["calibrated_by_many"]) == pytest.approx(0.5)
    assert float(first["rag_token"]) == pytest.approx(math.log(0.7 * 0.4))
    assert first["surplus_code_length"] == pytest.approx(10)
    assert float(first["content_bits"]) == pytest.approx(1.5)
    coin = math.log(2)
    assert float(first["reward_loss_with_margin"]) == pytest.approx(coin)
    assert float(first["dpo_loss_per_token"]) == pytest.approx((math.log(1 + math.exp(-6)) + coin) / 2)
    assert first["discounted_returns"].tolist() == [[1.0, 2.0, 2.0], [0.5, -1.0, 0.0]]
    assert first["advantages_without_scale"].tolist() == [pytest.approx([1, -1 / 3, -1 / 3, -1 / 3]), [0, 0, 0, 0]]
    cut = -(math.log(0.5) + math.log(0.2) + math.log(0.9)) / 6 - (math.log(0.8) + math.log(0.9)) / 4
    assert float(first["cut_loss"]) == pytest.approx(cut)
    assert first["kappa"] == pytest.approx(0.32 / 0.52)
    assert float(first["dpo_loss_with_slips"]) == pytest.approx((math.log(1 + math.exp(-4)) + 4 / 4 + coin) / 2)


def raises(*_, **__):
    raise NotImplementedError


def returns_the_dots(*_, **__):
    return ...


def returns_nothing(*_, **__): ...


@pytest.mark.parametrize("stub", [raises, returns_the_dots, returns_nothing])
@pytest.mark.parametrize("name", EXERCISES)
def test_an_unsolved_stub_says_not_yet(stub, name, capsys):
    check(stub, name)
    assert "not yet" in capsys.readouterr().out
    assert verdict(stub, name).passed is None


def test_a_function_is_found_by_its_name():
    def perplexity(token_logprobs):
        return math.exp(-sum(token_logprobs) / len(token_logprobs))

    assert verdict(perplexity).passed is True


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"did you mean 'perplexity'.*next_token_bits"):
        verdict(lambda: 0, "perplexty")


def test_a_wrong_answer_tells_the_input_what_came_and_what_was_expected():
    text = verdict(lambda token_logprobs: 7.0, "perplexity").text
    assert "not right on input 1" in text
    assert "token_logprobs = [-1.386" in text
    assert "It gave 7. Expected: 4." in text


def broken(token_logprobs):
    return token_logprobs + 1


def listed(token_logprobs):
    return [4.0]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (broken, "It raised TypeError: "),
        (lambda: 1.0, "It raised TypeError: "),
        (listed, "It gave list [4.0], which is not one number."),
        (lambda token_logprobs: torch.ones(2, 2), "It gave shape (2, 2), which is not one number."),
        (lambda token_logprobs: float("nan"), "It gave nan. Expected: 4."),
        (lambda token_logprobs: True, "It gave bool True"),
    ],
)
def test_what_is_no_number_is_said_and_never_raised(function, says):
    found = verdict(function, "perplexity")
    assert found.passed is False and says in found.text


def test_a_function_that_changes_its_input_changes_nothing_else():
    def eats(token_logprobs):
        right = math.exp(-sum(token_logprobs) / len(token_logprobs))
        token_logprobs.clear()
        return right

    assert verdict(eats, "perplexity").passed is True


def test_show_prints_the_packages_own_source(capsys):
    show(completion_loss)
    out = capsys.readouterr().out
    assert "ftkit.objectives.sft, line" in out
    assert "sum(mask * log p) / sum(mask)" in out and "return -(" in out


def test_show_is_coloured_where_a_page_can():
    page = checks.Source("def f():\n    return 1\n", "m, line 1")._repr_markdown_()
    assert "````python\ndef f():\n    return 1\n````" in page


def test_show_refuses_what_has_no_source():
    with pytest.raises(TypeError, match="3, which has no Python source; give a function or a class"):
        show(3)
