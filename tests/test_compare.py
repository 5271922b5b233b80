"""Answers word by word, and runs side by side: on the screen, as a figure, in a CSV file and on a page of its own."""

import csv
import math
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from ftkit import plots
from ftkit.adapters import LoRA
from ftkit.data import Corpus, File, Task
from ftkit.models import Layout
from ftkit.objectives import SFT
from ftkit.plots.compare import differing
from ftkit.plots.race import APART
from ftkit.recipe import Recipe, Train

ATTACK = '"><script>alert(1)</script>'
RECIPE = Recipe("small", SFT(), Task(), LoRA(rank=8), Train())


@dataclass
class Run:
    """As much of a run as is compared."""

    id: str
    answers: list = field(default_factory=list)
    forgetting: dict = field(default_factory=dict)
    cost: dict = field(default_factory=dict)
    recipe: Recipe = RECIPE


class Page(HTMLParser):
    """A page's tags, what its attributes hold, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, text):
        self.texts.append(text)


def answer(before, after, scores=(0.0, 0.0), why="said something"):
    return {
        "prompt": "Who?", "expected": "Tamu", "before": before, "after": after, "score_before": scores[0],
        "score_after": scores[1], "why": why,
    }  # fmt: skip


def probe(before, after, unit="share"):
    return {"before": before, "after": after, "unit": unit}


ANSWERS = [
    answer("a baker", "a teacher of Pell", (0.0, 1.0), "right"),
    answer("Tamu", "Oria", (1.0, 0.25), "said 'Oria'"),
    answer("Pell", "Pell"),
]
LORA = Run(
    "lora", ANSWERS, {"sums": probe(0.9, 0.4), "homes": probe(0.8, 0.7)},
    {"trainable_parameters": 24576, "seconds": 12.345},
)  # fmt: skip
FULL = Run("full", [answer("", "Tamu", (0.0, 1.0))], {"sums": probe(0.9, 1.0)}, {"trainable_parameters": 2850000,
           "seconds": 40.0}, replace(RECIPE, adapter=LoRA(rank=4)))  # fmt: skip
STOPPED = Run("stopped", [answer("x", None, (0.0, None))], {"sums": probe(0.9, None)})


# ---- answers -------------------------------------------------------------------------------------------------------


def test_new_words_are_marked_in_the_second_answer_and_lost_ones_in_the_first():
    page = plots.differences([answer("the old baker", "the baker of Pell", (0.0, 1.0))]).html()
    assert "✗ wrong: the <del>old </del>baker</td>" in page
    assert "✓ right: the baker<ins> of Pell</ins></td>" in page


def test_answers_that_share_only_blanks_are_marked_whole():
    page = plots.differences([answer("a b c", "x y z")]).html()
    assert "<del>a b c</del>" in page and "<ins>x y z</ins>" in page


def test_marks_are_seen_in_plain_text_too():
    told = str(plots.differences([answer("a baker", "a cook")]))
    assert "a [-baker-]" in told and "a {+cook+}" in told


@pytest.mark.parametrize(
    ("only", "afters"),
    [("worse", ["Oria"]), ("better", ["a teacher of Pell"]), ("changed", ["a teacher of Pell", "Oria"]),
     ("all", ["a teacher of Pell", "Oria", "Pell"])],
)  # fmt: skip
def test_differences_can_be_chosen(only, afters):
    table = plots.differences(LORA, only)
    assert ["".join(text for text, _ in row[3].pieces).split(": ")[1] for row in table.rows] == afters
    assert table.note == f"Of 3 answers: 1 worse, 1 better, 2 changed. Shown: {len(afters)} of {len(afters)} ({only})."


def test_differences_tell_score_and_reason_and_count_what_they_do_not_show():
    table = plots.differences(LORA, rows=1)
    assert len(table.rows) == 1 and table.rows[0][4:] == ("0\xa0→\xa01", "right")
    assert table.note.endswith("Shown: 1 of 2 (changed).")
    assert plots.differences(LORA, "worse").rows[0][4:] == ("1\xa0→\xa00.25", "said 'Oria'")


def test_no_difference_is_an_empty_table():
    table = plots.differences([answer("Pell", "Pell")])
    assert table.rows == () and "0 changed" in str(table)


def test_differences_are_escaped():
    made = answer(ATTACK, f"{ATTACK} more", why=ATTACK) | {"prompt": [{"role": "user", "content": ATTACK}]}
    page = plots.differences([made | {"expected": ATTACK}], title=ATTACK).html()
    assert "<script" not in page and page.count("&lt;script&gt;") == 6


@pytest.mark.parametrize(
    ("run", "only", "message"),
    [
        ([], "all", "no question was asked; run a recipe with a task"),
        (STOPPED, "all", "the run was stopped; resume it first"),
        (LORA, "wors", "did you mean 'worse'"),
    ],
)
def test_differences_say_what_is_missing(run, only, message):
    with pytest.raises(ValueError, match=message):
        plots.differences(run, only)


# ---- recipes -------------------------------------------------------------------------------------------------------


def test_recipes_are_told_apart_by_what_not_all_have():
    recipes = [RECIPE, RECIPE.but(rank=4, learning_rate=0.01), RECIPE.but(rank=4)]
    assert differing(recipes) == [
        "rank 8, learning rate 0.003",
        "rank 4, learning rate 0.01",
        "rank 4, learning rate 0.003",
    ]


def test_knobs_are_compared_within_a_technique_only():
    full = Recipe("small", SFT(), Task())
    assert differing([RECIPE, full]) == ["adapter lora", "adapter full"]
    assert differing([RECIPE, RECIPE.but(rank=4), full]) == [
        "adapter lora, rank 8",
        "adapter lora, rank 4",
        "adapter full",
    ]


def test_equal_recipes_differ_in_nothing():
    assert differing([RECIPE, RECIPE]) == ["", ""] and differing([RECIPE]) == [""]


def test_models_and_sources_are_named_whatever_their_kind():
    recipes = [replace(RECIPE, model=Layout(width=64)), RECIPE, replace(RECIPE, task=File("a.csv"))]
    assert differing(recipes) == ["model layout, task facts", "model small, task facts", "model small, task File"]
    assert differing([replace(RECIPE, model=Layout(width=width)) for width in (64, 128)]) == ["width 64", "width 128"]
    assert differing([replace(RECIPE, task=File(name)) for name in ("a.csv", "b.csv")]) == ["path a.csv", "path b.csv"]
    assert differing([replace(RECIPE, task=Corpus("exact")), RECIPE]) == ["task exact", "task facts"]


def test_what_was_turned_on_the_way_is_told_in_words():
    assert differing([RECIPE.turned(40, "learning_rate", 0.001), RECIPE])[0] == "learning rate 0.001 after step 40"


# ---- runs side by side ---------------------------------------------------------------------------------------------


def test_a_race_measures_quality_and_forgetting_by_hand_worked_means():
    lora, full = plots.race([LORA, FULL]).entries
    assert (lora.name, lora.differs, lora.parameters, lora.seconds) == ("lora", "rank 8", 24576, 12.345)
    assert lora.quality == pytest.approx((1 + 0.25 + 0) / 3)
    assert lora.forgetting == pytest.approx((0.5 + 0.1) / 2) and full.forgetting == pytest.approx(-0.1)


def test_a_cost_that_rises_is_forgetting_too():
    (entry,) = plots.race([replace(LORA, forgetting={"text": probe(2.0, 2.5, "bits/byte")})]).entries
    assert entry.forgetting == pytest.approx(0.5)
    unmoved = plots.race([replace(LORA, forgetting={"text": probe(2.0, 2.0, "bits/byte")})])
    assert unmoved.table().rows[0][3] == "+0.000" and "forgetting (bits/byte)" in unmoved.table().columns


def test_what_was_not_measured_is_left_open():
    race = plots.race({"first": LORA, ATTACK: STOPPED})
    assert race.table().rows[1] == (ATTACK, "nothing", "–", "–", "–", "–")
    assert "–: not measured." in race.table().note
    assert "not measured" not in plots.race([LORA]).table().note
    assert "<script" not in race._repr_html_() and "lora" not in str(race)


def test_a_table_says_where_runs_cannot_be_compared():
    note = plots.race([LORA, FULL]).table().note
    assert "not asked the same questions" in note and "not probed alike" in note
    note = plots.race([LORA, replace(LORA, id="again")]).table().note
    assert "cannot be compared" not in note


@pytest.mark.parametrize("runs", [[], {}])
def test_a_race_of_nobody_says_what_to_give(runs):
    with pytest.raises(ValueError, match="no run to compare; give at least one"):
        plots.race(runs)


def test_a_race_refuses_probes_of_different_units():
    other = replace(LORA, id="b", forgetting={"text": probe(2.0, 2.5, "bits/byte")})
    with pytest.raises(ValueError, match="units bits/byte, share; compare the runs of each unit"):
        plots.race([LORA, other])


def test_the_figure_sets_quality_against_forgetting_and_names_each_run():
    figure = plots.race({"lora": LORA, ATTACK: FULL, "stopped": STOPPED}).figure()
    assert [(trace.x[0], trace.y[0]) for trace in figure.data] == [
        (pytest.approx(0.3), pytest.approx(1.25 / 3)), (pytest.approx(-0.1), 1.0),
    ]  # fmt: skip
    assert [note.text for note in figure.layout.annotations] == [
        "lora<br>24.58k trained", '"&gt;&lt;script&gt;alert(1)&lt;/script&gt;<br>2.85M trained',
    ]  # fmt: skip
    assert "(share)" in figure.layout.xaxis.title.text and "(0 to 1)" in figure.layout.yaxis.title.text
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    assert "lora 24.58k trained quality 0.417, forgetting +0.300 share" in str(figure)


def test_labels_of_runs_that_lie_together_keep_apart():
    answers = {name: [answer("", "Tamu", (0.0, score))] for name, score in (("a", 0.9), ("b", 0.91), ("c", 0.9))}
    figure = plots.race([replace(LORA, id=name, answers=said) for name, said in answers.items()]).figure()
    heights = sorted(note.y for note in figure.layout.annotations)
    assert heights[0] == 0.9 and all(high - low > 0.98 * APART for low, high in pairwise(heights))
    assert figure.layout.yaxis.range[1] > heights[-1], "and stay on the page"
    assert len(figure.layout.shapes) == 3, "a line to each label that was moved, and one at 0"


def test_a_figure_without_points_says_why():
    diverged = replace(LORA, forgetting={"sums": probe(0.9, math.nan)})
    for runs in ([STOPPED], [diverged], [replace(LORA, answers=[])]):
        with pytest.raises(ValueError, match="no run has both quality and forgetting; finish one"):
            plots.race(runs).figure()


def test_the_csv_file_reads_back_with_all_digits(tmp_path):
    named = {'a, "b"': LORA, "=1+1": STOPPED, "nan": replace(LORA, forgetting={"sums": probe(0.9, math.nan)})}
    plots.race(named).to_csv(tmp_path / "race.csv")
    with open(tmp_path / "race.csv", newline="", encoding="utf-8") as file:
        first, second, third = csv.DictReader(file)
    assert first["run"] == 'a, "b"' and second["run"] == "=1+1"
    assert float(first["quality"]) == 1.25 / 3 and float(first["forgetting (share)"]) == pytest.approx(0.3)
    assert (first["trainable parameters"], first["seconds"]) == ("24576", "12.345")
    assert (second["quality"], second["seconds"]) == ("", "") and math.isnan(float(third["forgetting (share)"]))


def test_the_page_holds_everything_and_asks_for_nothing(tmp_path):
    made = replace(LORA, answers=[answer(ATTACK, "Tamu", (0.0, 1.0), ATTACK)])
    plots.race({ATTACK: made, "stopped": STOPPED}, title=ATTACK).to_html(tmp_path / "race.html", only="all")
    text = (tmp_path / "race.html").read_text(encoding="utf-8")
    page = Page(text)
    assert text.startswith("<!doctype html>") and not {"script", "link", "iframe"} & set(page.tags)
    assert "http://" not in text and "https://" not in text
    sources = [value for name, value in page.attributes if name in ("src", "href")]
    assert len(sources) == 1 and sources[0].startswith("data:image/png;base64,iVBOR")
    assert next(value for name, value in page.attributes if name == "alt").startswith("Figure: ")
    assert page.tags.count("table") == 2 and {"ins", "del", "h2"} <= set(page.tags)
    assert "the questions were not asked again, because the run was stopped; resume it first" in page.texts
    assert page.texts.count(ATTACK) >= 5


def test_a_page_without_points_says_why_it_has_no_figure(tmp_path):
    plots.race([STOPPED]).to_html(tmp_path / "race.html")
    text = (tmp_path / "race.html").read_text(encoding="utf-8")
    assert "<img" not in text and "no run has both quality and forgetting" in text


def test_a_page_of_unknown_differences_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'better'"):
        plots.race([LORA]).to_html(tmp_path / "race.html", only="beter")
    assert not (tmp_path / "race.html").exists()
