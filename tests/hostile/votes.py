"""Votes: hostile files of judgements, case 118; CARD stands for a card that the rater holds."""

import json

from tests.hostile.case import Case, accept, refuse

NONE, NO_MARK = "is not a judgement", "This is no mark"


def vote(**more: object) -> str:
    return json.dumps({"card": "CARD", "choice": "left"} | more)


CASES: tuple[Case[str], ...] = (
    refuse("E118", "a card of somebody else", vote(card="card-of-somebody"), "is no card of this rater"),
    refuse("E118", "a card of 100,000 letters", vote(card="x" * 100_000), NONE),
    refuse("E118", "a number for a card", vote(card=7), NONE),
    refuse("E118", "a list for a card", vote(card=["CARD"]), NONE),
    refuse("E118", "a choice that there is not", vote(choice="better"), NONE),
    refuse("E118", "both sides at once", vote(choice=["left", "right"]), NONE),
    refuse("E118", "a choice that is null", vote(choice=None), NONE),
    refuse("E118", "a mark that is infinite", '{"card": "CARD", "choice": "left", "marks": {"left": {"tone": 1e999}}}', NONE),
    refuse("E118", "a mark that is no number", '{"card": "CARD", "choice": "left", "marks": {"left": {"tone": NaN}}}', NONE),
    refuse("E118", "a mark of 6", vote(marks={"left": {"tone": 6}}), NO_MARK),
    refuse("E118", "a mark that is true", vote(marks={"left": {"tone": True}}), NO_MARK),
    refuse("E118", "a mark of half", vote(marks={"left": {"tone": 2.5}}), NO_MARK),
    refuse("E118", "a mark of a side that there is not", vote(marks={"middle": {"tone": 3}}), NO_MARK),
    refuse("E118", "marks that are a number", vote(marks=7), NONE),
    refuse("E118", "half a character", '{"card": "CARD", "choice": "left", "comment": "\\ud800"}', NONE),
    refuse("E118", "brackets nested 100,000 deep", '{"card": ' + "[" * 100_000, NONE),
    refuse("E118", "bytes that are no UTF-8", "\udcff\udcfe", NONE),
    refuse("E118", "a card twice, of which the second is none", vote() + "\n" + vote(card="card-none"), "is no card of this rater"),
    accept("E118", "a comment of 5 MB", vote(comment="x" * 5_000_000)),
    accept("E118", "a comment with a NUL", vote(comment="a\0b")),
    accept("E118", "a time before and one in the future", vote(seconds=-5, at="2999-01-01")),
    accept("E118", "the same judgement twice", vote() + "\n" + vote()),
)  # fmt: skip
