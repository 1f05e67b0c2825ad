"""How the rows are dealt, and where every line of the file ended."""

import pytest

from studio.domain.fields import Field
from studio.domain.split import BIN_TITLES, Bin, Ledger, Share, SplitChoices
from studio.domain.topics import NO_TOPIC, Topic, Topics
from studio.flows.split import Facts
from studio.flows.topics import Search
from studio.ui.inspect import split
from tests.ui import examples
from tests.ui.markup import attributes, words

LABELS = Field("field:label", 100, 2, True, (("a", 60), ("b", 40)))
PEOPLE = Field("field:person", 100, 60, True, ())
IDS = Field("field:id", 100, 100, False, ())
ANSWERS = Field("answer:category", 100, 5, True, ())
FOUND = Topics((Topic(("tea", "cup"), 70), Topic(("<b>",), 30)), (0,) * 100, "2 topics, told by their words.")
NONE = Topics((), (NO_TOPIC,) * 100, "There are no clear topics.")


def test_the_ledger_lists_every_place_and_its_sum() -> None:
    counts = dict.fromkeys(Bin, 0) | {Bin.TRAIN: 30, Bin.VALIDATION: 5, Bin.TEST: 4, Bin.MALFORMED: 1}
    said = words(split.ledger_table(Ledger(counts, lines=40), "data-1", "starter", None, sealed=False))
    for title in BIN_TITLES.values():
        assert title in said
    assert said.endswith("Lines with something in them (adds up) 40 100 %")
    assert "does not add up" in words(split.ledger_table(Ledger(counts, lines=41), "d", "m", None, sealed=False))


def test_only_places_that_hold_something_can_be_downloaded_as_csv_or_jsonl() -> None:
    ledger = Ledger({Bin.TRAIN: 3, Bin.TEST: 0, Bin.MALFORMED: 1}, lines=4)
    links = attributes(split.ledger_table(ledger, "data-1", "starter", 512, sealed=True), "href")
    assert links == [
        f"/download/bin/data-1/{name}?model=starter&cut_off=512{kind}"
        for name in ("train", "malformed")
        for kind in ("", "&kind=jsonl")
    ]


def test_the_test_is_no_download_while_it_is_sealed() -> None:
    ledger = Ledger({Bin.TRAIN: 3, Bin.TEST: 2}, lines=5)
    sealed, opened = (split.ledger_table(ledger, "data-1", "starter", None, sealed=is_so) for is_so in (True, False))
    assert attributes(sealed, "href")[0] == "/download/bin/data-1/train?model=starter"
    assert len(attributes(sealed, "href")) == 2 and "sealed until a study opens them" in words(sealed)
    assert len(attributes(opened, "href")) == 4 and "sealed until" not in words(opened)


def test_rows_can_be_spread_by_what_has_kinds_and_kept_together_by_what_repeats() -> None:
    fields, plain = (LABELS, PEOPLE, IDS, ANSWERS), SplitChoices()
    assert [key for _, key in split.stratify_choices(plain, fields, FOUND)] == [
        "length",
        "topic",
        "field:label",
        "answer:category",
    ]
    assert [key for _, key in split.stratify_choices(plain, fields, NONE)] == [
        "length",
        "field:label",
        "answer:category",
    ]
    assert [key for _, key in split.by_choices(plain, fields)] == ["", "label", "person"]


def test_what_was_chosen_elsewhere_stays_to_be_seen() -> None:
    chosen = SplitChoices(by="id", stratify="field:id")
    assert ("by field:id", "field:id") in split.stratify_choices(chosen, (IDS,), None)
    assert ("rows of one id", "id") in split.by_choices(chosen, (IDS,))
    held_out, seed, stratify, by = split.view(chosen, (IDS,), None)
    assert (held_out.value, seed, stratify.value, by.value) == (0.2, 7, "field:id", "id")


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (Search(FOUND, None), "2 topics, told by their words. tea · cup (70); <b> (30)."),
        (Search(NONE, None), "There are no clear topics."),
        (Search(None, examples.job()), "Looking for topics …"),
        (Search(None, None), "The topics could not be looked for."),
    ],
)
def test_topics_are_told_or_why_there_are_none(search: Search, said: str) -> None:
    assert words(split.topics_words(search)) == said and "<b>" not in split.topics_words(search)


def test_how_evenly_the_rows_were_dealt_is_told_and_by_kind_in_a_table() -> None:
    facts = Facts((Share("a", 48, 6, 6), Share("", 32, 4, 4)), gap=0.012, tied=12, sets=4, largest=5)
    plain, table = (words(split.evenness_words(facts, by_length=is_so)) for is_so in (True, False))
    assert plain.startswith("12 rows share a side with others, in 4 sets of up to 5. Copies, near copies")
    assert plain.endswith("by at most 1.2 points in the share of any kind.")
    assert table.endswith("Kind Rows Training Held out a 60 48 12 none of these 40 32 8")


def test_many_kinds_are_cut_short_and_that_is_said() -> None:
    facts = Facts(tuple(Share(str(n), 1, 0, 0) for n in range(20)), gap=0, tied=0, sets=0, largest=0)
    assert words(split.evenness_words(facts, by_length=False)).endswith("… and 8 kinds more.")
