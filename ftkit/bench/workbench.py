"""`workbench()`: the learner words a prompt, presses Score, and sees how many questions are answered rightly by it."""

import html
from dataclasses import replace

from .. import prompting
from ..evaluation import Measurement
from ..plots import Table
from ..prompting import Prompt
from .live import Live, mode
from .page import named

LONGEST = 600  # letters that may be typed in one field
MOST_SHOTS, MOST_ORDERS = 8, 23  # of four examples there are 24 orders
KEPT = 12  # trials shown


def workbench(model, tokenizer, task, prompt: Prompt | None = None, n: int = 50, split: str = "test") -> "Workbench":
    """
    Shows fields for a prompt and a Score button; headless, the score of the prompt given here.

    prompt   to begin with; the task in the corpus's own voice if None
    n        questions in each trial, always the same
    returns  a Workbench; its `trials` grow with every press of the button
    """
    bench = Workbench(model, tokenizer, task, prompt or Prompt(), n, split)
    bench.show()
    return bench


class Workbench:
    """Fields, a button, the prompt as it is read, and all trials. Made by `workbench`.

    trials  [(Prompt, Measurement)], in the order in which they were scored
    """

    def __init__(self, model, tokenizer, task, prompt: Prompt, n: int, split: str):
        self.model, self.tokenizer, self.task, self.n, self.split = model, tokenizer, task, n, split
        voice, labels = prompting.voice_of(task), tuple(task.sample(split, 0).meta.get("labels", ()))
        words = prompt.words or voice.words or labels
        self.prompt = replace(prompt, form=prompt.form or voice.form, words=tuple(words) if labels else ())
        self.trials, self.complaint, self.box, self.how = [], "", None, mode()
        self.live = Live("thread" if self.how == "thread" else "headless", self.draw)

    def show(self) -> None:
        from IPython.display import display

        if self.how == "headless":
            self.score()
            self.live.wait()
            display(self.table())
            return
        self._build()
        display(self.box)
        self.draw()

    def score(self, _=None) -> None:
        """Asks all questions with the present prompt."""
        if self.live.busy:
            return
        self.complaint, prompt = "", self.prompt
        if not self.live.start(lambda _: self._score(prompt)):
            self.complaint = "A run is going on; stop it, or wait for it."
            self.draw()

    def best(self) -> tuple[Prompt, Measurement]:
        """
        The prompt that has scored best so far, and its score; if there is none yet, the present prompt is scored now.

        raises  whatever scoring raised
        """
        self.live.join()
        while not self.trials:
            self.score()
            self.live.wait()
            Live.others(0.2)
        return max(self.trials, key=lambda trial: trial[1].value)

    def read(self) -> str:
        """The first question as the model reads it; why it cannot be read, if so."""
        try:
            text = prompting.question(self.tokenizer, self.task, self.prompt, self.split).text
        except ValueError as error:
            return str(error)
        return text if isinstance(text, str) else "\n".join(f"{one['role']}: {one['content']}" for one in text)

    def table(self) -> Table:
        """The last trials, the best of all marked."""
        best = max((found.value for _, found in self.trials), default=0.0)
        rows = [
            (
                f"{'✓ ' if found.value == best else ''}{found.value:.2f} ({found.low:.2f} to {found.high:.2f})",
                prompt.shots, prompt.order, "yes" if prompt.flipped else "no",
                prompt.instruction, prompt.form, ", ".join(prompt.words),
            )
            for prompt, found in self.trials[-KEPT:]
        ]  # fmt: skip
        columns = ("right", "examples", "order", "flipped", "instruction", "form", "words")
        note = f"{self.n} questions each, always the same; behind each share its 95 % interval."
        return Table(f"{len(self.trials)} prompts for {self.task.name}", columns, tuple(rows), note)

    def draw(self) -> None:
        if self.box is None:
            return
        error = self.live.error
        known = isinstance(error, ValueError) and str(error)
        failed = (str(error) if known else f"{type(error).__name__}: {error}") if error else ""
        self.button.disabled = self.live.busy
        said = self.complaint or ("asking" if self.live.busy else failed)
        self.out.value = (
            f"<div role='status'>{html.escape(said)}</div><b>The first question as the model reads it</b>"
            f"<pre style='white-space:pre-wrap'>{html.escape(self.read())}</pre>"
            f"{self.table().html() if self.trials else ''}"
        )

    def _score(self, prompt: Prompt):
        found = prompting.right(self.model, self.tokenizer, self.task, prompt, self.split, self.n)
        self.trials.append((prompt, found))
        return found

    def _build(self) -> None:
        import ipywidgets as w

        how = {"style": {"description_width": "7em"}, "layout": {"width": "46em"}}
        now = self.prompt
        self.fields = {
            "instruction": w.Textarea(value=now.instruction, description="Instruction", rows=2, **how),
            "form": w.Textarea(value=now.form, description="Form", rows=2, **how),
            "shots": w.IntSlider(value=now.shots, max=MOST_SHOTS, description="Examples", **how),
            "order": w.IntSlider(value=now.order, max=MOST_ORDERS, description="Order", **how),
            "flipped": w.Checkbox(value=now.flipped, description="Exchange the labels of the examples", **how),
        }
        if now.words:
            self.fields["words"] = w.Text(value=", ".join(now.words), description="Words", **how)
        for name, widget in self.fields.items():
            widget.add_class(f"ft-{name}")
            widget.observe(self._turned, "value")
        self.button = w.Button(description="Score", button_style="success", icon="check")
        self.out = w.HTML()
        self.button.add_class("ft-score")
        self.out.add_class("ft-scored")
        self.button.on_click(self.score)
        self.box = w.VBox([*self.fields.values(), self.button, self.out, *named("ft-workbench", self.how)])
        self.box.add_class("ft-workbench")

    def _turned(self, _) -> None:
        """A field was changed; a prompt that cannot be is left as it was, and the reason said."""
        values = {name: widget.value for name, widget in self.fields.items()}
        values |= {name: values[name][:LONGEST] for name in ("instruction", "form")}
        if "words" in values:
            values["words"] = tuple(word.strip() for word in values["words"][:LONGEST].split(",") if word.strip())
        self.prompt = replace(self.prompt, **values)
        self.complaint = ""
        self.draw()
