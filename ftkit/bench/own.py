"""Widgets of our own, where a page can load them: keys that press buttons, and names that a screen reader hears."""

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


class Names(anywidget.AnyWidget):
    """Nothing to be seen: tells screen readers what each slider in a box is called, which the library does not, and
    keeps keys that are pressed in a list from the notebook.

    box  class of the box
    """

    _esm = Path(__file__).with_name("names.js")
    box = traitlets.Unicode().tag(sync=True)
