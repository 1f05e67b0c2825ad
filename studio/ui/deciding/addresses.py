"""Addresses: links by which stakeholders read a verdict without the studio; made, copied and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.access import Right
from studio.domain.study import Link
from studio.flows import sharing
from studio.flows.studio import Studio
from studio.store.acting import may
from studio.ui.errors import friendly, handler
from studio.ui.parts import html
from studio.ui.pressed import told_by
from studio.ui.session import QUIET

NONE = '<p class="help">Nobody but you can read it yet.</p>'
# A press tells the server which link it was; what may be done is looked up there.
PRESS = """
element.addEventListener('click', event => {
  const pressed = event.target.closest('button[data-act]');
  if (!pressed) return;
  if (pressed.dataset.act === 'copy') {
    copyText(pressed, location.origin + pressed.dataset.address);
  } else if (confirm('Take this link back? Whoever opens it will read that it was taken back.')) {
    trigger('click', {link: pressed.dataset.link});
  }
});
"""


@dataclass(frozen=True, slots=True)
class Addresses:
    label: gr.Textbox
    make: gr.Button
    listing: gr.HTML


def build() -> Addresses:
    gr.HTML(
        '<p class="help">A page of its own that only shows this verdict, for people who have no part in the studio. '
        f"Whoever has the link can read it until you take it back. {html.REACH}</p>"
    )
    with gr.Row(elem_classes="actions"):
        label = gr.Textbox(label="For whom (optional)", max_length=sharing.LONGEST_LABEL, min_width=220)
        make = gr.Button("Make a link for stakeholders", min_width=240)
    return Addresses(label, make, gr.HTML(js_on_load=PRESS))


def wire(studio: Studio, addresses: Addresses, shown: gr.State) -> None:
    @friendly
    def press(study_id: str, event: gr.EventData) -> str:
        return take_back(studio, study_id, *told_by(event, link=str))

    asked = [shown, addresses.label]
    changed = [addresses.listing, addresses.label]
    addresses.make.click(handler(make, studio), asked, changed, trigger_mode="once", **QUIET)
    addresses.listing.click(press, shown, addresses.listing, trigger_mode="once", **QUIET)


def make(studio: Studio, study_id: str, label: str) -> list[Any]:
    """One more link; the label is empty again for the next."""
    sharing.share(studio, study_id, label or "")
    return [listed(sharing.shared(studio, study_id)), ""]


def take_back(studio: Studio, study_id: str, link_id: str) -> str:
    """From now on nobody reads it there."""
    sharing.take_back(studio, study_id, link_id)
    return listed(sharing.shared(studio, study_id))


def listed(links: Sequence[Link]) -> str:
    """Every link with what can be done with it; those taken back stay in the list, and lead nowhere."""
    if not links:
        return NONE
    return '<ul class="v-addresses">' + "".join(_line(link) for link in links) + "</ul>"


def _line(link: Link) -> str:
    name = html.text(link.label or "without a name")
    made = f"made {link.created_at:%-d %b %Y, %H:%M} UTC"
    if link.revoked_at:
        back = f"taken back {link.revoked_at:%-d %b %Y, %H:%M} UTC"
        return f'<li><b>{name}</b> <span class="v-quiet">{made}, {back}</span></li>'
    if not may(Right.CHANGE):
        return f'<li><b>{name}</b> <span class="v-quiet">{made}; the link is shown to editors and owners</span></li>'
    address = html.text(sharing.address(link))
    return (
        f'<li><b>{name}</b> <span class="v-quiet">{made}</span><br>{html.link("Open the page", address, download=False)} '
        f'<button type="button" class="copy" data-act="copy" data-address="{address}">Copy</button> '
        f'<button type="button" class="copy" data-act="revoke" data-link="{html.text(link.id)}" '
        f'aria-label="Take back the link: {name}">Take back</button></li>'
    )
