"""What is a technique? Knobs, their errors, and what every technique must tell about itself."""

from dataclasses import dataclass, fields, is_dataclass, replace

import pytest

from ftkit.adapters import ADAPTERS, LoRA
from ftkit.objectives import OBJECTIVES
from ftkit.records import check_knobs, knob, knobs, known

TECHNIQUES = (*ADAPTERS, *OBJECTIVES)


@dataclass(frozen=True)
class Config:
    rate: float = knob(0.1, 0.01, 1.0, "log", "per step", "how fast")
    size: int = knob(4, low=1)
    mode: str = knob("a", scale="choice", choices=("a", "bee"))
    on: bool = knob(True)
    note: str = ""

    def __post_init__(self):
        check_knobs(self)


def test_knobs_are_read_from_the_fields_in_order():
    rate, size, mode, on = knobs(Config)
    assert (rate.name, rate.default, rate.low, rate.high, rate.scale, rate.unit) == (
        "rate", 0.1, 0.01, 1.0, "log", "per step",
    )  # fmt: skip
    assert size.type is int and size.high is None and mode.choices == ("a", "bee") and on.type is bool


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rate": 2.0}, r"rate is 2.0; choose 0.01 to 1.0 per step"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"size": 0}, "size is 0; choose 1 or more"),
        ({"mode": "be"}, "mode is 'be'; did you mean 'bee'.*choose one of a, bee"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(values, said):
    with pytest.raises(ValueError, match=said):
        Config(**values)


@pytest.mark.parametrize("values", [{"rate": "fast"}, {"size": 1.5}, {"size": True}, {"on": 1}])
def test_a_value_of_another_kind_is_refused(values):
    with pytest.raises(TypeError, match="must be of type"):
        Config(**values)


def test_a_knob_without_a_known_scale_is_refused():
    with pytest.raises(ValueError, match="scale is 'steep'"):
        knob(1, scale="steep")
    with pytest.raises(ValueError, match="scale is 'linear' with choices"):
        knob("a", choices=("a", "b"))


def test_unknown_names_list_the_known_ones_and_the_nearest():
    assert (
        known("smal", ["nano", "small"], "model") == "model is 'smal'; did you mean 'small'? choose one of nano, small"
    )
    assert "did you mean" not in known("qqq", ["nano", "small"], "model")


@pytest.mark.parametrize("record", TECHNIQUES, ids=lambda record: record.name)
def test_every_technique_tells_all_about_itself(record):
    for one in fields(record):
        assert getattr(record, one.name) or one.name in ("unit", "tells"), one.name  # some losses have no unit
    assert 1990 < record.year <= 2026 and str(record.year) in record.paper
    assert record.claim.endswith(".") and "\n" not in record.claim
    assert is_dataclass(record.config) and record.config.__doc__
    assert "source" in record.equation.__doc__ and "returns" in record.equation.__doc__


@pytest.mark.parametrize("record", TECHNIQUES, ids=lambda record: record.name)
def test_every_knob_refuses_what_its_slider_cannot_show(record):
    config = record.config()
    for one in knobs(config):
        assert one.help, one.name
        if one.high is not None:
            with pytest.raises(ValueError, match=one.name):
                replace(config, **{one.name: type(one.default)(one.high * 2 + 1)})


def test_names_of_techniques_are_unique():
    names = [record.name for record in TECHNIQUES]
    assert len(set(names)) == len(names)


def test_a_config_is_frozen_and_hashable():
    assert hash(LoRA(rank=4)) == hash(LoRA(rank=4))
    with pytest.raises(AttributeError):
        LoRA().rank = 9
