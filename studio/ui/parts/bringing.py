"""Bringing: what the other screens say while a file is being read, or when nothing of it could be used."""

from studio.domain.dataset import Dataset
from studio.domain.reading import Reading, Tone
from studio.ui.parts import html


def being_read(dataset: Dataset) -> str:
    """How far the reading is, or why there is nothing to work with."""
    if dataset.is_being_read:
        left = (
            f" · about {html.duration(dataset.seconds_left)} left"
            if dataset.seconds_left and dataset.seconds_left >= 1
            else ""
        )
        return html.bar(dataset.share_read, f"Reading {dataset.source_name} …", html.size(dataset.bytes) + left)
    reason = dataset.problem or "Every line was refused; the Data tab lists the reasons."
    return html.reading(Reading(Tone.BAD, f"Nothing of {dataset.name} could be used.", reason))
