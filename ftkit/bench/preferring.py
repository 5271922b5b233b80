"""`preferences()`: the learner says which of two answers is better, and hears at the end how often a rule agrees."""

import threading
import time
from collections.abc import Callable, Sequence

from .. import evaluation
from ..evaluation import Measurement
from ..plots import Table
from ..preferences import Choice, PreferenceSet, preference_set
from ..world import dice
from .live import mode
from .sides import View

DEAF = 0.25  # seconds after a press in which another does nothing: a double click, or one that queued up
ROWS = 12  # pairs shown in a table
LEAST = 10  # choices from which something can be learned
BY_RULE = "-by-rule"  # after the name of the set that a rule fills where nobody clicks


def preferences(
    pairs: Sequence[tuple[str, str, str]], name: str, gold: Callable[[str, str], float] | None = None, seed: int = 0
) -> "Preferring":
    """
    Shows pair after pair, with buttons Left, Right, Tie, Skip, Undo and Delete; headless, a table of the pairs.

    Every choice is on disk at once, in `preferences.preference_set(name)`; under the same name a set goes on where it
    was left. In JupyterLab and Notebook keys press the buttons while the focus is among them; in Colab, VS Code and
    Voila, which would have to fetch such a widget, the tabulator reaches the buttons and the space bar presses them.

    pairs   (prompt, answer, other answer); which of the two stands left is dealt
    gold    (prompt, answer) -> score; how often it agrees is told when every pair is answered or skipped
    seed    of the deal
    raises  ValueError if there is no pair, one is not three texts, or the set's name or file cannot be read
    """
    shown = Preferring(deal(pairs, seed), name, gold)
    shown.show()
    return shown


def deal(pairs: Sequence[tuple[str, str, str]], seed: int = 0) -> list[tuple[str, str, str]]:
    """
    (prompt, left, right) of each pair, by a fair coin of its own.

    raises  ValueError if there is no pair, or one is not three texts
    """
    dealt = []
    for number, pair in enumerate(pairs, 1):
        if len(pair) != 3 or not all(isinstance(text, str) for text in pair):
            raise ValueError(f"pair {number} is {pair!r}; it must be three texts: prompt, answer, other answer")
        prompt, one, other = pair
        dealt.append((prompt, one, other) if dice.share("left", seed, *pair) < 0.5 else (prompt, other, one))
    if not dealt:
        raise ValueError("there is no pair to choose from; give at least one (prompt, answer, other answer)")
    return dealt


class Preferring:
    """Pairs, buttons, and what was chosen. Made by `preferences`.

    kept    the set on disk
    made    the choice about each pair; None where it is still to be made
    report  what is told when every pair is answered; None before
    """

    def __init__(self, pairs: Sequence[tuple[str, str, str]], name: str, gold: Callable[[str, str], float] | None):
        self.pairs, self.gold, self.how = pairs, gold, mode()
        self.kept, self.made, self.report = preference_set(name), [], None
        self.said, self.armed, self.view = "", False, None
        self._lock, self._since, self._pressed = threading.Lock(), 0.0, float("-inf")
        self._look()

    @property
    def done(self) -> bool:
        """Whether every pair is answered or skipped."""
        return None not in self.made

    @property
    def pair(self) -> tuple[str, str, str] | None:
        """The one to choose from now."""
        return None if self.done else self.pairs[self.made.index(None)]

    def show(self) -> None:
        from IPython.display import display

        if self.how == "headless":
            print(self.progress())
            display(*filter(None, (self.table(), self.report)))
            return
        self.view = View(self)
        self.view.draw()
        display(self.view.box)

    def press(self, name: str) -> None:
        """One of the buttons was pressed."""
        with self._lock:
            if time.monotonic() - self._pressed < DEAF:
                return
            armed, self.armed, self.said = self.armed, False, ""
            try:
                if name == "delete":
                    self._delete(armed)
                elif name == "undo":
                    self._undo()
                else:
                    self._choose(name)
                self._look()
            except Exception as error:  # an error in a callback is seen by nobody; the gold score may raise any
                known = isinstance(error, ValueError | OSError) and str(error)
                self.said = str(error) if known else f"{type(error).__name__}: {error}"
            if self.view:
                self.view.draw()
            self._pressed = time.monotonic()

    def result(self, rule: Callable[[str, str], float], least: int = LEAST) -> PreferenceSet:
        """
        The learner's choices; or, where fewer than `least` were decided, those of a rule about the same pairs, in a set
        of its own, with a sentence that says so. A later call returns the learner's, once there are enough of them.

        rule  (prompt, answer) -> how much it likes it
        """
        self._look()
        decided = sum(one is not None and one.decided for one in self.made)
        if decided >= least:
            return self.kept
        other = preference_set(f"{self.kept.name}{BY_RULE}")
        other.fill(self.pairs, rule)
        who = f"Only {decided} of {len(self.pairs)} pairs are decided" if decided else "Nobody has clicked"
        print(
            f"{who}; {least} are needed. So these are not your choices but those of the rule {rule.__name__}, in the"
            f" set {other.name}. Choose above, and run this cell again."
        )
        return other

    def lefts(self) -> Measurement:
        """How often the left answer was chosen, where one was; a half if its place made no difference."""
        return evaluation.share([one.choice == "left" for one in self.made if one and one.decided])

    def agreement(self) -> Measurement | None:
        """How often the gold score, too, is higher for the answer that was chosen; pairs that it scores alike do not
        count. None without a gold score, and before every pair is answered or skipped."""
        if not self.done or self.gold is None:
            return None
        rows = [one.row() for one in self.made if one.decided]
        apart = [self.gold(row["prompt"], row["chosen"]) - self.gold(row["prompt"], row["rejected"]) for row in rows]
        return evaluation.share([difference > 0 for difference in apart if difference])

    def table(self) -> Table:
        """The pairs, with what was chosen."""
        rows = [(*pair, one.choice if one else "") for pair, one in zip(self.pairs, self.made, strict=True)][:ROWS]
        note = f"The first {ROWS} of {len(self.pairs)}." if len(self.pairs) > ROWS else ""
        return Table(f"Pairs of {self.kept.name}", ("prompt", "left", "right", "chosen"), tuple(rows), note)

    def progress(self) -> str:
        return f"{sum(one is not None for one in self.made)} of {len(self.pairs)} answered"

    def _choose(self, name: str) -> None:
        if self.kept.about(self.pairs) != self.made:
            self.said = "This pair was answered elsewhere."
        elif self.done:
            self.said = "There is nothing left to choose; Undo takes the last choice back."
        else:
            self.kept.add(Choice(*self.pair, name, round(time.monotonic() - self._since, 1)))

    def _undo(self) -> None:
        last = self.kept.choices()[-1:]
        if not last:
            self.said = "There is nothing to take back."
        elif last[0] not in self.made:
            self.said = "The last choice of this set was about another pair, and stays."
        else:
            self.kept.undo()

    def _delete(self, armed: bool) -> None:
        if armed:
            self.said = str(self.kept.delete())
            return
        learners, _ = self.kept.learners()
        names = ", ".join(run.id for run in learners) or "none yet"
        self.said = f"Press again to delete all choices of {self.kept.name} and every run trained on them: {names}"
        self.armed = True

    def _look(self) -> None:
        """Takes over what stands on disk; a pair that is new on the screen begins to count its seconds."""
        made = self.kept.about(self.pairs)
        if made != self.made:
            self.made, self._since, self.report = made, time.monotonic(), None
            self.report = self._report() if self.done else None

    def _report(self) -> Table:
        left, gold = self.lefts(), self.agreement()
        rows = [_row("the left answer was chosen", left), *([_row("the gold score agrees", gold)] if gold else [])]
        ties, skipped = (sum(one.choice == name for one in self.made) for name in ("tie", "skip"))
        alike = f"; not counted, as gold scores both alike: {left.n - gold.n}" if gold else ""
        note = f"Ties: {ties}, skipped: {skipped}{alike}. Places were dealt by chance: expect half on the left."
        return Table("What was chosen", ("", "share", "choices"), tuple(rows), note)


def _row(what: str, found: Measurement) -> tuple:
    return what, f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})" if found.n else "none", found.n
