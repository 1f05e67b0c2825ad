"""Catalogue: the bases there are, kept as data: what each is, is good at, and may be used for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from studio.domain.model import Kind, Licence, Shape

DATA = Path(__file__).with_name("catalogue.json")
LICENCES = Path(__file__).with_name("licences.json")
HALF = 2  # bytes of a weight as it is downloaded


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue.

    `gated`: its terms must be accepted on the hub before it can be downloaded. `has_template`: it says how talks
    are written. `barred`: why nothing of its kind can be trained here, in one word ("" where it can). Without a shape
    nothing is known of its size.
    """

    id: str
    hub_id: str
    title: str
    maker: str
    kind: Kind
    licence: Licence
    gated: bool
    about: str
    shape: Shape | None = None
    has_template: bool = True
    barred: str = ""

    @property
    def bytes(self) -> int:
        """What its files take, nearly: the weights in 16 bits."""
        return self.shape.parameters * HALF if self.shape else 0


@cache
def catalogue() -> tuple[Entry, ...]:
    """Every model of the catalogue, in the order in which makers and sizes are shown; read once."""
    known = licences()
    return tuple(_entry(told, known) for told in json.loads(DATA.read_text(encoding="utf-8")))


@cache
def licences() -> Mapping[str, Licence]:
    """Every licence that models of the catalogue come under, by the name that the catalogue gives it."""
    told = json.loads(LICENCES.read_text(encoding="utf-8"))
    return MappingProxyType({key: Licence(**values) for key, values in told.items()})


def _entry(told: dict[str, Any], known: Mapping[str, Licence]) -> Entry:
    shape = Shape(**told["shape"]) if "shape" in told else None
    parts = {"shape": shape, "licence": known[told["licence"]], "kind": Kind(told["kind"])}
    return Entry(**{**told, **parts})
