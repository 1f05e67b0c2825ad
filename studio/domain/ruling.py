"""Ruling: the decision of a whole study, against every opponent and with every gate, and what somebody made of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from studio.domain.errors import StudyError
from studio.domain.light import Lit
from studio.domain.protocol import Rival
from studio.domain.verdict import HEADLINES, Decision, Verdict

SHORTEST_REASON = 15
ANEW = "Do what the reason asks for, then have a new comparison rated."
NEXT = {
    Decision.SHIP: "Take it to Deliver, and keep the report with it.",
    Decision.DONT_SHIP: ANEW,
    Decision.NOT_YET: ANEW,
}


@dataclass(frozen=True, slots=True)
class Contest:
    """The verdict against one opponent."""

    rival: Rival
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody's decision in place of the rule's; it stands beside the figures and changes none of them."""

    decision: Decision
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """What to do with a fine-tuned model; `reasons` are one sentence for each opponent and each light that matters.

    `next_step` is what to do about it. `more_needed` is about how many more ratings would settle every open contest,
    ties included, and `minutes_needed` their time; None where nothing is open or it is unlikely to become clear.
    """

    decision: Decision
    sentence: str
    reasons: tuple[str, ...]
    contests: tuple[Contest, ...]
    lights: tuple[Lit, ...]
    caveats: tuple[str, ...]
    more_needed: int | None = None
    minutes_needed: int | None = None
    override: Override | None = None
    next_step: str = ""

    @property
    def headline(self) -> str:
        return HEADLINES[self.decision]

    @property
    def title(self) -> str:
        """The headline of what stands; where somebody overrode the rule, with their name."""
        return f"{self.override.by} decided: {HEADLINES[self.stands]}" if self.override else self.headline

    @property
    def stands(self) -> Decision:
        """What holds in the end: the rule's decision, unless somebody overrode it."""
        return self.override.decision if self.override else self.decision

    @property
    def what_next(self) -> str:
        """What to do about what stands."""
        return self.next_step if self.stands is self.decision else NEXT[self.stands]

    @property
    def override_sentence(self) -> str:
        """Who overrode the rule, to what and why; empty where nobody did."""
        if not self.override:
            return ""
        given, day = self.override, self.override.at
        return (
            f"{given.by} decided otherwise on {day.day} {day:%B %Y}: “{HEADLINES[given.decision]}” "
            f"instead of “{self.headline}” Reason given: {given.reason}"
        )


def overridden(ruling: Ruling, *, decision: Decision, reason: str, by: str, at: datetime) -> Ruling:
    """The ruling with somebody's own decision beside it; StudyError without a reason, a name or a difference.

    What somebody decided can be taken back by deciding what the rule says.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise StudyError(
            "An override needs a reason that others can read later.", fix="Say why in a sentence.", field="reason"
        )
    if not by.strip():
        raise StudyError("An override needs a name.", fix="Say who decided.", field="by")
    if decision is ruling.decision and ruling.override is None:
        raise StudyError("That is what the rule says already.", fix="Nothing needs to be overridden.", field="decision")
    return replace(ruling, override=Override(decision, reason.strip(), by.strip(), at))
