"""What a model's template leaves out, and what plain text means, is said before anything starts."""

import json
from pathlib import Path

import pytest

from studio.domain.dataset import Dataset, Layout
from studio.domain.errors import RecipeError, StudyError
from studio.domain.job import JobState
from studio.domain.recipe import Recipe
from studio.domain.split import Bin
from studio.flows import bring, choose, compare, inspect, mend, split, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from tests.flows.test_bring import PATIENCE, read


def measured(studio: Studio, path: Path, rows: list[dict]) -> Dataset:
    """The rows once they have been read, and measured for the starter, whose template writes no tool calls."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    brought = read(studio, bring.bring_file(studio, path))
    measuring = inspect.look(studio, brought.id, STARTER).measuring
    assert measuring is not None
    train.wait(studio, measuring.id, seconds=PATIENCE)
    return brought


def plain(number: int) -> dict:
    said = {"role": "user", "content": f"What is {number}?"}, {"role": "assistant", "content": f"A number, {number}."}
    return {"messages": list(said)}


def calling(number: int) -> dict:
    call = {"name": "look_up", "arguments": {"number": number}}
    asked = {"role": "user", "content": f"Look {number} up."}
    return {"messages": [asked, {"role": "assistant", "content": None, "tool_calls": [call]}]}


@pytest.fixture(scope="module")
def mixed(working: Studio, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """24 rows in plain words and 12 that call a tool."""
    path = tmp_path_factory.mktemp("mixed") / "Tools.jsonl"
    return measured(working, path, [*map(plain, range(24)), *map(calling, range(12))])


def test_rows_that_a_template_does_not_write_whole_have_a_place_of_their_own(working: Studio, mixed: Dataset):
    ledger = split.ledger(working, mixed.id, model_id=STARTER, cut_off=256)
    assert ledger.adds_up and ledger.counts[Bin.UNWRITTEN] == 12
    parts = split.bin_lines(working, mixed.id, Bin.UNWRITTEN, model_id=STARTER, cut_off=256)
    listed = b"".join(parts).decode()
    assert listed.count("leaves out the descriptions of tools and tool calls, so the row would not be whole.") == 12


def test_no_part_of_a_run_is_given_a_row_that_would_not_be_whole(working: Studio, mixed: Dataset):
    lengths = inspect.measured(working, mixed.id, STARTER)
    assert lengths is not None and lengths.partial == set(range(24, 36))
    used = split.used(split.current(working, mixed.id), lengths, 256)
    assert not {*used.train, *used.validation, *used.test} & lengths.partial
    planned = choose.plan(working, mixed.id, STARTER, Recipe())
    assert planned.train_rows == len(used.train)


def test_a_file_of_which_no_row_would_be_whole_is_refused_before_the_start(working: Studio, tmp_path: Path):
    brought = measured(working, tmp_path / "calls.jsonl", [calling(number) for number in range(12)])
    with pytest.raises(RecipeError, match="12 rows have such parts") as refused:
        choose.plan(working, brought.id, STARTER, Recipe())
    assert refused.value.fix == "Choose a model whose template writes them."


def test_plain_text_is_planned_in_pieces_and_none_of_it_is_left_out(working: Studio, tmp_path: Path):
    texts = [{"text": f"Poem number {n}. " + "The sea is wide and the night is long. " * (n * 5)} for n in range(12)]
    brought = measured(working, tmp_path / "poems.jsonl", texts)
    assert brought.guess is not None and brought.guess.mapping.layout is Layout.TEXT
    lengths = inspect.measured(working, brought.id, STARTER)
    assert lengths is not None and max(lengths.total) > 64 and not lengths.cut_rows(64)
    used = split.used(split.current(working, brought.id), lengths, 64)
    planned = choose.plan(working, brought.id, STARTER, Recipe(max_length=64, epochs=1))
    assert planned.train_rows > len(used.train)
    assert planned.tokens == sum(lengths.total[number] for number in used.train)


def test_what_was_learned_from_plain_text_is_not_compared_since_it_asks_nothing(working: Studio, tmp_path: Path):
    brought = measured(working, tmp_path / "lines.jsonl", [{"text": f"Line number {n}."} for n in range(12)])
    run = train.start(working, brought.id, STARTER, Recipe(epochs=0.1, evaluations=1), key="a run on text")
    train.wait(working, run.job.id, seconds=PATIENCE)
    assert train.run(working, run.id).job.state is JobState.DONE
    with pytest.raises(StudyError, match="asks nothing"):
        compare.create(working, run.id, key="a study of text")


def test_a_preference_pair_is_trained_on_its_better_answer(working: Studio, tmp_path: Path):
    rows = [{"prompt": f"{n}?", "chosen": f"It is {n}.", "rejected": "No idea."} for n in range(12)]
    brought = measured(working, tmp_path / "pairs.jsonl", rows)
    row = bring.preview(working, brought.id, count=1)[0]
    assert (row.answer, row.rejected[0].content) == ("It is 0.", "No idea.")
    seen = inspect.seen(working, brought.id, STARTER, 0, 256)
    assert "".join(piece.text for piece in seen.pieces if piece.trained) == "It is 0.<|end|>"
    assert choose.plan(working, brought.id, STARTER, Recipe()).train_rows > 0


def test_preference_training_is_planned_for_both_answers_of_a_pair(working: Studio, tmp_path: Path):
    worse = "No idea, and nothing that I could say about it. " * 4
    rows = [{"prompt": f"{n}?", "chosen": f"It is {n}.", "rejected": worse} for n in range(12)]
    brought = measured(working, tmp_path / "both.jsonl", rows)
    lengths = inspect.measured(working, brought.id, STARTER)
    assert lengths is not None and min(lengths.of_pairs().total) > 2 * max(lengths.total)
    alone, both = (
        choose.plan(working, brought.id, STARTER, Recipe(preference=preference)) for preference in (False, True)
    )
    assert both.memory_needed > alone.memory_needed and both.tokens > 2 * alone.tokens
    with pytest.raises(RecipeError, match="No training rows are left"):
        choose.plan(working, brought.id, STARTER, Recipe(preference=True, max_length=max(lengths.total)))


def test_preference_training_without_pairs_is_refused_before_the_start(working: Studio, mixed: Dataset):
    with pytest.raises(RecipeError, match="no worse answers") as refused:
        choose.plan(working, mixed.id, STARTER, Recipe(preference=True))
    assert refused.value.field == "preference"


def test_masking_reaches_every_name_and_value_in_calls_and_rejected_answers(working: Studio, tmp_path: Path):
    call = {
        "name": "mail",
        "arguments": {"to": "anna.berg@posteo.de", "4111 1111 1111 1111": 2, "card": 4111111111111111},
    }
    chosen = {"role": "assistant", "content": None, "tool_calls": [call]}
    row = {"prompt": "Write to her.", "chosen": [chosen], "rejected": "Ask anna.berg@posteo.de."}
    path = tmp_path / "masks.jsonl"
    path.write_text((json.dumps(row) + "\n") * 4)
    brought = read(working, bring.bring_file(working, path))
    masked = bring.preview(working, mend.mask(working, brought.id, [0]).id, count=1)[0]
    assert masked.messages[1].calls[0].arguments == '{"to": "[EMAIL]", "[CARD]": 2, "card": "[CARD]"}'
    assert masked.rejected[0].content == "Ask [EMAIL]." and masked.line == 1
