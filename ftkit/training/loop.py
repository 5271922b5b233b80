"""The trainer of a run: the libraries' own, told what the plan is, and watched."""

import math
from contextlib import nullcontext
from dataclasses import fields

from transformers import PrinterCallback

from .. import machine, models
from ..recipe import Recipe
from ..records import Plan
from . import ranks
from .doctor import Doctor
from .measure import interruptible
from .reward_doctor import RewardDoctor
from .saving import SAVING
from .watch import Watch, watched


def arguments(plan: Plan, recipe: Recipe, machine_plan: dict, folder, report_to: tuple):
    """The library's training arguments; both 16-bit flags are always given, because TRL's default is not ours."""
    train = recipe.train
    bite, processes = machine_plan["device_batch"], machine_plan["processes"]
    built = plan.arguments(
        **{
            "output_dir": str(folder / SAVING),
            "max_steps": train.steps,
            "per_device_train_batch_size": bite,
            "gradient_accumulation_steps": train.batch // (bite * processes),
            "learning_rate": train.learning_rate,
            "weight_decay": train.weight_decay,
            "max_grad_norm": train.clip,
            "optim": "adamw_torch_fused",
            "bf16": machine_plan["dtype"] == "bfloat16",
            "fp16": machine_plan["dtype"] == "float16",
            "use_cpu": machine.device() == "cpu",
            recomputing(plan.arguments): False,  # it saves memory, for a third more time; small models need none
            "seed": train.seed,
            "train_sampling_strategy": "sequential",
            "remove_unused_columns": False,
            "dataloader_pin_memory": machine.device() == "cuda",
            "logging_nan_inf_filter": False,
            "logging_strategy": "steps" if report_to else "no",
            "logging_steps": 1,
            "report_to": list(report_to) or "none",
            "save_strategy": "no",
            "eval_strategy": "no",
            "disable_tqdm": True,
            "ddp_find_unused_parameters": False,
            **plan.options,
        }
    )
    if built.n_gpu > 1:
        built._n_gpu = 1  # one process drives one card; torchrun starts a process for each
    return built


def recomputing(kind: type) -> str:
    """How training arguments call it, in this version of the library, that activations are computed twice."""
    names = {one.name for one in fields(kind)}
    return next(name for name in ("activation_checkpointing", "gradient_checkpointing") if name in names)


def build(session, plan: Plan):
    """The watched trainer of a session."""
    trainer = watched(plan.trainer)(
        model=session.model,
        args=arguments(plan, session.recipe, session.plan, session.folder.path, session.report_to),
        train_dataset=plan.rows,
        data_collator=plan.collate,
        processing_class=session.tokenizer,
        **plan.extras,
    )
    trainer.remove_callback(PrinterCallback)
    started = (event["values"]["loss"] for event in session.folder.events() if event["kind"] == "loss")
    vocabulary = session.model.config.get_text_config().vocab_size
    kind = RewardDoctor if plan.rewarded else Doctor
    doctor = kind(math.log(vocabulary), session.train.learning_rate, next(started, None))
    trainer.watch = Watch(
        session.recipe, session.folder.path, doctor, session.hand, session.emit, session.look, session.turn, plan
    )
    trainer.watch.trainer = trainer
    trainer.add_callback(trainer.watch)
    if trainer.args.world_size != session.plan["processes"]:
        raise RuntimeError(
            f"{session.plan['processes']} processes were planned, but training sees {trainer.args.world_size};"
            " start them with torchrun --nproc_per_node"
        )
    return trainer


def train(session, plan: Plan) -> bool:
    """Trains `session.model` to the last step or to Stop; returns whether it was stopped."""
    with models.quiet():
        session.heed_stop()
        with interruptible(session.model, session.hand.stopped) if ranks.count() == 1 else nullcontext():
            trainer = build(session, plan)  # some read all rows with their reference here
        session.heed_stop()
        trainer.train(resume_from_checkpoint=str(session.checkpoint) if session.checkpoint else None)
    trainer.accelerator.unwrap_model(trainer.model_wrapped, keep_fp32_wrapper=False)
    trainer.accelerator.free_memory()
    return trainer.watch.stopped
