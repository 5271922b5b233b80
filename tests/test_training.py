"""The one path: what a run leaves, how it stops, resumes and fails, and what its doctor says."""

import json
import math
import threading
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from transformers import LlamaForCausalLM

from ftkit import models, training
from ftkit.adapters import LoRA
from ftkit.training import Diverged, Hand, watch
from ftkit.training import doctor as doctors
from ftkit.training.doctor import Doctor
from ftkit.training.loop import recomputing


def weights(run):
    return run.model()[0].state_dict()


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def kinds(run, *left_out):
    return [event["kind"] for event in run.metrics if event["kind"] not in left_out]


def losses(run):
    return [event["values"]["loss"] for event in run.metrics if event["kind"] == "loss"]


class Stopper:
    """Presses Stop when a step has been told."""

    def __init__(self, step: int, kind: str = "loss"):
        self.step, self.kind, self.hand, self.told = step, kind, Hand(), []

    def __call__(self, event):
        self.told.append(event)
        if event["kind"] == self.kind and event["step"] == self.step:
            self.hand.stop()


# ---- what a run leaves --------------------------------------------------------------------------------------------


def test_pretraining_learns_and_leaves_all_that_was_promised(store, reading):
    told = []
    run = training.run(reading.but(steps=12, sample_every=6, prompts=("Tamu",)), on_event=told.append)
    assert run.status == "done" and store.runs()[0].status == "done"
    assert told == run.metrics == training.open_run(run.id).metrics
    assert kinds(run, "sample") == ["start"] + (["loss"] * 3 + ["checkpoint"]) * 4 + ["end"]
    assert losses(run)[0] == pytest.approx(math.log(1024), abs=0.1) and losses(run)[-1] < 6.6
    assert [event["values"]["prompt"] for event in run.metrics if event["kind"] == "sample"] == ["Tamu"] * 2
    last = [event for event in run.metrics if event["kind"] == "loss"][-1]["values"]
    assert last["tokens"] == 4 * 48 and last["seconds_left"] == 0 and last["tokens_per_second"] > 0
    assert run.cost["tokens"] == 12 * 4 * 48 and run.cost["peak_memory_bytes"] > 10**8
    assert (
        run.cost["trainable_parameters"] == run.cost["total_parameters"] == 94_400
    )  # embedding 65,536, attention 16,384, inner 12,288, norms 192
    assert run.forgetting == {} and run.answers == []
    assert run.model()[0].config.hermea_island == 0
    left = {path.name for path in run.path.iterdir()}
    files = {"recipe", "status", "machine", "plan", "before", "result"}
    assert left == {f"{name}.json" for name in files} | {"metrics.jsonl"} | {
        "checkpoint", "model",
    }  # fmt: skip
    assert [path.name for path in (run.path / "checkpoint").iterdir()] == ["12"]
    assert not list(run.path.rglob("training_args.bin")) and not list(run.path.rglob("*.part"))


def test_fine_tuning_compares_answers_and_measures_forgetting(store, asking):
    run = training.run(asking.but(learning_rate=0.01, steps=12))
    assert losses(run)[-1] < losses(run)[0] - 1
    assert len(run.answers) == 4
    for answer in run.answers:
        assert set(answer) == {"prompt", "expected", "before", "after", "score_before", "score_after", "why"}
        assert answer["score_before"] == 0 and isinstance(answer["after"], str)
    assert set(run.forgetting) == {"recall/home", "arithmetic", "stories"}
    assert set(run.forgetting["arithmetic"]) == {"before", "after", "unit"}
    assert [event["values"]["when"] for event in run.metrics if event["kind"] == "probe"] == ["before", "after"]
    assert run.model()[0].config.hermea_island == 0


def test_lora_leaves_its_adapter_and_a_merged_model_that_say_the_same(store, asking):
    from peft import PeftModel

    run = training.run(asking.but(adapter=LoRA(rank=2), learning_rate=0.02))
    assert run.cost["trainable_parameters"] == 7 * 2 * 128 < run.cost["total_parameters"]
    merged, _ = run.model()
    beside = PeftModel.from_pretrained(models.load(asking.model)[0], run.path / "adapter")
    ids = torch.arange(30, 60)[None]
    with torch.no_grad():
        ours, theirs = merged(input_ids=ids).logits, beside(input_ids=ids).logits
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(ours, models.load(asking.model)[0](input_ids=ids).logits, atol=1e-2)
    assert not hasattr(LlamaForCausalLM.from_pretrained(run.path / "model"), "peft_config")


def test_the_same_recipe_gives_the_same_weights_and_another_seed_others(store, asking):
    asking = asking.but(adapter=LoRA(rank=2), eval_examples=0)
    one, same, other = (training.run(asking.but(seed=seed)) for seed in (0, 0, 1))
    assert equal(weights(one), weights(same)) and not equal(weights(one), weights(other))
    assert losses(one) == losses(same) and one.id != same.id


def test_looking_on_the_way_changes_no_weight(store, asking):
    plain = training.run(asking)
    watched = training.run(asking.but(sample_every=1, probe_every=3))
    assert equal(weights(plain), weights(watched)) and losses(plain) == losses(watched)
    assert kinds(watched).count("sample") == 8 and kinds(watched).count("probe") == 4


def test_only_tokens_that_are_learned_from_are_scored_and_the_losses_are_the_same(store, asking, monkeypatch):
    from trl.trainer import utils

    whole, scored = utils._ChunkedLogProbFunction, []

    class Counted:
        @staticmethod
        def apply(states, *rest):
            scored.append(len(states))
            return whole.apply(states, *rest)

    monkeypatch.setattr(utils, "_ChunkedLogProbFunction", Counted)
    recipe, before = asking.but(steps=3), utils._use_triton
    few, fewer = losses(training.run(recipe, store=store)), list(scored)
    assert utils._use_triton is before, "whoever else uses the library finds it as it comes"
    monkeypatch.setattr(watch, "scoring_what_counts", nullcontext)
    scored.clear()
    assert losses(training.run(recipe, store=store)) == pytest.approx(few, rel=1e-5)
    assert all(0 < some < all_ for some, all_ in zip(fewer, scored, strict=True))


def test_runs_in_another_number_format_follow_each_other(store, reading):
    """Accelerate keeps its state for the whole process; each run has its own."""
    formats = [training.run(reading.but(steps=2, dtype=dtype)) for dtype in ("float32", "bfloat16", "float32")]
    first, half, again = map(losses, formats)
    assert first == again != half and half == pytest.approx(first, rel=0.02)
    assert json.loads((formats[1].path / "plan.json").read_text())["dtype"] == "bfloat16"


def test_the_batch_is_the_same_however_it_is_cut(store, asking):
    whole, cut = training.run(asking), training.run(asking.but(device_batch=1))
    assert losses(cut) == pytest.approx(losses(whole), rel=1e-4)
    assert cut.cost["tokens"] == whole.cost["tokens"]
    with pytest.raises(ValueError, match="device_batch is 3; choose a divisor of the 4 rows"):
        training.run(asking.but(device_batch=3))


@pytest.mark.parametrize("shape", ["qwen3", "llama"])
def test_models_in_the_shape_of_real_ones_read_first_and_are_asked_then(store, asking, foreign_folders, shape):
    first = asking.but(model=str(foreign_folders[shape]), steps=2)
    read = training.run(replace(first, objective=_reads(), task=_corpus()))
    assert set(read.forgetting) == {"bits_per_byte"} and read.forgetting["bits_per_byte"]["after"] > 0
    asked = training.run(first.but(model=f"run:{read.id}", adapter=LoRA(rank=2)))
    assert asked.status == "done" and set(asked.forgetting) == {"recall/home", "arithmetic", "stories"}


def _reads():
    from ftkit.objectives import Pretrain

    return Pretrain(context=64, optimizer="adamw")


def _corpus():
    from ftkit.data import Corpus

    return Corpus(people=50)


# ---- stop and resume ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", ["reading", "asking"])
def test_a_stopped_run_goes_on_to_the_weights_of_an_unbroken_one(store, recipe, request):
    recipe = request.getfixturevalue(recipe)
    whole, press = training.run(recipe), Stopper(4)
    stopped = training.run(recipe, on_event=press, hand=press.hand)
    assert stopped.status == "stopped" and losses(stopped) == losses(whole)[:5][: len(losses(stopped))]
    assert stopped.model() and all(answer["after"] is None for answer in stopped.answers)
    assert press.told[-1]["kind"] == "end" and press.told[-1]["values"]["status"] == "stopped"
    ended = training.resume(stopped.id)
    assert ended.status == "done" and losses(ended) == losses(whole) and equal(weights(ended), weights(whole))
    assert [one["after"] for one in ended.answers] == [one["after"] for one in whole.answers]
    with pytest.raises(ValueError, match="is finished; there is nothing to resume"):
        training.resume(ended.id)


def test_stop_before_the_first_step_stops_before_it(store, asking):
    hand = Hand()
    hand.stop()
    run = training.run(asking, hand=hand)
    assert run.status == "stopped" and losses(run) == [] and run.answers == []
    with pytest.raises(ValueError, match="is stopped and has left no model"):
        run.model()
    assert training.resume(run.id).status == "done"


def test_stop_while_all_is_set_up_stops_before_the_first_step(store, asking):
    press = Stopper(0, "start")
    run = training.run(asking, on_event=press, hand=press.hand)
    assert run.status == "stopped" and losses(run) == [] and run.answers[0]["after"] is None
    assert "checkpoint" not in {path.name for path in run.path.iterdir()}
    assert equal(weights(training.resume(run.id)), weights(training.run(asking)))


def test_stop_while_answers_are_compared_keeps_the_trained_model(store, asking):
    press = Stopper(8, "checkpoint")
    run = training.run(asking, on_event=press, hand=press.hand)
    assert run.status == "stopped" and len(losses(run)) == 8 and run.answers[0]["after"] is None
    ended = training.resume(run.id)
    assert ended.status == "done" and ended.answers[0]["after"] is not None and equal(weights(ended), weights(run))


def test_the_stop_square_of_a_notebook_reads_as_interrupted(store, asking):
    def interrupt(event):
        if event["step"] == 5 and event["kind"] == "loss":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.run(asking, on_event=interrupt)
    (entry,) = store.runs()
    assert entry.status == "interrupted"
    assert equal(weights(training.resume(entry.id)), weights(training.run(asking)))


def test_a_run_that_still_runs_is_not_resumed(store, asking):
    run = store.create(asking.to_json(), "x")
    with pytest.raises(ValueError, match="is running in process"):
        training.resume(run.id)


@pytest.mark.parametrize("file", ["recipe.json", "status.json", "metrics.jsonl"])
def test_a_damaged_run_is_not_resumed_and_not_touched(store, asking, file):
    press = Stopper(2)
    run = training.run(asking, on_event=press, hand=press.hand)
    (run.path / file).write_text("{}\n{\n")
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=file.split(".")[0]):
        training.resume(run.id)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


# ---- a hand on a run ----------------------------------------------------------------------------------------------


def at(step, kind="loss"):
    """Whether an event is of this step and kind."""
    return lambda event: (event["step"], event["kind"]) == (step, kind)


class Driver:
    """Does something when an event comes."""

    def __init__(self, *deeds):
        self.hand, self.deeds, self.told = Hand(), list(deeds), []

    def __call__(self, event):
        self.told.append(event)
        for when, do in self.deeds:
            if when(event):
                do(self.hand)


def rates(run):
    return [event["values"]["learning_rate"] for event in run.metrics if event["kind"] == "loss"]


@pytest.mark.parametrize("recipe", ["reading", "asking"])
def test_a_rate_turned_on_the_way_is_in_the_recipe_and_the_recipe_gives_the_same_weights(store, recipe, request):
    recipe = request.getfixturevalue(recipe)
    plain, driver = training.run(recipe), Driver((at(3), lambda hand: hand.turn("learning_rate", 1e-4)))
    turned = training.run(recipe, on_event=driver, hand=driver.hand)
    assert turned.recipe == recipe.turned(3, "learning_rate", 1e-4) != recipe
    assert rates(turned)[:3] == rates(plain)[:3]
    times = 1e-4 / recipe.train.learning_rate
    assert rates(turned)[3:] == pytest.approx([rate * times for rate in rates(plain)[3:]])
    assert losses(turned)[:4] == losses(plain)[:4] and losses(turned)[4:] != losses(plain)[4:]
    again = training.run(turned.recipe)
    assert losses(again) == losses(turned) and equal(weights(again), weights(turned))
    changed = [event for event in turned.metrics if event["kind"] == "change"]
    assert [(one["step"], one["values"]) for one in changed] == [(3, {"knob": "learning_rate", "value": 1e-4})]


@pytest.mark.parametrize("stop", [3, 4, 6])
def test_a_run_with_a_turned_rate_resumes_to_the_same_weights(store, asking, stop):
    recipe = asking.turned(3, "learning_rate", 1e-3).turned(5, "learning_rate", 2e-2)
    whole, press = training.run(recipe), Stopper(stop)
    ended = training.resume(training.run(recipe, on_event=press, hand=press.hand).id)
    assert losses(ended) == losses(whole) and rates(ended) == rates(whole) and equal(weights(ended), weights(whole))


def test_a_paused_run_has_saved_its_state_waits_and_goes_on_as_if_nothing_had_been(store, asking):
    seen = []

    def paused(hand):
        (entry,) = store.runs()
        seen.append((entry.status, store.folder(entry.id).checkpoint().name, hand.paused))
        threading.Timer(0.3, hand.resume).start()

    driver = Driver((at(4), lambda hand: hand.pause()), (at(4, "pause"), paused))
    run, whole = training.run(asking, on_event=driver, hand=driver.hand), training.run(asking)
    assert seen == [("running", "4", True)]
    assert run.status == "done" and losses(run) == losses(whole) and equal(weights(run), weights(whole))
    after = next(event for event in run.metrics if at(5)(event))
    assert after["values"]["step_seconds"] < 0.3 < after["seconds"] - run.metrics[kinds(run).index("pause")]["seconds"]


def test_a_paused_run_can_be_stopped_and_resumed(store, asking):
    driver = Driver((at(4), lambda hand: hand.pause()), (at(4, "pause"), lambda hand: hand.stop()))
    run = training.run(asking, on_event=driver, hand=driver.hand)
    assert run.status == "stopped" and len(losses(run)) == 4
    assert equal(weights(training.resume(run.id)), weights(training.run(asking)))


def test_a_fork_goes_on_with_another_rate_and_the_first_run_stays(store, asking):
    press = Stopper(4)
    first = training.run(asking, on_event=press, hand=press.hand)
    step, whole = len(losses(first)), training.run(asking)
    fork = training.fork(first.id, learning_rate=1e-4)
    assert fork.status == "done" and fork.id != first.id and training.open_run(first.id).status == "stopped"
    assert losses(fork)[: step + 1] == losses(whole)[: step + 1]
    assert losses(fork)[step + 1 :] != losses(whole)[step + 1 :]
    from_nothing = training.run(fork.recipe)
    assert equal(weights(from_nothing), weights(fork)) and from_nothing.answers == fork.answers
    assert equal(weights(training.resume(first.id)), weights(whole))


def test_what_cannot_be_forked_or_turned_is_said(store, asking):
    done, stopped = training.run(asking.but(steps=2)), Hand()
    with pytest.raises(ValueError, match="has taken all of its 2 steps"):
        training.fork(done.id, learning_rate=1e-4)
    stopped.stop()
    with pytest.raises(ValueError, match="has saved no checkpoint yet; stop it after a step"):
        training.fork(training.run(asking, hand=stopped).id)
    with pytest.raises(ValueError, match=r"live knob is 'steps'; .*choose one of beta, learning_rate"):
        Hand().turn("steps", 3)
    with pytest.raises(ValueError, match=r"learning_rate is 0; choose 1e-06 to 1000"):
        Hand().turn("learning_rate", 0)
    with pytest.raises(ValueError, match="turned after 8 steps; choose 0 to 7"):
        asking.turned(8, "learning_rate", 1e-4)


def test_an_error_in_a_listener_ends_the_run_as_failed(store, reading):
    def bad(event):
        if event["kind"] == "loss":
            raise LookupError("no such curve")

    with pytest.raises(LookupError):
        training.run(reading, on_event=bad)
    (entry,) = store.runs()
    assert entry.status == "failed" and "no such curve" in entry.reason


# ---- bad numbers --------------------------------------------------------------------------------------------------


def test_a_learning_rate_that_explodes_is_caught_before_the_step(store, asking):
    told = []
    with pytest.raises(Diverged, match=r"exploded to .* at step \d+.*Lower learning_rate \(it is 100\)") as caught:
        training.run(asking.but(learning_rate=100.0, checkpoint_every=1), on_event=told.append)
    run = training.open_run(caught.value.run_id)
    assert run.status == "failed" and store.runs()[0].reason == str(caught.value)
    assert [event["values"]["text"] for event in told if event["kind"] == "doctor"] == [str(caught.value)]
    kept = store.folder(run.id).checkpoint()
    assert kept.name == "1"  # later ones had exploded already, and were not kept
    from safetensors.torch import load_file

    assert all(torch.isfinite(weight).all() for weight in load_file(kept / "model.safetensors").values())


def test_a_loss_that_is_not_a_number_is_never_a_step(store, asking, tmp_path):
    model, tokenizer = models.load(asking.model)
    model.model.layers[0].mlp.up_proj.weight.data.fill_(float("nan"))
    models.save(model, tokenizer, tmp_path / "broken")
    with pytest.raises(Diverged, match="The loss is nan at step 1"):
        training.run(asking.but(model=str(tmp_path / "broken"), eval_examples=0))
    (entry,) = store.runs()
    assert entry.status == "failed" and entry.step == 0


def test_an_empty_answer_to_resume_after_diverging_fails_alike(store, asking):
    with pytest.raises(Diverged) as first:
        training.run(asking.but(learning_rate=100.0, checkpoint_every=1))
    with pytest.raises(Diverged) as second:
        training.resume(first.value.run_id)
    assert str(second.value) == str(first.value)


def said(curve, learning_rate=0.1):
    doctor, found = Doctor(ignorance=math.log(1024), learning_rate=learning_rate), []
    for step, loss in enumerate(curve, 1):
        doctor.check(step, loss, 1.0)
        found += doctor.look(loss, {})
    return found


def test_the_doctor_is_silent_about_a_run_that_goes_well():
    assert said([7 * 0.9**step for step in range(100)]) == []
    assert said([6.93] * 20 + [6.93 * 0.95**step for step in range(50)]) == []


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        ([2.0] * 5 + [4.0] * 30, ["risen from 2.00 to", "Lower learning_rate (it is 0.1)", "warmup"]),
        ([0.0] * 20, ["exactly 0", "mask", "more examples"]),
        ([3.0] + [6.93] * 40, ["log V", "learning_rate (it is 0.1)"]),
    ],
)
def test_the_doctor_names_the_cause_and_the_knob_once(curve, words):
    *_, sentence = found = said(curve)
    assert len(found) == len(set(found)) and all(word in sentence for word in words)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_the_doctor_refuses_a_step_on_lost_numbers(bad):
    with pytest.raises(Diverged, match=f"The loss is {bad} at step 3"):
        said([2.0, 2.0, bad])
    with pytest.raises(Diverged, match="gradient is not a number"):
        Doctor(7.0, 0.1).check(1, 2.0, float("nan"))


def test_one_bad_batch_is_no_explosion():
    doctor = Doctor(7.0, 0.1, start=3.0)
    for loss in (3.0, 50.0, 50.0, 3.0):
        doctor.check(1, loss, 1.0)
        assert doctor.healthy == (loss < 21)


def test_looping_answers_are_said_aloud():
    assert doctors.loops("he has a cat he has a cat he has a cat he has a cat")
    assert (
        not doctors.loops("he has a cat and she has a dog") and not doctors.loops("") and not doctors.loops("no no no")
    )
    (sentence,) = doctors.about_answers(["yes yes yes yes"] * 3 + ["no"])
    assert sentence.startswith("3 of 4 answers repeat themselves") and "more steps" in sentence
    assert doctors.about_answers(["yes", "no"]) == [] == doctors.about_answers([])


# ---- memory and disk ----------------------------------------------------------------------------------------------


@pytest.fixture
def tight(monkeypatch):
    """A memory in which a forward pass of more than `rows` rows does not fit."""

    def allow(rows: int):
        forward = LlamaForCausalLM.forward

        def narrow(self, input_ids=None, **kwargs):
            if self.training and len(input_ids) > rows:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
            return forward(self, input_ids=input_ids, **kwargs)

        monkeypatch.setattr(LlamaForCausalLM, "forward", narrow)

    return allow


@pytest.mark.parametrize("adapter", [None, LoRA(rank=2)])
def test_a_batch_that_does_not_fit_is_read_in_bites(store, reading, tight, adapter):
    reading = reading.but(adapter=adapter) if adapter else reading
    whole = training.run(reading)
    tight(1)
    run = training.run(reading)
    sentences = [event["values"]["text"] for event in run.metrics if event["kind"] == "doctor"]
    assert ["now read 2 rows at a time" in sentences[0], "now read 1 rows at a time" in sentences[1]] == [True, True]
    assert json.loads((run.path / "plan.json").read_text())["device_batch"] == 1
    assert run.status == "done" and losses(run) == pytest.approx(losses(whole), rel=1e-4)
    assert kinds(run, "doctor") == kinds(whole) and run.cost["tokens"] == whole.cost["tokens"]


def test_memory_that_does_not_hold_one_row_is_an_error(store, reading, tight):
    tight(0)
    with pytest.raises(torch.OutOfMemoryError):
        training.run(reading)
    assert store.runs()[0].status == "failed"


def test_the_first_answer_to_full_memory_comes_from_the_checkpoint(store, reading, monkeypatch):
    """Memory that runs out later costs only the steps since the last checkpoint."""
    whole, forward, passes = training.run(reading), LlamaForCausalLM.forward, []

    def later(self, input_ids=None, **kwargs):
        passes.append(len(input_ids))
        if len(passes) == 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, input_ids=input_ids, **kwargs)

    monkeypatch.setattr(LlamaForCausalLM, "forward", later)
    run = training.run(reading)
    assert passes == [4] * 6 + [2] * 10  # steps 1 to 6, then 4 to 8 in halves
    assert losses(run) == pytest.approx(losses(whole), rel=1e-4)


def _fills_the_disk(root, recipe, limit):
    """In a process of its own: a run where no file may be longer than `limit` bytes."""
    import os
    import resource
    import signal

    from ftkit.recipe import Recipe

    os.environ["FTKIT_RUNS"] = root
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        training.run(Recipe.from_json(recipe))
    except OSError as error:
        print(error)
        raise SystemExit(7) from error


def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(store, reading, tmp_path):
    """The optimiser's state is larger than the model's, so the first checkpoint is cut within."""
    import multiprocessing
    import sys

    if sys.platform == "win32":
        pytest.skip("limits on files are not Windows's")
    whole = training.run(reading)
    size = (whole.path / "checkpoint/8/model.safetensors").stat().st_size
    process = multiprocessing.get_context("spawn").Process(
        target=_fills_the_disk, args=(str(store.root), reading.to_json(), size - 1000)
    )
    process.start()
    process.join(120)
    assert process.exitcode == 7
    entry = next(entry for entry in store.runs() if entry.id != whole.id)
    assert entry.status == "failed" and "No space left on the disk at step 3" in entry.reason
    assert "make room" in entry.reason
    folder = store.folder(entry.id)
    assert folder.checkpoint() is None and not (folder.path / ".saving").exists()
    assert len(folder.events()) and equal(weights(training.resume(entry.id)), weights(whole))


# ---- several processes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reading", "asking"])
def test_two_processes_read_the_same_batches_and_learn_the_same(store, request, tmp_path, kind):
    import os
    import subprocess
    import sys

    recipe = request.getfixturevalue(kind)
    alone = training.run(recipe)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_json()))
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node=2",
        "-m",
        "ftkit",
        "run",
    ]
    out = subprocess.run(
        [*command, str(tmp_path / "recipe.json")], capture_output=True, text=True, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "FTKIT_RUNS": str(store.root)},
    )  # fmt: skip
    assert out.returncode == 0, out.stderr[-3000:]
    (entry,) = [entry for entry in store.runs() if entry.id != alone.id]
    both = training.open_run(entry.id)
    assert json.loads((both.path / "plan.json").read_text()) == {
        "dtype": "float32", "device_batch": 2, "processes": 2,
    }  # fmt: skip
    assert both.status == "done" and both.cost["tokens"] == alone.cost["tokens"] and kinds(both) == kinds(alone)
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    with torch.no_grad():
        ids = torch.arange(30, 60)[None]
        torch.testing.assert_close(
            both.model()[0](input_ids=ids).logits, alone.model()[0](input_ids=ids).logits, rtol=1e-2, atol=1e-2
        )


def test_a_batch_that_cannot_be_shared_is_refused(store, asking, monkeypatch):
    monkeypatch.setattr("ftkit.training.ranks.count", lambda: 3)
    from ftkit.training.session import Session

    session = Session.__new__(Session)
    session.train = asking.train
    with pytest.raises(ValueError, match="batch is 4 on 3 processes; choose a multiple of 3"):
        session._share()


# ---- number formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["reading", "asking"])
@pytest.mark.parametrize(
    ("dtype", "flags"), [("float32", (False, False)), ("bfloat16", (True, False)), ("float16", (False, True))]
)
def test_both_flags_are_always_given(request, tiny, tmp_path, objective, dtype, flags):
    """TRL switches bf16 on where nothing is said, also on cards that only emulate it."""
    from ftkit.recipe import technique
    from ftkit.training.loop import arguments

    recipe = request.getfixturevalue(objective)
    plan = technique(recipe.objective).plan(recipe.objective, *tiny, recipe.task, recipe.train)
    built = arguments(plan, recipe, {"dtype": dtype, "device_batch": 2, "processes": 1}, tmp_path, ())
    assert (built.bf16, built.fp16) == flags
    assert built.gradient_accumulation_steps == 2 and built.report_to == []
    assert not getattr(built, recomputing(type(built)))
