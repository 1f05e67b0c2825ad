"""Measure: the stored tokens are those that TRL trains on, with the same labels; and one row can be shown from them."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from studio.data.ledger import why_of_row
from studio.data.lengths import load_lengths, suggest_cut_off
from studio.data.measure import measure, trains_stop_token
from studio.data.seen import pieces
from studio.domain.answers import marks_answers
from studio.domain.chat import conversation
from studio.domain.event import EventKind
from studio.domain.split import Bin, Split, SplitChoices
from tests.data.conftest import Brought, ListReporter, pair

CONVERSATIONS = [
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "naïve 日本 🙂 family 👨‍👩‍👧"},
            {"role": "assistant", "content": "first 日本 answer 🙂"},
            {"role": "user", "content": "and <|end|> then?"},
            {"role": "assistant", "content": "second\n\nanswer  with spaces "},
        ]
    },
]
CALL = {"name": "weather", "arguments": {"city": "Rome"}}
WITH_TOOLS = [
    {**CONVERSATIONS[0], "tools": []},
    {
        "messages": [
            {"role": "user", "content": "Is it warm in Rome?"},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "content": "24 °C"},
            {"role": "assistant", "content": "It is."},
        ],
        "tools": [{"name": "weather", "description": "Weather of a city."}],
    },
    {
        "messages": [
            {"role": "user", "content": "And the time?"},
            {"role": "assistant", "content": "", "tool_calls": [{"name": "time", "arguments": {"zone": None}}]},
        ],
        "tools": [{"name": "time", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}],
    },
]
WITHOUT_MARKS = (
    "{%- for message in messages -%}<|start|>{{ message.role }}\n{{ message.content }}<|end|>\n{%- endfor -%}"
)


def bring_and_measure(brought: Brought, model: Path, reporter: ListReporter | None = None):
    out = brought.folder / "lengths" / "model.npz"
    spec = {"dataset": str(brought.folder), "model": str(model), "model_id": "starter", "out": str(out)}
    return measure(spec, reporter or ListReporter()), out


def stored(path: Path) -> list[tuple[list[int], list[int]]]:
    """Ids and labels per row."""
    with np.load(path, allow_pickle=False) as held:
        ids, mask, offsets = held["ids"], held["mask"], held["offsets"]
    rows = [slice(start, end) for start, end in pairwise(offsets)]
    return [(ids[row].tolist(), np.where(mask[row], ids[row], -100).tolist()) for row in rows]


def trl_rows(rows: list, model: Path, tmp_path: Path) -> list[tuple[list[int], list[int]]]:
    """What SFTTrainer itself makes of the same conversations, of messages alone or with tools."""
    from datasets import Dataset
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model)),
        args=SFTConfig(
            output_dir=str(tmp_path), assistant_only_loss=True, max_length=None, use_cpu=True, report_to="none"
        ),
        train_dataset=Dataset.from_list([row if isinstance(row, dict) else {"messages": row} for row in rows]),
        processing_class=AutoTokenizer.from_pretrained(model),
    )
    return [(row["input_ids"], row["labels"]) for row in trainer.train_dataset]


def test_tokens_and_labels_are_those_that_trl_trains_on(bring, starter, tmp_path, root):
    sample = [json.loads(line) for line in (root / "assets/samples/triage.jsonl").read_text().splitlines()[:40]]
    brought = bring([*CONVERSATIONS, *sample])

    outcome, path = bring_and_measure(brought, starter)

    assert outcome.state == "done" and outcome.result["rows"] == 42
    messages = [record["messages"] for record in brought.rows.records()]
    assert stored(path) == trl_rows(messages, starter, tmp_path)


def test_marks_and_stop_tokens_are_told_as_trl_tells_them(starter):
    import trl.chat_template_utils as trls
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(starter)
    templates = [path.read_text() for path in sorted((Path(trls.__file__).parent / "chat_templates").glob("*.jinja"))]
    told = [(marks_answers(each), trains_stop_token(tokenizer, each)) for each in (*templates, WITHOUT_MARKS)]
    assert told == [
        (trls.has_generation_markers(each), trls.is_chat_template_stop_token_trained(tokenizer, each))
        for each in (*templates, WITHOUT_MARKS)
    ]
    assert {marked for marked, _ in told} == {trained for _, trained in told} == {True, False}


def test_a_template_without_marks_is_replaced_as_trl_does(bring, starter, tmp_path):
    """With Qwen3's published template, which TRL knows how to mark."""
    from trl.chat_template_utils import qwen3_chat_template

    model = tmp_path / "qwen"
    shutil.copytree(starter, model)
    (model / "chat_template.jinja").write_text(qwen3_chat_template)
    brought = bring(CONVERSATIONS)

    outcome, path = bring_and_measure(brought, model)

    assert outcome.state == "done"
    messages = [record["messages"] for record in brought.rows.records()]
    assert stored(path) == trl_rows(messages, model, tmp_path)


@pytest.fixture
def qwen(starter: Path, tmp_path: Path) -> Path:
    """The starter with Qwen3's published template, which writes tools."""
    from trl.chat_template_utils import qwen3_chat_template

    model = tmp_path / "qwen3"
    shutil.copytree(starter, model)
    (model / "chat_template.jinja").write_text(qwen3_chat_template)
    return model


def test_tools_calls_and_results_are_measured_as_trl_trains_on_them(bring, qwen, tmp_path):
    brought = bring(WITH_TOOLS)

    outcome, path = bring_and_measure(brought, qwen)

    assert outcome.state == "done"
    lengths = load_lengths(path)
    assert (lengths.left_out, lengths.partial) == ((), frozenset())
    rows = [{"messages": conversation(row.messages), "tools": row.tools or None} for row in brought.rows]
    # One by one: in a column of messages, `datasets` would give every call the arguments of all the others.
    assert stored(path) == [trl_rows([row], qwen, tmp_path)[0] for row in rows]
    found = pieces(path, qwen / "tokenizer.json", 1, cut_off=1000)
    trained = "".join(piece.text for piece in found.pieces if piece.trained)
    assert '{"name": "weather", "arguments": {"city": "Rome"}}' in trained and "24 °C" not in trained
    assert '"description": "Weather of a city."' in "".join(piece.text for piece in found.pieces)


def test_what_a_template_leaves_out_is_said_and_the_rows_that_have_it_are_marked(bring, starter):
    _, path = bring_and_measure(bring(WITH_TOOLS), starter)

    lengths = load_lengths(path)
    assert lengths.left_out == ("the descriptions of tools", "tool calls")
    assert lengths.partial == {1, 2} and lengths.cut_rows(1) == (0,)
    assert lengths.partial_sentence.startswith(
        "This model's template leaves out the descriptions of tools and tool calls: 2 rows have such parts"
    )
    assert suggest_cut_off(lengths).longest == lengths.total[0]


def test_a_row_with_tools_that_a_template_refuses_does_not_stop_the_others(bring, starter, tmp_path):
    model = tmp_path / "strict"
    shutil.copytree(starter, model)
    refuse = (
        "{%- for m in messages -%}{%- if m.role == 'tool' -%}{{ raise_exception('What?') }}{%- endif -%}{%- endfor -%}"
    )
    (model / "chat_template.jinja").write_text(refuse + (model / "chat_template.jinja").read_text())

    outcome, path = bring_and_measure(bring(WITH_TOOLS), model)

    lengths = load_lengths(path)
    assert outcome.state == "done" and lengths.partial == {1, 2}
    assert lengths.total[0] > 0 and lengths.total[1] == 0
    assert lengths.left_out[-1] == "the results of tools"


def test_the_better_answer_of_a_pair_is_the_one_that_is_measured(bring, starter):
    brought = bring([{"prompt": "Open?", "chosen": "Yes, until six.", "rejected": "Dunno."}])
    _, path = bring_and_measure(brought, starter)

    written = "".join(piece.text for piece in pieces(path, starter / "tokenizer.json", 0, cut_off=100).pieces)
    assert "Yes, until six." in written and "Dunno" not in written


def test_a_plain_text_is_measured_as_it_stands(bring, starter):
    _, path = bring_and_measure(bring([{"text": "Roses are red."}] * 2), starter)

    found = pieces(path, starter / "tokenizer.json", 0, cut_off=100)
    assert "".join(piece.text for piece in found.pieces) == "Roses are red.<|end|>"
    assert all(piece.trained for piece in found.pieces) and load_lengths(path).prompt == (0, 0)


def test_an_unknown_template_without_marks_is_refused_with_a_way_on(bring, starter, tmp_path):
    model = tmp_path / "other"
    shutil.copytree(starter, model)
    (model / "chat_template.jinja").write_text(WITHOUT_MARKS)

    outcome, path = bring_and_measure(bring(CONVERSATIONS), model)

    assert outcome.state == "failed" and "chat template" in outcome.message and outcome.fix
    assert not path.exists()


def test_a_row_that_the_template_refuses_is_set_aside_with_its_reason_and_stops_no_other(bring, starter, tmp_path):
    model = tmp_path / "strict"
    shutil.copytree(starter, model)
    template = (model / "chat_template.jinja").read_text()
    refuse = "{%- if messages[0].role == 'system' -%}{{ raise_exception('System role not supported') }}{%- endif -%}"
    (model / "chat_template.jinja").write_text(refuse + template)

    brought = bring(CONVERSATIONS)
    outcome, path = bring_and_measure(brought, model)

    assert outcome.state == "done"
    lengths = load_lengths(path)
    with_system = {row.number for row in brought.rows if row.messages[0].role == "system"}
    assert lengths.partial == lengths.refused.keys() == with_system and 1 in with_system
    assert lengths.refused[1].startswith("This model's chat template refuses it: System role not supported. Change it")
    assert lengths.refused[1] in lengths.partial_sentence
    dealt = Split("split", "data", SplitChoices(), (Bin.TRAIN,) * len(brought.rows), {})
    assert why_of_row(brought.rows[1], dealt, rows=brought.rows, lengths=lengths, cut_off=512) == lengths.refused[1]
    assert all(lengths.total[number] > 0 for number in range(len(brought.rows)) if number not in with_system)


def test_a_model_whose_template_refuses_every_row_says_why(bring, starter, tmp_path):
    model = tmp_path / "strict"
    shutil.copytree(starter, model)
    (model / "chat_template.jinja").write_text("{%- generation -%}{{ raise_exception('Never') }}{%- endgeneration -%}")

    outcome, path = bring_and_measure(bring(CONVERSATIONS), model)

    assert outcome.state == "failed" and outcome.fix and not path.exists()


def test_lengths_count_the_prompt_up_to_the_last_answer(bring, starter):
    _, path = bring_and_measure(bring(CONVERSATIONS), starter)

    lengths = load_lengths(path)
    rows = stored(path)
    assert lengths.total == tuple(len(ids) for ids, _ in rows)
    first_learned = next(place for place, label in enumerate(rows[0][1]) if label != -100)
    assert lengths.prompt[0] == first_learned
    assert rows[1][1][lengths.prompt[1] - 1] == -100 and -100 not in rows[1][1][lengths.prompt[1] : -1]
    assert (lengths.model_id, lengths.stop_token, lengths.stop_token_trained) == ("starter", "<|end|>", True)


def test_measuring_tells_its_progress_and_can_be_stopped(bring, starter):
    brought = bring([pair(f"question {number}", "yes") for number in range(2500)])
    reporter = ListReporter()

    outcome, path = bring_and_measure(brought, starter, reporter)
    assert outcome.state == "done" and reporter.events[-1][0] is EventKind.PROGRESS
    assert reporter.events[-1][1]["done"] == reporter.events[-1][1]["total"] == 2500
    path.unlink()
    stopped, path = bring_and_measure(brought, starter, ListReporter(stop_after=1))
    assert stopped.state == "stopped" and not path.exists()


def test_the_pieces_of_a_row_are_its_text_with_what_is_trained(bring, starter):
    brought = bring(CONVERSATIONS)
    _, path = bring_and_measure(brought, starter)

    found = pieces(path, starter / "tokenizer.json", 1, cut_off=1000)

    written = "".join(piece.text for piece in found.pieces)
    assert all(message.content in written for message in brought.rows[1].messages)
    assert "\ufffd" not in written
    trained = "".join(piece.text for piece in found.pieces if piece.trained)
    assert trained == "first 日本 answer 🙂<|end|>second\n\nanswer  with spaces <|end|>"
    assert {piece.text for piece in found.pieces if piece.special} == {"<|start|>", "<|end|>"}
    assert sum(piece.tokens for piece in found.pieces) == found.total and found.cut == ()


def test_what_a_cut_off_strikes_is_shown_and_counted(bring, starter):
    _, path = bring_and_measure(bring(CONVERSATIONS), starter)
    whole = pieces(path, starter / "tokenizer.json", 1, cut_off=1000)

    found = pieces(path, starter / "tokenizer.json", 1, cut_off=whole.total - 6)

    assert (found.cut_tokens, sum(piece.tokens for piece in found.cut)) == (6, 6)
    assert found.cut_trained == 5  # the stop token among them, the line break after it not
    assert sum(piece.tokens for piece in found.pieces) == whole.total - 6
    assert [piece.text for piece in found.cut][-2:] == ["<|end|>", "\n"]


def test_seeing_a_row_needs_no_torch(bring, starter, root):
    import subprocess
    import sys

    _, path = bring_and_measure(bring(CONVERSATIONS), starter)
    program = (
        "import sys; from pathlib import Path; import studio.data.ingest, studio.data.measure;"
        "from studio.data.seen import pieces;"
        f"assert pieces(Path({str(path)!r}), Path({str(starter / 'tokenizer.json')!r}), 0, cut_off=9).pieces;"
        "assert not {'torch', 'transformers', 'trl'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)
