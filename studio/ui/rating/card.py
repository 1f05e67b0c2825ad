"""Card: what a rater sees of one card, as HTML; pure, and the same for whichever text stands on which side."""

from html import escape

from studio.domain.study import Card
from studio.ui.parts import copying, html

SPEAKERS = {
    "system": "The instructions were",
    "user": "The request was",
    "assistant": "An earlier answer was",
    "tool": "A tool answered",
}
NOTHING = "(no text)"
ASKED = "Which of the two you have just seen do you think came from the new model?"


def head(card: Card) -> str:
    """The question, how far the rater is, and what “better” means where that was written down."""
    left = f" · {_time_left(card.seconds_left)} left for you" if card.seconds_left is not None else ""
    far = bar(f"Your card {card.position:,}{left}", card.together, card.needed)
    if card.rated == 0:
        far += f'<p class="help">{_at_first(card.total, card.needed)}</p>'
    rubric = ""
    if card.rubric:
        rubric = (
            f'<details class="rubric"><summary>What “better” means</summary><div>{escape(card.rubric)}</div></details>'
        )
    return f'<div class="title"><h2>{escape(card.question)}</h2></div>{far}{rubric}'


def bar(own: str, together: int, needed: int) -> str:
    """How far a rater is, in words, and how far everybody is, as a bar."""
    return html.bar(together / needed if needed else 0.0, own, f"Everybody together: {together:,} of {needed:,} judged")


def _at_first(most: int, needed: int) -> str:
    """What is asked of one person, and what of all."""
    share = f"at most {most:,} of them come to you, and fewer the more people judge"
    return (
        f"{html.count(needed, 'judgement')} {'is' if needed == 1 else 'are'} needed in all, shared among everybody who "
        f"has a link: {share}. You may stop at any time; this link leads back to where you are."
    )


def body(card: Card) -> str:
    """The prompt, and both answers in boxes of one size."""
    asked = "".join(
        f'<div class="asked-label">{SPEAKERS.get(m.role, "")}</div><div class="asked" dir="auto">{escape(m.text)}</div>'
        for m in card.prompt
    )
    sides = "".join(
        f'<div><div class="asked-label">{name}</div><div class="answer{"" if _is_seen(text) else " none"}" dir="auto" '
        f'id="answer-{name.lower()}" role="region" aria-label="{name} answer" tabindex="0">'
        f"{escape(text) if _is_seen(text) else NOTHING}</div></div>"
        for name, text in (("Left", card.left), ("Right", card.right))
    )
    return f'<div class="rate-card">{asked}<div class="answers">{sides}</div></div>'


def _is_seen(text: str) -> bool:
    """Whether there is anything to read; blanks and signs without a shape are nothing."""
    return any(letter.isprintable() and not letter.isspace() for letter in text)


def device(token: str) -> str:
    """The rater's own link, written out once it is unfolded, since only the browser knows where the studio is."""
    path = f"?t={token}"
    return copying.unfolding(
        path,
        "Go on on another device",
        "<p>Open this link there, and go on where you are. It is yours alone: whoever opens it judges as you.</p>"
        f"<p><code></code> {copying.address_button('Copy', path)}</p>",
    )


def _time_left(seconds: float) -> str:
    """As roughly as it is known: at most about 6 min, less than a minute."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 3600:
        return f"at most about {seconds / 60:.0f} min"
    return f"at most about {seconds / 3600:.1f} h"
