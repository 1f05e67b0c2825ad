"""Topics are looked for once, in a process of their own, and a file can then be dealt by them."""

from collections import Counter

import pytest

from studio.domain.errors import DatasetError
from studio.domain.split import Bin, SplitChoices
from studio.flows import bring, split, topics, train
from studio.flows.studio import Studio
from tests.flows.conftest import PATIENCE
from tests.flows.test_bring import read


def test_topics_are_found_and_each_part_gets_its_share(working: Studio):
    brought = read(working, bring.bring_sample(working, "triage"))
    with pytest.raises(DatasetError, match="not been looked for"):
        split.choose(working, brought.id, SplitChoices(stratify="topic"))
    asked = topics.look(working, brought.id)
    assert asked.job is not None and topics.look(working, brought.id).job in (None, asked.job)
    train.wait(working, asked.job.id, seconds=PATIENCE)
    found = topics.look(working, brought.id).topics
    assert found is not None and len(found.topics) == 5 and found.topics[0].words[0] == "delivery"
    made = split.choose(working, brought.id, SplitChoices(stratify="topic"))
    held = Counter(found.of[number] for number in made.rows(Bin.TEST))
    assert all(abs(held[number] - topic.rows / 10) < 1 for number, topic in enumerate(found.topics))
    assert split.facts(working, made).shares[0].name == found.topics[0].name


def test_where_there_are_no_clear_topics_it_is_said_and_nothing_is_dealt_by_them(working: Studio):
    brought = read(working, bring.bring_sample(working, "brand-voice"))
    asked = topics.look(working, brought.id)
    assert asked.job is not None
    train.wait(working, asked.job.id, seconds=PATIENCE)
    found = topics.look(working, brought.id).topics
    assert found is not None and found.topics == ()
    with pytest.raises(DatasetError) as refused:
        split.choose(working, brought.id, SplitChoices(stratify="topic"))
    assert refused.value.message == found.sentence and refused.value.fix
