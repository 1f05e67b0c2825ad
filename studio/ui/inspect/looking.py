"""Looking: what the parts of Inspect share: which dataset is looked at, with which model, and what is known of it."""

from typing import NamedTuple


class Checked(NamedTuple):
    """What the parts about rows listen to: another dataset is looked at, or its rows were examined again."""

    data: str
    is_checked: bool


class Look(NamedTuple):
    """What the parts about tokens listen to: another dataset or model, or its lengths have been measured."""

    data: str
    model: str
    measured: bool
