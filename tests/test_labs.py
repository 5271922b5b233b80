"""The labs: their form, what they need, and that something is learned when each is run as a learner runs it.

`FTKIT_KEEP=1 pytest tests/test_labs.py` writes the kept outputs again, and prints what each lab needed.
"""

import ast
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from hub import NAME, hub

from benchmarks import labs
from benchmarks.labs import GIB, MINUTES, PROBE, gflops
from ftkit import evidence, world
from ftkit.evidence import bridging, preferring, reinforcing, tutoring
from ftkit.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent
FOLDER, LABS = labs.FOLDER, labs.CASES
HEADINGS = ["Question", "Predict", "Run", "Observe", "Explain", "Exercise", "Recall"]
STATED = re.compile(r"^Measured on two cores: ([\d.]+) minutes, ([\d.]+) GiB of memory at most\.$", re.MULTILINE)
LINES = 15
PICTURE, RUN = 3.0, 25.0  # seconds until the first picture, and of a run: design, section 7
ROUNDS = 60.0  # seconds for the fifteen rounds of lab 66, which learn from a thousand attempts
SHARED = 1.25  # a machine that others use, too, takes that much longer at times
LOOKING = ("sample_every", "probe_every", "prompts", "eval_examples", "seed", "device_batch")  # they move no weight


@pytest.fixture(params=LABS)
def lab(request):
    return nbformat.read(FOLDER / f"{request.param}.ipynb", as_version=4)


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def under(notebook, heading: str) -> list:
    """The cells of one part."""
    found, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (title := re.match(r"## (\w+)", cell.source)):
            inside = title[1] == heading
        if inside:
            found.append(cell)
    return found


# ---- form ----


def test_lab_has_the_headings_in_order(lab):
    text = "\n".join(cell.source for cell in lab.cells if cell.cell_type == "markdown")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


def test_lab_begins_with_title_question_and_cost(lab):
    first, second, third = lab.cells[:3]
    title, question, cost = [part for part in first.source.split("\n\n") if part]
    assert title.startswith("# ") and question.endswith("?*")
    assert STATED.fullmatch(cost)
    assert tags(second) == ["colab"] and tags(third) == ["parameters"]
    assigned = [node.targets[0].id for node in ast.parse(third.source).body]
    assert assigned[:3] == ["model", "seed", "steps"]
    assert all("#" in line for line in third.source.splitlines())


def test_learner_predicts_a_number_before_anything_runs(lab):
    cells = [cell for cell in under(lab, "Predict") if cell.cell_type == "code"]
    values = [ast.literal_eval(node.value) for cell in cells for node in ast.parse(cell.source).body
              if isinstance(node, ast.Assign) and node.targets[0].id == "prediction"]  # fmt: skip
    assert len(values) == 1
    numbers = values[0].values() if isinstance(values[0], dict) else values
    assert all(isinstance(number, int | float) for number in numbers)
    assert any("prediction" in cell.source and "band" in cell.source for cell in under(lab, "Observe"))


def test_lab_explains_and_exercises(lab):
    explained = "\n".join(cell.source for cell in under(lab, "Explain"))
    assert "$$" in explained and re.search(r"^show\(\w+\)$", explained, re.MULTILINE)
    exercised = "\n".join(cell.source for cell in under(lab, "Exercise"))
    assert re.search(r"^> \*\*.+\*\* · \d+ minutes · (easy|medium|hard)$", exercised, re.MULTILINE)
    assert re.search(r"^check\(\w+\)$", exercised, re.MULTILINE) and "    ...  # your code" in exercised
    assert "<details><summary>A hint</summary>" in exercised and "> **Break it**" in exercised
    recall = "\n".join(cell.source for cell in under(lab, "Recall"))
    assert re.findall(r"^(\d)\. .+\?$", recall, re.MULTILINE | re.DOTALL)
    assert [f"{i}." in recall for i in (1, 2, 3, 4)] == [True, True, True, False]
    assert "**Sources.**" in recall and "**Next:**" in recall


def test_cells_are_short_and_end_with_the_result(lab):
    long = [cell.id for cell in code(lab) if len(cell.source.splitlines()) > LINES]
    assert long == []
    assert [tags(cell) for cell in lab.cells if "result" in tags(cell)] == [["result"]]
    assert "result" in tags(lab.cells[-1])


def test_lab_is_committed_without_outputs(lab):
    assert "widgets" not in lab.metadata
    for cell in code(lab):
        assert cell.execution_count is None
        assert "keep_output" in tags(cell) or cell.outputs == []
        assert all("image/png" not in output.get("data", {}) for output in cell.outputs)
    assert not any("attachments" in cell or "data:image" in cell.source for cell in lab.cells)


# ---- running ----


def execute(name: str, folder: Path, **parameters) -> SimpleNamespace:
    """One lab by papermill, as it is; what it left, and what its kernel needed."""
    needs = labs.executed(name, folder, **parameters)
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    result = next(cell for cell in notebook.cells if "result" in tags(cell))
    return SimpleNamespace(notebook=notebook, minutes=needs.minutes, gib=needs.gib, **json.loads(text_of(result)))


def text_of(cell) -> str:
    """All that a cell has left for a reader without pictures."""
    parts = []
    for output in cell.outputs:
        data = output.get("data", {})
        parts.append(output.text if output.output_type == "stream" else data.get("text/plain", ""))
    return re.sub(r", line \d+", "", "".join(parts))


def plain(output):
    """An output as it is kept: its text alone."""
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    return nbformat.v4.new_output("display_data", {"text/plain": output.data["text/plain"]})


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """name -> the lab, run once a session"""
    done = {}

    def once(name: str) -> SimpleNamespace:
        if name not in done:
            done[name] = execute(name, tmp_path_factory.mktemp(name))
        return done[name]

    return once


def same_training(ours: dict, measured: Recipe) -> None:
    """A run of a lab is the arm that its band was measured with, whatever was looked at on the way."""
    blind = dict.fromkeys(LOOKING)
    band = measured.to_json()
    assert {**ours, "train": ours["train"] | blind} == {**band, "train": band["train"] | blind}


def same_asking(ours: dict, claim: str) -> None:
    """What a lab has asked is what seed 0 of the claim asked; CPUs differ in the last digits, and so in few answers."""
    stored = evidence.stored(claim)
    values = {name: seeds[stored["seeds"].index(0)] for name, seeds in (stored["arms"] | stored["also"]).items()}
    assert values.keys() & ours.keys()
    for name in values.keys() & ours.keys():
        assert ours[name] == pytest.approx(values[name], abs=0.1), name


@pytest.mark.lab
@pytest.mark.parametrize("name", LABS)
def test_lab_needs_what_it_says(executed, name):
    ran = executed(name)
    stated = STATED.search(ran.notebook.cells[0].source)
    minutes, gib = float(stated[1]), float(stated[2])
    print(f"{name}: {ran.minutes:.2f} minutes, {ran.gib:.2f} GiB")
    assert minutes / 2 <= ran.minutes <= minutes * 2 and ran.minutes <= MINUTES * SHARED
    assert gib / 2 <= ran.gib <= gib * 2 and round(ran.gib, 1) <= GIB


@pytest.mark.lab
@pytest.mark.parametrize("name", LABS)
def test_kept_outputs_come_out_again(executed, name):
    path = FOLDER / f"{name}.ipynb"
    kept = nbformat.read(path, as_version=4)
    ran = {cell.id: cell for cell in executed(name).notebook.cells}
    if os.environ.get("FTKIT_KEEP"):
        for cell in code(kept):
            cell.outputs = [plain(output) for output in ran[cell.id].outputs] if "keep_output" in tags(cell) else []
        nbformat.write(kept, path)
    for cell in code(kept):
        if "keep_output" in tags(cell):
            assert cell.outputs and text_of(cell) == text_of(ran[cell.id]), f"{cell.id}: run with FTKIT_KEEP=1"


@pytest.mark.lab
@pytest.mark.parametrize("name", LABS)
def test_lab_is_silent_and_its_exercises_wait(executed, name):
    cells = executed(name).notebook.cells
    noisy = [cell.id for cell in cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    assert noisy == []
    stubs = [cell for cell in cells if cell.cell_type == "code" and "\ncheck(" in cell.source]
    assert stubs and all("not yet" in text_of(cell) for cell in stubs)
    assert "widgets" not in executed(name).notebook.metadata


@pytest.mark.lab
def test_lab_00_shows_form_without_content(executed):
    ran = executed("00_start")
    assert ran.homes["small"] >= 0.9
    assert ran.homes["stranger"] <= 0.2
    assert ran.accepted["temperature 0.5"] >= 0.7 > 0.3 >= ran.accepted["temperature 2.0"]
    island = text_of(next(cell for cell in ran.notebook.cells if cell.id == "islanders"))
    assert all(person.name in island and person.friend in island for person in world.island(0).residents[:5])


@pytest.mark.lab
def test_first_picture_comes_fast_and_without_torch(executed):
    cells = code(executed("00_start").notebook)
    first = next(i for i, cell in enumerate(cells) if "plots." in cell.source)
    seconds = sum(cell.metadata.papermill.duration for cell in cells[: first + 1])
    assert seconds * gflops() / PROBE <= PICTURE
    lines = [*(cell.source for cell in cells[1 : first + 1]), "import sys; assert 'torch' not in sys.modules"]
    program = "\n".join(lines)
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.lab
def test_lab_10_reads_form_before_facts(executed):
    ran = executed("10_pretraining")
    start, end = ran.losses
    assert start == pytest.approx(math.log(1024), abs=0.1)
    assert ran.entropy < end < 2.0
    assert all(form > fact - 0.02 for form, fact in zip(ran.gone["form"][3:], ran.gone["fact"][3:], strict=True))
    assert ran.gone["form"][-1] > 0.85 > ran.gone["fact"][-1]
    assert ran.kl["small"] < 0.2 < ran.kl["your reader"]
    assert min(ran.again.values()) >= 0.9
    assert "learning_rate" in ran.told[0]
    same_training(ran.recipe, evidence.recipe("form-first", "nano"))


@pytest.mark.lab
def test_lab_12_the_past_saves_and_hurts(executed):
    ran = executed("12_vorverstaendnis")
    first, last, guess = ran.first, ran.last, ran.guess
    assert ran.beyond["residents"][0] > 0.2 and ran.saved["residents, small"] >= 2
    assert abs(ran.beyond["newcomers"][0]) <= 3, "of newcomers nobody has read"
    assert first["small"] > first["random weights"], "who is sure of another voice pays more than who expects nothing"
    assert last["small"] <= guess - 1 and last["stranger"] >= guess - 0.5 and ran.rushed >= guess - 0.5
    assert all(ran.believed), "it goes on with the home of which its texts tell"
    (known, unknown, low), (foreign, new, _) = ran.moved["small, told"], ran.moved["stranger, told"]
    assert low > 0 and known >= unknown + 2 and known >= foreign + 2 and abs(foreign - new) <= 2
    assert ran.whole["small"]["6"] - ran.whole["nano"]["6"] >= ran.single["small"]["6"] - ran.single["nano"]["6"] + 0.1
    pairs = [(ran.whole[name][k], ran.single[name][k] ** int(k)) for name in ran.whole for k in ran.whole[name]]
    assert all(abs(share - expected) <= 0.15 for share, expected in pairs)
    assert ran.surprise["nano"]["6"] > ran.surprise["small"]["6"]


@pytest.mark.lab
def test_lab_20_asks_well(executed):
    ran = executed("20_prompting")
    right, kinds, flips, voices, added = ran.right, ran.kinds, ran.flips, ran.voices, ran.added
    assert right["k = 0"] <= 0.15 and right["k = 1"] >= 0.85
    assert all(right[f"k = {shots}"] >= right[f"k = {shots}, guess"] + 0.05 for shots in (4, 8))
    assert all(right[f"k = {shots}"] >= right[f"k = {shots}, shuffled"] + 0.05 for shots in (2, 4, 8))
    assert kinds["table"] >= 0.5 > max(kinds["choice"], kinds["shift"]) and kinds["table, unread"] <= 0.05
    assert flips["reviews"] >= 0.75 and flips["reviews, shuffled"] >= 0.75 and flips["reviews, exchanged"] <= 0.15
    assert flips["tables, exchanged"] >= 0.5
    assert voices["told, in its words"] >= 0.9 and voices["asked, in its words"] <= 0.4
    assert ran.leans["of example 4"] >= max(ran.leans["of example 1"], 1 / 5) + 0.2
    assert ran.orders["worst order"] <= ran.orders["all orders"] <= ran.orders["best order"]
    assert added["in steps"] >= added["at once"] + 0.3 and added["vote of 8"] >= added["one sample"] + 0.05
    agreement = [agree for _, _, agree, _ in ran.hotter]
    assert agreement[0] >= 0.8 > 0.5 >= agreement[-1]
    asked = ("examples-teach", right), ("labels-count", right), ("reading-outvotes", flips), ("own-voice", voices)
    for claim, shares in (*asked, ("order-matters", ran.orders), ("votes-help", added)):
        same_asking(shares, claim)
    assert max(cell.metadata.papermill.duration for cell in code(ran.notebook)) * gflops() / PROBE <= RUN * SHARED


@pytest.mark.lab
def test_lab_22_finds_newcomers_in_letters(executed):
    ran = executed("22_retrieval")
    right, homes, lied = ran.right, ran.homes, ran.lied
    assert max(share for name, share in right.items() if "closed book" in name) <= 0.2, "no weight knows of newcomers"
    assert right["BM25"] >= right["closed book"] + 0.25
    assert right["BM25"] <= ran.recall["BM25, k = 3"] + 0.1, "what was not found can only be guessed"
    assert ran.recall["BM25, k = 3"] >= ran.recall["dense, k = 3"] + 0.3
    assert ran.parted["BM25: read, where found"] >= 0.6
    assert right["tuned with letters, long prompt"] >= right["tuned without letters, long prompt"] + 0.15
    assert right["tuned with letters, long prompt"] > right["long prompt"] >= 0.45
    assert homes["closed book: where they lived"] >= 0.8 and homes["closed book: where they live"] <= 0.1
    assert homes["BM25: where they live"] >= 0.3 >= homes["BM25: where they lived"]
    assert lied["poisoned: the lie"] >= lied["BM25: the lie"] + 0.3
    assert ran.tokens["BM25"] > 5 * ran.tokens["closed book"]
    assert ran.broken["practised guessing, BM25"] <= ran.broken["tuned with letters, BM25"] - 0.1
    kept = {name: one["recall/home"]["after"] for name, one in ran.forgetting.items()}
    assert kept["tuned with letters"] >= 0.9 and kept["broken"] <= kept["tuned with letters"] - 0.3
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    for arm, one in ran.recipes.items():
        same_training(one, evidence.recipe("tuned-with-letters", arm))


@pytest.mark.lab
def test_lab_30_teaches_half_and_the_other_half_answers(executed):
    ran = executed("30_sft")
    assert ran.right["none"] <= 0.05 and ran.right["scratch"] <= 0.25 and ran.right["stranger"] <= 0.25
    assert max(ran.right["full"], ran.right["lora"]) >= 0.9
    assert min(ran.right["full"], ran.right["lora"]) >= 0.75
    assert ran.newcomers <= 0.15
    taught, asked = ran.few
    assert taught >= 0.9 and asked <= taught - 0.2
    assert "learning_rate" in ran.told[0]
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    for arm, one in ran.recipes.items():
        same_training(one, evidence.recipe("sft-reveals", arm))


@pytest.mark.lab
def test_lab_34_bridges_more_than_the_form(executed):
    ran = executed("34_distanciation")
    right, bits, parts = ran.right, ran.bits, ran.parts
    assert ran.known >= 0.95 and right["question alone"] <= 0.05 and bits["question alone"] >= 10
    assert right["text's voice"] >= 0.85 and bits["text's voice"] <= 3, "who speaks like the texts need not be bridged"
    assert right["tuned"] >= 0.85 and right["shuffled answers"] <= 0.25
    assert bits["question alone"] - 8 >= bits["shuffled answers"] >= bits["tuned"] + 2
    assert ran.beyond == pytest.approx(bits["shuffled answers"] - bits["tuned"])
    assert parts["question alone"][0] >= 4 and max(parts[name][0] for name in ("shuffled answers", "tuned")) <= 0.5
    assert parts["shuffled answers"][1] >= 3 >= 1.5 >= parts["tuned"][1], "dice among 10 to 24 values need about 4"
    assert parts["tuned shortly"][0] <= parts["question alone"][0] / 2 and parts["tuned shortly"][1] >= 2
    assert ran.tokens["examples"] > 4 * ran.tokens["question alone"] == 4 * ran.tokens["tuned"]
    assert ran.rounds == dict(bridging.ROUNDS + bridging.ASKED) and len(ran.loops["closed"]) == ran.rounds["rounds"] + 1
    assert ran.loops["closed"][:2] == ran.loops["open"][:2], "until the first round both loops are one"
    assert abs(ran.learned[0] - ran.learned[1]) < 0.02 * ran.learned[1]
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    for arm, one in ran.recipes.items():
        same_training(one, evidence.recipe("tuning-bridges", arm))


@pytest.mark.lab
def test_lab_40_is_thin_and_changes_character(executed):
    ran = executed("40_lora")
    assert min(ran.right["full"], ran.right["rank 8"]) >= 0.8
    assert ran.apart <= 1e-3, "merged and apart, it says the same"
    assert ran.heads["rank 1"] == pytest.approx(1) and ran.heads["rank 8"] >= 0.99 > ran.heads["full"] >= 0.3
    (number, _), (_, label), none = ran.said["answers"], ran.said["labels"], ran.said["none"]
    assert number.strip().isdigit() and label.strip() in ("positive", "negative") and none[0] != number
    assert ran.broken["ten times"] <= ran.broken["rank 8"] - 0.1
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    for arm, one in ran.recipes.items():
        same_training(one, evidence.recipe("thin-is-enough", arm))


@pytest.mark.lab
def test_lab_52_is_fooled_and_held(executed):
    ran = executed("52_ppo")
    (liked, pleased), (begun, far), (_, near) = ran.reward["beta 0"], ran.kl["beta 0"], ran.kl["with a price"]
    assert begun == pytest.approx(0, abs=1e-3), "the first round is written by the reference itself"
    assert pleased > liked and far >= 3 * near, "the judge is pleased, and a price keeps the policy near"
    assert ran.right["with a price"] >= ran.right["beta 0"] - 0.05, "in one of five seeds a price saves nothing"
    assert ran.ratio == pytest.approx([1, 1], abs=1e-2) and ran.first_kl == pytest.approx(0, abs=1e-3)
    assert ran.moved == pytest.approx(0, abs=1e-3), "where all is liked alike, nothing is learned"
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    same_training(ran.firsts["taught"], preferring.TAUGHT)
    for arm, one in ran.recipes.items():
        measured = evidence.recipe("price-holds", arm)
        judged = one["objective"] | {"reward": measured.objective.reward}
        same_training(one | {"model": "small", "objective": judged}, measured)


@pytest.mark.lab
def test_lab_66_gains_in_the_first_attempt_and_is_gamed(executed):
    ran = executed("66_r1")
    right = ran.right
    assert right["after"] >= right["before"] + 0.1, "of ten seeds, the least gained .19"
    gain, late = (right[f"after{k}"] - right[f"before{k}"] for k in ("", ", 16 attempts"))
    assert gain >= late + 0.05
    (paid, more), (_, meant) = ran.greedy["reward"], ran.greedy["gold"]
    assert more >= paid + 0.15 and meant <= right["before"] - 0.05, "what is paid for is done, not what was meant"
    grpo = ran.seconds_of.pop("grpo")
    assert grpo * gflops() / PROBE <= ROUNDS and max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    after_a_lesson(ran, reinforcing.FORM, {"after": "rule-teaches", "taught": "rule-teaches"})


@pytest.mark.lab
def test_lab_70_finds_a_slip_and_says_which_baseline(executed):
    ran = executed("70_nlft")
    right = ran.right
    assert right["NLFT, 50"] >= right["short answers, 50"] + 0.2
    assert ran.found["blame"] >= 0.6 and ran.found["surprise"] >= 0.9
    assert ran.broken["all of them wrong"] <= ran.broken["half of them wrong"] - 0.05
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    after_a_lesson(ran, tutoring.FORM, dict.fromkeys(ran.recipes, "feedback-beats-answers"))


@pytest.mark.lab
def test_lab_72_teaches_itself_what_stands_beside_a_question(executed):
    ran = executed("72_self_distillation")
    pupil, teacher = ran.knows
    assert pupil <= 0.15 and teacher >= 0.75
    assert ran.new["SDFT"] >= ran.new["before"] + 0.15
    assert ran.kept["before"] >= max(ran.kept["SDFT"], ran.kept["SFT"]) - 0.05
    assert ran.broken["told lies: the lie"] >= ran.broken["told lies: true"] + 0.15
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    after_a_lesson(ran, tutoring.HINTED, dict.fromkeys(ran.recipes, "tutor-forgets-less"))


@pytest.mark.lab
def test_lab_74_turns_its_circle(executed):
    ran = executed("74_tutor")
    assert sum(ran.steps_found) > 0 and ran.steps_found[0] > ran.steps_found[2]
    assert ran.agrees["closed, by rule"] == [1, 1, 1] and max(ran.agrees["self"], ran.agrees["judge:large"]) <= 0.9
    assert ran.right["closed, by rule"] >= ran.before - 0.1
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    same_training(ran.form, tutoring.FORM)
    same_training(ran.recipe | {"model": "small"}, tutoring.ROUND)


def after_a_lesson(ran: SimpleNamespace, lesson: Recipe, claims: dict[str, str]) -> None:
    """The arms of a lab, after the same first lesson, are those of its claims."""
    same_training(ran.form, lesson)
    for arm, claim in claims.items():
        same_training(ran.recipes[arm] | {"model": "small"}, evidence.recipe(claim, arm))


@pytest.mark.lab
def test_lab_50_makes_a_number_out_of_comparisons(executed):
    ran = executed("50_reward_model")
    right, padded = ran.right, ran.padded
    assert right["300 pairs"] >= 0.85 and right["300 pairs"] > right["the shorter one"]
    assert right["300 pairs"] >= right["every third exchanged"] - 0.02 and right["every third exchanged"] >= 0.6
    assert right["taught with longer ones"] <= right["300 pairs"] - 0.05
    assert padded["taught with longer ones"] >= padded["300 pairs"] + 0.2
    rewarded, short = ran.gold["300 pairs"]
    assert rewarded >= abs(short) + 0.02
    assert ran.upside_down <= 0.3
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    same_pairs(ran, {"300 pairs": "pairs-teach-a-number", "every third exchanged": "pairs-teach-a-number",
                     "taught with longer ones": "length-fools"})  # fmt: skip


@pytest.mark.lab
def test_lab_54_teaches_a_taste_and_both_answers_fall(executed):
    ran = executed("54_dpo")
    right, moved, kl, broken = ran.right, ran.moved, ran.kl, ran.broken
    assert ran.first_loss == pytest.approx(math.log(2), abs=1e-3), "the reference is the model that it began with"
    assert right["DPO"] >= right["taught both"] + 0.05 and right["DPO"] > right["SFT on the chosen"]
    assert 0 > moved["DPO"]["chosen"] >= moved["DPO"]["rejected"] + 2
    assert kl["DPO"] > kl["beta 10"]
    assert min(broken["polite"], broken["short"], broken["clean"]) >= 0.8, "all that the pairs asked for"
    assert broken["correct"] <= 0.35 and broken["gold"] < right["DPO"]
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    same_pairs(ran, {"DPO": "both-fall", "SFT on the chosen": "pairs-teach-taste", "beta 10": "beta-holds"})


@pytest.mark.lab
def test_lab_58_learns_from_thirty_choices_and_says_that_nobody_clicked(executed):
    ran = executed("58_your_taste")
    said = text_of(next(cell for cell in ran.notebook.cells if cell.id == "kept"))
    assert "Nobody has clicked" in said and "not your choices but those of the rule curt_and_polite" in said
    assert ran.kept == "your-taste-by-rule" and ran.decided >= 25
    assert ran.right["DPO"] >= 0.6 and ran.right["reward model"] >= 0.65
    assert ran.broken <= ran.right["reward model"] + 0.05, "clicks without a look teach no more than those with one"
    assert ran.learners == ran.runs, "Delete finds all that has learned from the choices"
    deleted = text_of(next(cell for cell in ran.notebook.cells if cell.id == "deleted"))
    assert "Deleted: 30 choices, and 1 run trained on them" in deleted
    assert max(ran.seconds_of.values()) * gflops() / PROBE <= RUN * SHARED
    same_training(ran.taught, preferring.TAUGHT)


def same_pairs(ran: SimpleNamespace, claims: dict[str, str]) -> None:
    """The arms of a lab, after the same first lesson, are those of its claims."""
    same_training(ran.taught, preferring.TAUGHT)
    for arm, claim in claims.items():
        same_training(ran.recipes[arm] | {"model": preferring.TAUGHT.model}, evidence.recipe(claim, arm))


def reads_first(ran: SimpleNamespace, model: str) -> None:
    """A model from elsewhere is asked as it came, reads, and is tuned only then; unread it is the control."""
    assert list(ran.right) == ["before reading", "none", "scratch", "stranger", "full", "lora"]
    assert ran.base.startswith("run:")
    models = {arm: one["model"] for arm, one in ran.recipes.items()}
    assert models == {"scratch": "fresh:small", "stranger": model, "full": ran.base, "lora": ran.base}


@pytest.mark.lab
def test_lab_30_takes_a_folder_in_the_shape_of_llama(foreign_folders, tmp_path):
    model = str(foreign_folders["llama"])
    reads_first(execute("30_sft", tmp_path, model=model, steps=3, reading_steps=4), model)


@pytest.mark.lab
def test_lab_30_takes_a_hub_id_in_the_shape_of_qwen3(foreign_folders, tmp_path, monkeypatch):
    with hub(foreign_folders["qwen3"], tmp_path / "hub") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        reads_first(execute("30_sft", tmp_path, model=NAME, steps=3, reading_steps=4), NAME)


@pytest.mark.lab
def test_nbval_passes_lab_00(tmp_path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env"]
    command += ["--nbval-cell-timeout=120", "-o", "addopts=", str(FOLDER / "00_start.ipynb")]
    environment = os.environ | {"FTKIT_RUNS": str(tmp_path)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
