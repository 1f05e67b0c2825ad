"""Closed studies to read: answered and rated without a model, as each vote is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio.domain.protocol import Rival
from studio.domain.run import Run
from studio.domain.study import Choice, Guessed, Study, Suspicion
from studio.flows import compare, judge
from studio.flows.judge import Vote
from studio.flows.studio import Studio
from studio.store import cards, studies
from tests.store.examples import NOON, Examples, written

Said = str  # "+" for the fine-tuned answer, "-" for the other, "=" equal, "x" both bad, "s" skipped, "" not judged


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace with one run, in which studies are asked, answered and judged."""

    studio: Studio
    run: Run

    def closed(
        self,
        votes: Callable[[int, str], Said],
        *,
        prompts: int = 8,
        rivals: Sequence[Rival] = (Rival.BASE,),
        texts: Mapping[str, Callable[[int], str]] | None = None,
        raters: Sequence[str] = ("Ann",),
        guesses: Sequence[str] = (),
        comment: str = "",
        marks: Mapping[str, Mapping[str, int]] | None = None,
        second: Callable[[int, str], Said] | None = None,
        **frozen: Any,
    ) -> Study:
        """`votes` says what people say of prompt n against an opponent, `second` what those after the first say.

        `guesses` are "right", "wrong" and "unsure", for the first cards; `marks` are those of "tuned" and "other".
        """
        made = Examples(self.studio.store).study(
            run=self.run,
            prompts=prompts,
            rivals=rivals,
            twice=1.0 if second else 0.0,
            **frozen,
        )
        answers = [
            replace(answer, text=(texts or {})[answer.contestant](int(answer.key[4:])))
            if answer.contestant in (texts or {})
            else answer
            for answer in written(made)
        ]
        studies.set_answers(self.studio.store, made.id, answers)
        for place, name in enumerate(raters):
            said = second if place and second else votes
            self._judge(made, name, said, comment, guesses if not place else (), marks or {})
        return compare.close(self.studio, made.id)

    def _judge(
        self,
        study: Study,
        name: str,
        votes: Callable[[int, str], Said],
        comment: str,
        guesses: Sequence[str],
        marks: Mapping[str, Mapping[str, int]],
    ) -> None:
        link = judge.named(self.studio, study.id, name)
        held = [card.id for card in judge.remaining_cards(self.studio, link.token)]
        dealt = {card.id: card for card in cards.dealt(self.studio.store, study.id)}
        given = []
        for card_id in held:
            key, rival = dealt[card_id].pair_id.split("/")
            side = dealt[card_id].side
            if not (said := votes(int(key[4:]), rival)):
                continue
            sides = {"+": Choice(side.value), "-": Choice(side.other.value)}
            plain = {"=": Choice.TIE, "x": Choice.BOTH_BAD, "s": Choice.SKIP}
            marked = {side.value: marks.get("tuned", {}), side.other.value: marks.get("other", {})}
            given.append(Vote(card_id, (sides | plain)[said], 9.0, comment, marked))
        judge.rate_all(self.studio, link.token, given)
        for card_id, guess in zip(held, guesses, strict=False):
            side = dealt[card_id].side
            told = {"right": side.value, "wrong": side.other.value, "unsure": "unsure"}[guess]
            cards.suspect(self.studio.store, study.id, Suspicion(card_id, link.id, Guessed(told), NOON))
