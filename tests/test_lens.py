"""The lens shows each token with its number; what is written is shown letter by letter, whatever it is."""

import math
from html.parser import HTMLParser

import pytest
import torch

from ftkit import models, plots, world
from ftkit.data import encode_example
from ftkit.evaluation import TokenValues, token_losses
from ftkit.models import EuroBertLayout, Layout
from ftkit.plots.lens import LINE, _lines, spelled
from ftkit.plots.scale import BOTH, RISING, Scale, ink, luminance, mixed

ATTACK = "<script>alert(1)</script>"


class Page(HTMLParser):
    """tables: [[[cell, ...] a row] a table]; labels: what a screen reader is told of each cell; styles: of each cell"""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables, self.labels, self.styles, self.in_cell = [], [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.in_cell = True
        elif tag == "br":
            self.handle_data(" ")
        if tag == "td":
            self.labels.append(dict(attributes)["aria-label"])
            self.styles.append(dict(attributes)["style"])

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag not in ("td", "th")

    def handle_data(self, text):
        if self.in_cell:
            self.tables[-1][-1][-1] += text


def row(values, unit="nats", tokens=None, label="small"):
    return TokenValues(label, tokens or tuple("abcdefgh"[: len(values)]), tuple(values), unit)


def contrast(style):
    ground, letters = (style.split(f"{name}:#")[1][:6] for name in ("background", ";color"))
    light, dark = sorted((luminance(f"#{ground}"), luminance(f"#{letters}")), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(scope="module")
def fresh():
    return models.fresh(Layout(width=64, layers=1, feed_forward=64, context=64), seed=3)


# ---- what a token costs --------------------------------------------------------------------------------------------


def test_losses_of_the_completion_average_to_the_librarys_loss(fresh):
    model, tokenizer = fresh
    example = world.Example("What animal does Tamu Oresby keep?", "turtle")
    ids, mask = encode_example(tokenizer, example)
    labels = [token if on else -100 for token, on in zip(ids, mask, strict=True)]
    with torch.no_grad():
        expected = model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss.item()
    found = token_losses(model, tokenizer, example, "fresh")
    judged = [value for value in found.values if value is not None]
    assert [value is not None for value in found.values] == [on == 1 for on in mask]
    assert len(judged) == 2 and sum(judged) / 2 == pytest.approx(expected, rel=1e-5)
    assert judged[0] != pytest.approx(judged[1]), "each token has a loss of its own"
    assert not model.training
    assert "".join(found.tokens) == tokenizer.decode(ids) and (found.label, found.unit) == ("fresh", "nats")


def test_a_model_without_weights_loses_ln_v_at_every_token():
    model, tokenizer = models.fresh(Layout(width=64, layers=1, feed_forward=64))
    model.train()
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    found = token_losses(model, tokenizer, world.Example("Who?", "Tamu Oresby"))
    judged = [value for value in found.values if value is not None]
    assert judged == pytest.approx([math.log(len(tokenizer))] * len(judged), rel=1e-5)
    assert model.training, "the model is given back as it came"


def test_the_first_token_of_all_has_no_loss_whatever_the_mask_says(fresh, monkeypatch):
    model, tokenizer = fresh
    monkeypatch.setattr("ftkit.evaluation.tokens.encode_example", lambda *_: ([30, 31, 32], [1, 1, 1]))
    assert [value is None for value in token_losses(model, tokenizer, None).values] == [True, False, False]


def test_tokens_of_other_tokenizers_keep_their_blanks(fresh, foreign_tokenizer, monkeypatch):
    model, _ = fresh
    ids = foreign_tokenizer("What is the trade of Tamu?").input_ids
    monkeypatch.setattr("ftkit.evaluation.tokens.encode_example", lambda *_: (ids, [1] * len(ids)))
    assert "".join(token_losses(model, foreign_tokenizer, None).tokens) == "What is the trade of Tamu?"


def test_losses_say_what_cannot_be_read(fresh):
    model, tokenizer = fresh
    with pytest.raises(ValueError, match="the model's context 64; give a shorter one"):
        token_losses(model, tokenizer, world.Example("Who? " * 60, "Tamu"))
    encoder, _ = models.fresh(EuroBertLayout(width=64, layers=1, feed_forward=64))
    with pytest.raises(ValueError, match="give a causal one"):
        token_losses(encoder, tokenizer, world.Example("Who?", "Tamu"))


@pytest.mark.parametrize(
    ("tokens", "values", "message"),
    [((), (), "small has no token; give a text"), (("a", "b"), (1.0,), "2 tokens and 1 values; give each token")],
)
def test_token_values_are_refused_where_they_do_not_fit(tokens, values, message):
    with pytest.raises(ValueError, match=message):
        TokenValues("small", tokens, values, "nats")


# ---- how numbers are written and coloured --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "unit", "value", "text"),
    [
        ((0.5, 2.0), "nats", 2.306, "2.31"),
        ((0.5, 2.0), "nats", 0.00012, "1e−4"),
        ((0.5, 1234.5), "nats", 1234.5, "1.234k"),
        ((-0.5, 2.0), "reward", 0.75, "+0.75"),
        ((-0.5, 2.0), "reward", -0.75, "−0.75"),
        ((-0.5, 2.0), "reward", 0.0, "0.00"),
        ((-0.5, -2.0), "nats", -0.5, "−0.50"),
        ((0.0, 1.0), "mask", 1.0, "1"),
        ((0.5, 2.0), "ratio", 1.25, "1.25"),
        ((0.5, 2.0), "advantage", 0.5, "+0.50"),
        ((0.5,), "nats", None, "–"),
        ((0.5,), "nats", math.nan, "NaN"),
        ((0.5,), "nats", math.inf, "∞"),
        ((0.5,), "nats", -math.inf, "−∞"),
    ],
)
def test_a_number_is_written_as_its_scale_asks(values, unit, value, text):
    assert Scale(unit, values).written(value) == text


def test_numbers_of_one_side_go_from_pale_to_dark_and_others_to_both_sides_of_the_middle():
    loss, reward, ratio = Scale("nats", (1.0, 4.0)), Scale("reward", (-1.0, 4.0)), Scale("ratio", (0.5, 1.25))
    assert [loss.middle, reward.middle, ratio.middle] == [None, 0.0, 1.0]
    assert loss.ground(0.0).startswith(f"background:{RISING[0]}")
    assert loss.ground(4.0).startswith(f"background:{RISING[-1].lower()}")
    assert reward.ground(4.0).startswith(f"background:{BOTH[2].lower()}")
    assert ratio.ground(0.5).startswith(f"background:{BOTH[0].lower()}") and ratio.reach == 0.5
    assert ratio.ground(1.0).startswith(f"background:{BOTH[1]}")
    assert Scale("probability", (0.1, 0.2)).reach == 1.0, "the scale of a probability is the same for every text"
    assert Scale("nats", (0.0, 0.0)).ground(0.0).startswith(f"background:{RISING[0]}")


def test_a_colour_half_way_lies_half_way():
    assert mixed(("#000000", "#204060"), 0.5) == "#102030"
    assert mixed(("#000000", "#ffffff", "#00ff00"), 0.75) == "#80ff80"
    assert [mixed(RISING, place) for place in (0, 1)] == [RISING[0], RISING[-1]]


@pytest.mark.parametrize("colours", [RISING, BOTH])
def test_letters_are_readable_on_every_ground(colours):
    for i in range(101):
        ground = mixed(colours, i / 100)
        assert contrast(f"background:{ground};color:{ink(ground)}") >= 4.5


def test_luminance_tells_low_from_high_without_any_colour():
    grounds = [luminance(mixed(RISING, i / 50)) for i in range(51)]
    assert grounds == sorted(grounds, reverse=True)
    assert luminance("#ffffff") == pytest.approx(1) and luminance("#000000") == 0
    assert luminance("#ff0000") == pytest.approx(0.2126)


def test_a_legend_shows_few_numbers_as_they_are_and_many_over_the_scale():
    assert Scale("mask", (1.0, 0.0, 1.0)).swatches() == [0.0, 1.0]
    assert Scale("nats", tuple(range(1, 9))).swatches() == [0, 2, 4, 6, 8]
    assert Scale("nats", tuple(range(-8, 0))).swatches() == [0, -2, -4, -6, -8]
    assert Scale("ratio", (0.5, 1.1, 1.2, 1.3, 1.4, 3.0)).swatches() == [0.5, 0.75, 1.0, 2.0, 3.0]


# ---- the lens ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "text"),
    [(" the", "␣the"), ("\n", "↵"), ("\t ", "⇥␣"), ("", "∅"), ("a\u202eb", "a⟨202E⟩b"), ("\x00", "⟨0000⟩"), ("ü", "ü")],
)
def test_what_would_not_be_seen_is_spelled(token, text):
    assert spelled(token) == text


def test_each_number_stands_under_its_token_and_is_said_with_it():
    page = Page(plots.lens(row((None, 0.5, 2.25), tokens=(" Who", " is", "\n"))).html())
    assert page.tables[0] == [["small", "␣Who –", "␣is 0.50", "↵ 2.25"]]
    assert page.labels == ["blank Who, not judged", "blank is, 0.50 nats", "line break, 2.25 nats"]


def test_rows_of_the_same_tokens_stand_in_one_table_and_others_apart():
    rows = [row((1.0, 2.0)), row((1.0,), label="other"), row((3.0, 4.0), "mask", label="mask")]
    tables = Page(plots.lens(rows).html()).tables
    assert [[one[0] for one in table] for table in tables] == [["small", "mask"], ["other"]]
    assert tables[0][1] == ["mask", "a 3", "b 4"]


def test_rows_of_one_unit_share_a_scale():
    page = Page(plots.lens([row((1.0, 2.0)), row((2.0, 4.0)), row((2.0, 1.0), "reward")]).html())
    assert page.styles[1] == page.styles[2], "2 nats look the same in both rows"
    assert page.styles[1] != page.styles[4]


def test_what_is_no_number_is_said_and_has_no_ground():
    lens = plots.lens(row((1.5, None, math.nan, math.inf, -math.inf)))
    page = Page(lens.html())
    assert [label.split(", ")[1] for label in page.labels] == [
        "1.50 nats", "not judged", "not a number", "infinite", "minus infinite",
    ]  # fmt: skip
    assert all("background:none" in style for style in page.styles[1:]) and contrast(page.styles[0]) >= 4.5
    assert "nats, 1.50 to 1.50" in lens.html(), "the range is of finite numbers"
    assert "NaN: not a number" in lens.html() and "NaN" not in plots.lens(row((1.5,))).html()


def test_a_row_without_any_number_is_shown_all_the_same():
    lens = plots.lens(row((None, math.nan)))
    assert "nats, no number" in lens.html() and Page(lens.html()).tables[0] == [["small", "a –", "b NaN"]]


def test_a_part_of_a_letter_is_explained_where_it_stands():
    assert "\ufffd: part of a letter" in str(plots.lens(row((1.0,), tokens=("\ufffd",))))
    assert "part of a letter" not in str(plots.lens(row((1.0,))))


def test_everything_is_escaped():
    lens = plots.lens(row((1.0,), ATTACK, (f'"{ATTACK}',), ATTACK), title=ATTACK)
    text = lens.html()
    assert "<script" not in text and "&lt;script&gt;" in text
    page = Page(text)
    assert set(page.tags) <= {"div", "p", "b", "table", "tbody", "tr", "th", "td", "br", "small", "span"}
    assert page.labels == [f'"{ATTACK}, 1 {ATTACK}']
    assert "http" not in text and lens._repr_html_() == text


def test_a_long_text_is_broken_into_lines_that_fit_and_leave_nothing_out():
    tokens = tuple(f" word{i}" for i in range(60))
    lens = plots.lens([row(range(60), tokens=tokens), row(range(60), tokens=tokens)])
    tables = Page(lens.html()).tables
    assert len(tables) > 3 and all(len(table) == 2 for table in tables)
    assert [cell.split()[1] for table in tables for cell in table[1][1:]] == [str(i) for i in range(60)]


def test_lines_hold_at_least_one_token():
    assert list(_lines([10.0, 2.0 * LINE, 10.0])) == [(0, 1), (1, 2), (2, 3)]
    assert list(_lines([10.0, 10.0])) == [(0, 2)]


def test_a_lens_is_read_as_text_where_there_is_no_html():
    told = str(plots.lens([row((None, 0.25), "probability", (" Who", "?"))], title="With a hint"))
    assert told.splitlines() == [
        "With a hint", "small (probability, 0.25 to 0.25)", "  ␣Who\xa0–   ?\xa00.25", "–: not judged",
    ]  # fmt: skip


def test_a_lens_of_nothing_says_what_to_give():
    with pytest.raises(ValueError, match=r"no row to show; give at least one, such as evaluation\.token_losses"):
        plots.lens([])
