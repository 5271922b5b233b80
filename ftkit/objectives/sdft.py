"""Self-distillation: what a model writes alone, it reads again with a demonstration at hand, and moves towards that."""

import copy
import logging
import warnings
from dataclasses import dataclass
from functools import cache

from ..data import as_prompt, encode, reading_order, stated
from ..generation import generate
from ..models import goes_on
from ..records import Objective, Plan, check_knobs, knob
from .policy import SEEDS
from .told import beside

TELLS = {"length": "completions/mean_length", "cut": "completions/clipped_ratio"}


@dataclass(frozen=True)
class SDFT:
    """Who teaches, and what it is to come near to it. `alpha` and `top` are the library's.

    shown  how the teacher is told the {demonstration}, or the {answer} alone that it comes to, behind the question
    """

    alpha: float = knob(0.5, 0.0, 1.0, help="0: cover all that the teacher would say; 1: say nothing that it would not")
    top: int = knob(100, 1, 1_000_000, "log", "tokens", "the likeliest next tokens that are compared")
    teacher: str = knob(
        "base", scale="choice", choices=("base", "live"),
        help="base: the model that it was at first; live: the model as it is, so that the teacher learns, too",
    )  # fmt: skip
    group: int = knob(1, 1, 64, unit="completions", help="written to each question")
    longest: int = knob(64, 1, 4096, "log", "tokens", "completions are cut to so many")
    temperature: float = knob(1.0, 0.1, 2.0, help="of the sampling, and of both readings")
    shown: str = "{demonstration}"

    def __post_init__(self):
        check_knobs(self)
        if "{demonstration}" not in self.shown and "{answer}" not in self.shown:
            raise ValueError(f"shown is {self.shown!r}; it must have a place for {{demonstration}} or {{answer}}")


def sdft_loss(student_logits, teacher_logits, completion_mask, alpha: float, top: int):
    """
    How far a model is from itself with a demonstration at hand, on what it wrote without one.

    loss = mean over completions of mean over their tokens of D
    D = (1 - alpha) KL(student || M) + alpha KL(teacher || M),  M = (1 - alpha) student + alpha teacher
    D = KL(teacher || student) at alpha 0, KL(student || teacher) at alpha 1

    student_logits   (B, T, V)  the question alone at hand; the only reading with a gradient
    teacher_logits   (B, T, V)  the demonstration at hand, too
    completion_mask  (B, T)     1 on tokens that the student wrote, the end token included
    top              ()         both are compared on so many tokens that are likeliest to the student, as if there were
                                no others
    returns          ()  nats   0 if the demonstration changes nothing
    source           Shenfeld et al. 2026, arXiv:2601.19897, section 3; alpha and top as in TRL
    """
    import math

    import torch

    def kl(one, other):
        return (one.exp() * (one - other)).sum(-1)

    logits, places = student_logits.topk(top, dim=-1)
    student, teacher = logits.log_softmax(-1), teacher_logits.gather(-1, places).log_softmax(-1)
    if alpha in (0, 1):
        each = kl(student, teacher) if alpha else kl(teacher, student)
    else:
        mixture = torch.logaddexp(student + math.log(1 - alpha), teacher + math.log(alpha))
        each = (1 - alpha) * kl(student, mixture) + alpha * kl(teacher, mixture)
    return ((each * completion_mask).sum(-1) / completion_mask.sum(-1)).mean()


def plan(config: SDFT, model, tokenizer, task, train) -> Plan:
    """
    Questions in the order in which they are asked, for TRL's SDFTTrainer, which writes by our decode loop.

    raises  ValueError if the model does not write, the task asks nothing, groups do not fit into batches, or a
            demonstration does not fit into what the model reads
    """
    if not goes_on(model):
        raise ValueError("this model does not go on from a text, so it cannot teach itself; choose a causal model")
    if task.asks() is None:
        raise ValueError("texts ask nothing that could be demonstrated; choose a task with questions")
    if train.batch % config.group:
        raise ValueError(f"batch is {train.batch} completions; choose a multiple of the group of {config.group}")
    rows = [
        {
            "prompt": one.prompt,
            "privileged_context": beside(one.prompt, _told(config.shown, one.completion)),
        }
        for one in task.source()
    ]
    lengths = [len(encode(tokenizer, as_prompt(tokenizer, row["privileged_context"]))) for row in rows]
    room = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 10**9
    if max(lengths) + config.longest > room:
        raise ValueError(
            f"a question with its demonstration has {max(lengths)} tokens, a completion up to {config.longest}, and the"
            f" model reads {room}; lower longest, or choose shorter examples"
        )
    order = reading_order(lengths, train.batch // config.group, train.steps, train.seed)
    trainer, arguments = _library()
    return Plan(
        trainer=trainer,
        arguments=arguments,
        options={
            "num_generations": config.group,
            "max_completion_length": config.longest,
            "max_prompt_length": None,
            "temperature": config.temperature,
            "distillation_alpha": config.alpha,
            "distillation_topk": min(config.top, model.config.get_text_config().vocab_size),
            "teacher_model_kind": config.teacher,
            "shuffle_dataset": False,
        },
        rows=[rows[i] for i in order],
        collate=None,
        extras={"seed": train.seed},
        tells=TELLS,
        count=lambda trainer, batch: trainer.tokens,
    )


def _told(shown: str, completion: str) -> str:
    return shown.replace("{demonstration}", completion).replace("{answer}", stated(completion))


@cache
def _library() -> tuple[type, type]:
    """(trainer, its class of training arguments)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is experimental
        from trl.experimental.sdft import SDFTConfig, SDFTTrainer
        from trl.experimental.sdft.sdft_trainer import DemonstrationTeacherContextBuilder

    logging.getLogger(SDFTTrainer.__module__).setLevel(logging.ERROR)  # it warns of every adapter

    class Shown(DemonstrationTeacherContextBuilder):
        """What the teacher is told stands in the rows, as it is asked."""

        def _compose_teacher_prompt(self, prompt, privileged_context):
            return privileged_context

    class Demonstrated(SDFTTrainer):
        """The library's; it writes by our loop, asks as we ask, and keeps the model that it was at first: the library
        would load that again from where it was loaded once, which forgets whatever it has learned since."""

        def __init__(self, *args, seed: int, data_collator=None, **kwargs):
            self.seed, self.tokens = seed, 0
            super().__init__(*args, **kwargs)
            self.teacher_context_builder = Shown(self)

        def _setup_teacher_model(self):
            itself = self.args.teacher_model_kind == "live" or hasattr(self.model, "peft_config")
            self.teacher_model = self.model if itself else copy.deepcopy(self.model).eval().requires_grad_(False)

        def _tokenize_prompts(self, prompts):
            return [encode(self._tokenizer, as_prompt(self._tokenizer, prompt)) for prompt in prompts]

        def _prepare_training_batch(self, inputs):
            self.asked = [row["prompt"] for row in inputs]
            return super()._prepare_training_batch(inputs)

        def _generate(self, prompt_ids):
            prompts = [as_prompt(self._tokenizer, prompt) for prompt in self.asked[:: self.num_generations]]
            rollout = generate(
                self.accelerator.unwrap_model(self.model), self._tokenizer, prompts, self.num_generations,
                self.temperature, self.max_completion_length, self.seed * SEEDS + self.state.global_step,
            )  # fmt: skip
            return prompt_ids, rollout.completion_ids

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            masks = (inputs[name] for name in ("prompt_mask", "completion_mask", "teacher_attention_mask"))
            self.tokens = sum(int(mask.sum()) for mask in masks)
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    return Demonstrated, SDFTConfig


RECORD = Objective(
    name="sdft",
    title="Self-distillation fine-tuning",
    claim="A model that is shown how it is done is teacher enough for itself, and forgets less than by imitation.",
    paper="Shenfeld et al. 2026, arXiv:2601.19897",
    year=2026,
    seed_row="Table 1, Tutorial fine-tuning: the model as its own tutor",
    lab="72",
    config=SDFT,
    equation=sdft_loss,
    tells={"length": "tokens", "cut": "share of answers"},
    plan=plan,
)
