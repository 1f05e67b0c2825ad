"""Sieve: which checks a row can concern at all, told by one pass over its texts for all of them.

Each check names the letters without which it finds nothing. RE2 looks for those of all checks at once, and takes no
longer the more there are; most rows hold none, and nothing else has to look at them.
"""

from collections.abc import Iterable, Mapping

import re2

from studio.data.checks import personal, placeholders, refusals, roles, secrets, self_reference, tokens, toxic
from studio.data.checks.lists import openings
from studio.domain.finding import FindingKind
from studio.domain.row import Row

MEMORY = 1 << 26  # bytes that RE2 may take for each of its two machines; it takes a few of them


class Sieve:
    """Tells for each row the kinds of finding that its texts can hold; it may tell too many, never too few."""

    def __init__(self) -> None:
        self._as_written = _Machine(
            {
                FindingKind.SECRET: _any_of(secrets.LETTERS),
                FindingKind.PERSONAL: personal.SHAPES,
                FindingKind.TOKENS: _any_of(tokens.SIGNS),
                FindingKind.PLACEHOLDER: _any_of(placeholders.SIGNS),
                FindingKind.ROLE_ORDER: _any_of(roles.SIGNS),
            }
        )
        self._in_small = _Machine(
            {
                FindingKind.SECRET: _any_of(secrets.SMALL_LETTERS),
                FindingKind.REFUSAL: _any_of(openings(refusals.LIST)),
                FindingKind.SELF_REFERENCE: _any_of(openings(self_reference.LIST)),
                FindingKind.TOXIC: _any_of(toxic.signals()),
            }
        )

    def kinds(self, row: Row) -> frozenset[FindingKind]:
        """The kinds whose check has to look at this row."""
        text = "\n".join([message.text for message in (*row.messages, *row.rejected)])
        return self._as_written.found(text) | self._in_small.found(text.lower().replace("’", "'"))


class _Machine:
    """One automaton for a pattern of each kind."""

    def __init__(self, patterns: Mapping[FindingKind, str]) -> None:
        options = re2.Options()
        options.max_mem, options.never_capture = MEMORY, True
        self._set = re2.Set.SearchSet(options)
        self._set.Add("")  # is in every text: where it was not found, RE2 has given up
        for pattern in patterns.values():
            self._set.Add(pattern)
        self._set.Compile()
        self._kinds = tuple(patterns)
        self._known: dict[tuple[int, ...], frozenset[FindingKind]] = {(): frozenset(patterns)}

    def found(self, text: str) -> frozenset[FindingKind]:
        matched = tuple(self._set.Match(text) or ())
        if matched not in self._known:
            self._known[matched] = frozenset(self._kinds[place - 1] for place in matched if place)
        return self._known[matched]


def _any_of(texts: Iterable[str]) -> str:
    return "|".join(map(re2.escape, texts))
