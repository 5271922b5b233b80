"""What reading leaves, labs 00 and 10."""

from ..data import Corpus
from ..models import LAYOUTS
from ..objectives import Pretrain
from ..recipe import Recipe, Train
from .arms import Arm, met, read
from .verdicts import Claim, Judgement, beyond, values_of

READING = Recipe(
    model=LAYOUTS["nano"],
    objective=Pretrain(context=128),
    task=Corpus("exact"),
    train=Train(steps=240, batch=16, learning_rate=0.04, schedule="trapezoid", warmup=20),
)


def _known(measured: dict) -> Judgement:
    homes = {name: values_of(runs, "homes") for name, runs in measured.items()}
    return Judgement(homes, beyond(homes["small"], homes["stranger"]))


def _form_first(measured: dict) -> Judgement:
    runs = measured["nano"]
    form, fact = values_of(runs, "form"), values_of(runs, "fact")
    also = {name: values_of(runs, name) for name in ("loss", "recall/home", "arithmetic", "entropy")}
    return Judgement({"form": form, "fact": fact}, beyond(form, fact), also)


CLAIMS = (
    Claim(
        id="reader-knows",
        statement="A model that has read an island's texts knows its people; one that has read another's does not.",
        rule="share of homes that `small` tells, less that of `stranger`; above 0.5",
        unit="share",
        least=0.5,
        arms=tuple(Arm(name, met, model=name) for name in ("nano", "small", "stranger")),
        judge=_known,
    ),
    Claim(
        id="form-first",
        statement="A model that begins to read learns the form of the texts before their facts.",
        rule="part of KL(world || model) gone after the lab's reading, on form tokens less on fact tokens; above 0",
        unit="share",
        least=0.0,
        arms=(Arm("nano", read, recipe=READING),),
        judge=_form_first,
    ),
)
