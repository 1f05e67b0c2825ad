"""Repairs: refused lines before and after a repair, with what changes marked."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from studio.data.veiling import veiled_as_written
from studio.domain.excerpt import MORE, visible
from studio.flows.bring import Offer
from studio.ui.parts import html

OLD = "color:var(--bad);background:var(--bad-soft)"
NEW = "color:var(--trained-ink);background:var(--trained)"


def offered(offers: Sequence[Offer]) -> str:
    """Each kind of repair with its first lines; what goes and what comes is marked."""
    if not offers:
        return ""
    count = html.count(sum(offer.count for offer in offers), "line")
    listed = "".join(_offer(offer, is_open=offer is offers[0]) for offer in offers)
    return (
        f'<p class="help"><b>{count} can be repaired.</b> The repaired file is read as a new dataset; this one stays '
        f'as it is.</p><div class="offers">{listed}</div>'
    )


def _offer(offer: Offer, *, is_open: bool) -> str:
    examples = "".join(
        f'<div class="example"><small class="help">line {example.line:,}</small>{_change(example.before, example.after)}</div>'
        for example in offer.examples
    )
    opened = " open" if is_open else ""
    said = f'<b>{html.text(offer.title)}</b> <span class="help">{html.text(offer.remedy)}</span>'
    return f"<details{opened}><summary>{said}</summary>{examples}</details>"


def _change(before: str, after: str) -> str:
    before, after = veiled_as_written(before).shown, veiled_as_written(after).shown
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    cut_off = before.endswith(MORE) and after.endswith(MORE) and steps[-1][2] - steps[-1][1] == len(MORE)
    if cut_off:  # what differs right before the end of both is where they were cut off, not the lines
        steps[-2:-1] = [("equal", a, b, c, d) for _, a, b, c, d in steps[-2:-1]]
    old = "".join(_piece(before[a:b], OLD, changed=step != "equal") for step, a, b, _, _ in steps)
    new = "".join(_piece(after[a:b], NEW, changed=step != "equal") for step, _, _, a, b in steps)
    return f'<div class="beside"><div><em>As written</em><div class="seen">{old}</div></div><div><em>Repaired</em><div class="seen">{new}</div></div></div>'


def _piece(text: str, colours: str, *, changed: bool) -> str:
    shown = "↵\n".join(html.text(visible(line)) for line in text.split("\n"))
    return f'<mark style="border-radius:3px;font-weight:700;{colours}">{shown}</mark>' if changed and text else shown
