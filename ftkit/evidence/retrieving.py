"""What letters tell of people of whom no model has read, how false ones mislead, and what practice adds, lab 22."""

from collections.abc import Callable

from .. import models, retrieval, world
from ..adapters import LoRA
from ..objectives import SFT
from ..recipe import Recipe, Train
from ..retrieval import Retrieved
from .arms import Arm, finished
from .verdicts import Claim, Judgement, beyond, values_of

ALONE = ", each letter alone"
LESSONS = Recipe(
    model="small",
    adapter=LoRA(rank=8),
    objective=SFT(),
    task=Retrieved(examples=1000, voice="text"),
    train=Train(steps=80, batch=8, learning_rate=2e-3, schedule="cosine", warmup=5, eval_examples=0),
)


def looked_up(arm: Arm, seed: int) -> dict:
    """
    Answers about newcomers, others for each seed, and about all who moved, in the text's voice.

    WAY                    share of right answers about newcomers
    WAY: the lie           share of answers about newcomers that a false letter gives
    WAY: where they live   share of right answers about those who moved
    WAY: where they lived  share of answers about them that name the old home
    """
    if arm.recipe is None:
        return _answered(*models.load(arm.model), seed, **dict(arm.options))
    with finished(arm, seed) as run:
        return _answered(*run.model(), seed, **dict(arm.options))


def _answered(model, tokenizer, seed: int, newcomers: tuple, moved: tuple, k: int, asked: int) -> dict:
    """newcomers, moved: the ways to letters when these are asked about"""
    facts, first, found = world.task("facts"), seed * asked, {}
    books = retrieval.ways(model, tokenizer, facts, k)
    false = books["poisoned"].shelf.documents
    lies = [retrieval.lie(false, facts.sample("newcomers", i)) for i in range(first, first + asked)]
    for way in newcomers:
        ask = retrieval.ask_each if way.endswith(ALONE) else retrieval.ask
        told = ask(model, tokenizer, books[way.removesuffix(ALONE)], "newcomers", asked, "text", first)
        found |= {way: told.right.value, f"{way}: the lie": told.saying(lies).value}
    old = [retrieval.outdated(facts, facts.sample("moved", i)) for i in range(facts.size("moved"))]
    for way in moved:
        told = retrieval.ask(model, tokenizer, books[way], "moved", len(old), "text")
        found |= {f"{way}: where they live": told.right.value, f"{way}: where they lived": told.saying(old).value}
    return found


def _more(of: str, *than: str) -> Callable[[dict[str, list[dict]]], Judgement]:
    """A judge of how much larger one share is than the largest of others; a tuned model's are named after its arm."""

    def judge(measured: dict[str, list[dict]]) -> Judgement:
        shares = {
            what if arm == UNTUNED.name else f"{arm}, {what}": values_of(runs, what)
            for arm, runs in measured.items()
            for what in runs[0]
        }
        compared = {name: shares.pop(name) for name in (of, *than)}
        return Judgement(compared, beyond(*compared.values()), shares)

    return judge


def _asks(*newcomers: str) -> tuple:
    """The options of an arm; five seeds ask all that there is to ask about newcomers."""
    return (("newcomers", newcomers), ("moved", ("closed book", "BM25")), ("k", 3), ("asked", 100))


WAYS = ("closed book", "long prompt", "BM25", "poisoned")
UNTUNED = Arm("untuned", looked_up, model="small", options=_asks(*WAYS, "dense", f"BM25{ALONE}", f"poisoned{ALONE}"))
CLOSED = Arm("tuned without letters", looked_up, recipe=LESSONS.but(k=0, about="residents"), options=_asks(*WAYS))
OPEN = Arm("tuned with letters", looked_up, recipe=LESSONS, options=_asks(*WAYS))

CLAIMS = (
    Claim(
        id="letters-tell",
        statement="With the letters that a search by words finds, a model tells of people of whom it has never read.",
        rule="right answers about newcomers with BM25's letters less those of the closed book; above 0.2",
        unit="share",
        least=0.2,
        arms=(UNTUNED,),
        judge=_more("BM25", "closed book"),
    ),
    Claim(
        id="poison-misleads",
        statement="Where false letters are on the shelf, a model says what they say.",
        rule="answers about newcomers that a false letter gives, with false letters on the shelf less without them;"
        " above 0.3",
        unit="share",
        least=0.3,
        arms=(UNTUNED,),
        judge=_more("poisoned: the lie", "BM25: the lie"),
    ),
    Claim(
        id="tuned-with-letters",
        statement="Whoever has practised with letters reads many letters better than without practice, and better than"
        " after practice without letters.",
        rule="right answers about newcomers with as many letters as fit, tuned with letters less the better of untuned"
        " and tuned without; above 0",
        unit="share",
        least=0.0,
        arms=(UNTUNED, CLOSED, OPEN),
        judge=_more("tuned with letters, long prompt", "long prompt", "tuned without letters, long prompt"),
    ),
)
