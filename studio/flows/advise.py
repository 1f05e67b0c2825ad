"""Advise: how ready a dataset is, and what is most worth mending, from all that is known of it."""

from studio.domain.advice import Advice, Situation, advise
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.mending import Rule
from studio.domain.split import Bin
from studio.flows import mend, split, topics
from studio.flows.inspect import Inspection
from studio.flows.studio import Studio


def advice(studio: Studio, look: Inspection) -> Advice:
    """At most five sentences on a dataset that was inspected with a model."""
    dataset, removed = look.dataset, look.dataset.mending.removed
    train = test = 0
    try:
        dealt = split.current(studio, dataset.id)
        train, test = dealt.bins.count(Bin.TRAIN), dealt.bins.count(Bin.TEST)
    except DatasetError:  # too few rows to deal; the split says so itself
        pass
    cut = look.lengths.cut_rows(look.cut_off.tokens) if look.lengths and look.cut_off else ()
    return advise(
        Situation(
            rows=dataset.rows - len(removed),
            lines=dataset.lines,
            train=train,
            test=test,
            findings=look.findings,
            touched=_touched(look) if removed else {},
            fields=split.fields(studio, dataset.id),
            topics=topics.known(studio, dataset.id),
            cut_rows=sum(number not in removed for number in cut),
            partial_rows=len(look.lengths.partial) if look.lengths else 0,
            keeps_copies=dataset.mending.keep_copies,
            is_text=dataset.is_text,
        )
    )


def _touched(look: Inspection) -> dict[FindingKind, int]:
    """How many rows of the findings from which some were left out are still in use."""
    removed = look.dataset.mending.removed
    found = {finding.kind: mend.ruled(look.findings, Rule(finding.kind)) for finding in look.findings}
    return {
        kind: sum(number not in removed for number in numbers)
        for kind, numbers in found.items()
        if any(number in removed for number in numbers)
    }
