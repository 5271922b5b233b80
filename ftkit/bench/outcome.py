"""What came of a run? Its answers before and after, all or some of them, and the forgetting meter, as HTML."""

import html

from .. import plots

ROWS = 8  # answers shown
ONLY = (("all", "all"), ("what got worse", "worse"), ("what got better", "better"), ("changed", "changed"))


def ended(panel):
    """The Run that has come to an end on a panel; None if there is none."""
    return None if panel.live.busy else panel.live.value


def asked_again(panel) -> bool:
    """Whether there are answers before and after, so that some of them can be chosen."""
    done = ended(panel)
    return bool(done and done.answers) and done.answers[0]["after"] is not None


def answers(panel) -> str:
    """The same questions before and after, word by word, with scores and reasons; before only, if it was stopped."""
    done = ended(panel)
    if not done or not done.answers:
        return ""
    if not asked_again(panel):
        return plots.answers(done, ROWS).html()
    right = plots.answers(done, 0).note
    return f"<p>{html.escape(right)}</p>{plots.differences(done, panel.only, ROWS).html()}"


def forgetting(panel) -> str:
    """The meter: what was known before as a mark, what is left as a bar."""
    done = ended(panel)
    rows = [(name, one) for name, one in (done.forgetting if done else {}).items() if one["after"] is not None]
    if not rows:
        return ""
    told = "".join(
        f"<tr><td style='padding:0 1em 0 0'>{html.escape(name)}</td><td>{_meter(one)}</td>"
        f"<td style='padding:0 .8em'>{one['before']:.2f} → {one['after']:.2f} {html.escape(one['unit'])}</td></tr>"
        for name, one in rows
    )
    return f"<b>Forgetting</b> (line: before; bar: after)<table>{told}</table>"


def _meter(one: dict) -> str:
    most = max(1.0, one["before"], one["after"])
    before, after = (round(100 * one[when] / most, 1) for when in ("before", "after"))
    return (
        '<svg viewBox="0 0 104 14" width="208" height="28" role="img" aria-label="'
        f'{one["before"]:.2f} before, {one["after"]:.2f} after">'
        '<rect x="2" y="3" width="100" height="8" fill="rgba(118,118,118,.25)"/>'
        f'<rect x="2" y="3" width="{after}" height="8" fill="#0072B2"/>'
        f'<line x1="{2 + before}" x2="{2 + before}" y1="0" y2="14" stroke="#D55E00" stroke-width="2"/></svg>'
    )
