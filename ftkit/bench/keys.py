"""Keys that press the buttons of a box, while the focus is in it."""

from pathlib import Path

import anywidget
import traitlets


class Keys(anywidget.AnyWidget):
    """A line that tells the keys, and takes the focus when the box around it is clicked.

    box      class of the box
    buttons  {key as browsers name it, in small letters: class of the button}
    said     the line
    """

    _esm = Path(__file__).with_name("keys.js")
    box = traitlets.Unicode().tag(sync=True)
    buttons = traitlets.Dict().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
