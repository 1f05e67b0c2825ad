"""Looking: what the parts of Inspect share: which dataset is looked at with which model, and what is known of it."""

from typing import NamedTuple


class Look(NamedTuple):
    """The value of the state that every part listens to; it changes when there is something else to show."""

    data: str
    model: str
    measured: bool
