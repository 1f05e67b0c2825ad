"""Listed: the findings of a file in one list, what matters most first, each with one thing to do."""

from collections.abc import Sequence

from studio.domain.finding import TREATMENTS, Action, Finding, FindingKind, by_weight
from studio.domain.mending import Mending
from studio.domain.reading import Reading, Tone
from studio.flows.treat import Treated, treated
from studio.ui.parts import html

SHOW, TREAT, TAKE_BACK = "show", "treat", "take_back"

# A press tells the server which button it was; what it may do is looked up there. To open a finding is an event of its
# own, `select`: it may follow another press at once, where an act must not be done twice. Whoever opens one is led to its
# rows as soon as they come, however late, unless they have pressed another one or gone elsewhere meanwhile. The list is
# drawn anew after every press: the button that had the focus has it again.
PRESS = """
let at = null, rows = null;
const isElsewhere = () => document.activeElement !== document.body && !element.contains(document.activeElement);
const isName = button => button.classList.contains('link');
const heading = kind => [...document.querySelectorAll('h3.picked')].find(h => h.dataset.kind === kind && h.offsetParent);
const leadTo = kind => {
  const found = heading(kind);
  found?.focus({preventScroll: true});
  found?.scrollIntoView({block: 'start'});
  return Boolean(found);
};
element.addEventListener('click', event => {
  const pressed = event.target.closest('button[data-act]');
  if (!pressed) return;
  const {act, kind} = pressed.dataset;
  trigger(act === 'show' ? 'select' : 'click', {act, kind});
  rows?.disconnect();
  if (act !== 'show' || leadTo(kind)) return;
  rows = new MutationObserver(() => (isElsewhere() || leadTo(kind)) && rows.disconnect());
  rows.observe(document.body, {childList: true, subtree: true, attributes: true});
});
element.addEventListener('focusin', event => { at = event.target.closest('button[data-kind]'); });
element.addEventListener('focusout', event => { if (event.relatedTarget) at = null; });
new MutationObserver(() => {
  if (!at || at.isConnected || document.activeElement !== document.body) return;
  const again = [...element.querySelectorAll(`button[data-kind="${at.dataset.kind}"]`)];
  (again.find(button => isName(button) === isName(at)) ?? element.querySelector('button'))?.focus({preventScroll: true});
}).observe(element, {childList: true, subtree: true});
"""


def listed(findings: Sequence[Finding], mending: Mending, picked: FindingKind | None) -> str:
    """The list, the gravest finding first; `picked` is the one that is open below."""
    if not findings:
        return html.reading(Reading(Tone.GOOD, "Nothing was found that needs a look.", "Copies, contradictions, secrets "
            "and the other checks: docs/accuracy.md says how often each of them is right."))  # fmt: skip
    rows = "".join(_row(finding, treated(finding, mending), finding.kind is picked) for finding in by_weight(findings))
    return f'<ul class="findings" role="list">{rows}</ul>'


def _row(finding: Finding, state: Treated, is_open: bool) -> str:
    """One finding: grade, what and how many, why it matters, and its one button."""
    name = html.text(finding.title)
    if finding.kind is not FindingKind.MALFORMED:
        pressed = "true" if is_open else "false"
        name = (
            f'<button type="button" class="link" data-act="{SHOW}" data-kind="{finding.kind.value}" '
            f'aria-pressed="{pressed}">{name}</button>'
        )
    return (
        f'<li class="{finding.grade.value}{" open" if is_open else ""}">{html.grade(finding.grade)}'
        f"<div><b>{name}</b><p>{html.text(finding.why)}</p></div>{_button(finding, state, is_open)}</li>"
    )


def _button(finding: Finding, state: Treated, is_open: bool) -> str:
    if finding.kind is FindingKind.MALFORMED:
        return '<div class="act"><small>listed on the Data tab</small></div>'
    label, act, note = words(finding, state)
    if act == SHOW and is_open:
        label = "Shown below ↓"
    return (
        f'<div class="act"><button type="button" data-act="{act}" data-kind="{finding.kind.value}">'
        f"{html.text(label)}</button><small>{html.text(note)}</small></div>"
    )


def words(finding: Finding, state: Treated) -> tuple[str, str, str]:
    """What the button says, what it does, and what has been done so far."""
    rows = html.count(state.of, "row")
    match TREATMENTS[finding.kind].action:
        case Action.MASK:
            return f"Mask in {rows}", TREAT, "in a new version; the file stays"
        case Action.LEAVE_OUT if state.is_done:
            return f"Take {rows} back", TAKE_BACK, "left out"
        case Action.LEAVE_OUT:
            return f"Leave {rows} out", TREAT, f"{state.out:,} left out so far" if state.out else ""
        case Action.KEEP_ONE if state.is_done:
            return "Keep every copy", TAKE_BACK, "one of each is kept"
        case Action.KEEP_ONE:
            return "Keep one of each", TREAT, "every copy is kept" if state.is_kept else ""
        case _:
            return "Look at them", SHOW, f"{state.out:,} of {rows} left out" if state.out else ""
