"""Where every line of the file ended."""

from studio.domain.split import BIN_TITLES, Bin, Ledger
from studio.ui.inspect import split
from tests.ui.markup import attributes, words


def test_the_ledger_lists_every_place_and_its_sum() -> None:
    counts = dict.fromkeys(Bin, 0) | {Bin.TRAIN: 30, Bin.VALIDATION: 5, Bin.TEST: 4, Bin.MALFORMED: 1}
    said = words(split.ledger_table(Ledger(counts, lines=40)))
    for title in BIN_TITLES.values():
        assert title in said
    assert said.endswith("Lines with something in them (adds up) 40 100 %")
    assert "does not add up" in words(split.ledger_table(Ledger(counts, lines=41)))


def test_only_places_that_hold_something_can_be_downloaded() -> None:
    ledger = Ledger({Bin.TRAIN: 3, Bin.TEST: 0, Bin.MALFORMED: 1}, lines=4)
    links = attributes(split.download_links(ledger, "data-1", "starter", 512, sealed=False), "href")
    assert links == [f"/download/bin/data-1/{name}?model=starter&cut_off=512" for name in ("train", "malformed")]


def test_the_test_is_no_download_while_it_is_sealed() -> None:
    ledger = Ledger({Bin.TRAIN: 3, Bin.TEST: 2}, lines=5)
    sealed, opened = (split.download_links(ledger, "data-1", "starter", None, sealed=is_so) for is_so in (True, False))
    assert attributes(sealed, "href") == ["/download/bin/data-1/train?model=starter"]
    assert "sealed until a study opens them" in words(sealed)
    assert len(attributes(opened, "href")) == 2 and "sealed until" not in words(opened)
