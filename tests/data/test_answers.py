"""Answers that no template marks are found exactly, or the row is refused with a reason: in every family's manner."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.data.lengths import load_lengths
from studio.domain.answers import UnprovenError, end_of_answer, on_one_day
from studio.domain.chat import Chat, left_out, written
from studio.domain.row import Call, Message
from studio.flows.studio import ASSETS
from tests.data.conftest import pair
from tests.data.test_measure import CONVERSATIONS, bring_and_measure, stored

Make = Callable[[str], Any]

TURN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
ASK = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
CHATML = TURN + ASK
DATED = "{{ bos_token }}<|head|>system<|/head|>\n\nToday: {{ strftime_now('%d %b %Y') }}<|eot|>"
HEADERS = (
    DATED + "{% for m in messages %}<|head|>{{ m.role }}<|/head|>\n\n{{ m.content | trim }}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|head|>assistant<|/head|>\n\n{% endif %}"
)
BRACKETS = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% elif m.role == 'system' %}{{ m.content }}\n{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
LAST_ALONE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}"
    "{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt %}\n<|assistant|>\n{% endif %}"
)
CLOSED = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
)
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if loop.last and m.role == 'assistant' %}<think>\n\n</think>\n\n"
    "{% endif %}{{ m.content.split('</think>')[-1] }}<|im_end|>\n{% endfor %}" + ASK
)
MERGED = (
    "{% set held = '' %}{% if messages[0].role == 'system' %}{% set held = messages[0].content ~ '\n\n' %}"
    "{% set messages = messages[1:] %}{% endif %}{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}"
    "[INST] {{ held if loop.last }}{{ m.content }} [/INST]{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
CALLING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}"
    "<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>\n{% endfor %}" + ASK
)


def said(*contents: str, system: str = "") -> Chat:
    turns = [Message("system", system)] if system else []
    roles = ("user", "assistant")
    return Chat((*turns, *(Message(roles[place % 2], content) for place, content in enumerate(contents))))


@pytest.fixture(scope="module")
def make() -> Make:
    """The starter's tokenizer with a template of another kind, and with the tokens that such a template writes."""
    from transformers import AutoTokenizer

    def made(template: str) -> Any:
        tokenizer = AutoTokenizer.from_pretrained(ASSETS / "starter")
        named = {
            *re.findall(r"<\|/?[a-zA-Z_]+\|>|</?s>|\[/?INST\]|</?[a-z]+_of_turn>|</?think>|</?tool_call>", template),
            "</s>",
        }
        tokenizer.add_tokens(sorted(named | {"<s>", "<|user|>", "<|assistant|>", "<|end|>"}), special_tokens=True)
        tokenizer.bos_token, tokenizer.eos_token, tokenizer.chat_template = "<s>", "</s>", template
        return tokenizer

    return made


def learned(tokenizer: Any, chat: Chat) -> list[str]:
    """What is learned of a conversation, one text for each run of tokens."""
    ((ids, mask),) = written(tokenizer, [chat], template=None)
    cuts = np.flatnonzero(np.diff([0, *mask, 0])).reshape(-1, 2)
    return [tokenizer.decode(ids[start:end]) for start, end in cuts]


def why_not(tokenizer: Any, chat: Chat) -> str:
    with pytest.raises(UnprovenError) as refused:
        written(tokenizer, [chat], template=None)
    assert refused.value.fix
    return str(refused.value)


@pytest.mark.parametrize(
    ("template", "before", "end"),
    [(CHATML, "", "<|im_end|>"), (HEADERS, "", "<|eot|>"), (BRACKETS, " ", "</s>"), (LAST_ALONE, "", "</s>"),
     (CLOSED, "", "<|end|>"), (CALLING, "", "<|im_end|>")],
    ids=["ChatML", "headers and a date", "brackets", "no line after the last", "closed as a whole", "tools"],
)  # fmt: skip
def test_every_answer_is_learned_with_its_end_and_nothing_else(make: Make, template: str, before: str, end: str):
    tokenizer = make(template)
    once, twice = (
        said("Open?", "Yes,  until\n\nsix."),
        said("Open?", "Yes.", "Sunday?", "No 🙂 日本.", system="Be brief."),
    )
    assert end_of_answer(tokenizer, template=on_one_day(template)) == end
    assert learned(tokenizer, once) == [f"{before}Yes,  until\n\nsix.{end}"]
    assert learned(tokenizer, twice) == [f"{before}Yes.{end}", f"{before}No 🙂 日本.{end}"]
    whole = tokenizer.apply_chat_template(
        [{"role": m.role, "content": m.content} for m in twice.messages], return_dict=True, chat_template=on_one_day(template)
    )  # fmt: skip
    assert written(tokenizer, [twice], template=None)[0][0] == whole["input_ids"]


def test_the_starters_answers_are_found_where_its_template_marks_them(make: Make):
    tokenizer = make("")
    marked = (Path(tokenizer.name_or_path) / "chat_template.jinja").read_text()
    chats = [Chat(tuple(Message(**m) for m in each["messages"])) for each in CONVERSATIONS]
    chats[1] = Chat(tuple(Message(m.role, m.content.strip().replace("<|end|>", "")) for m in chats[1].messages))
    tokenizer.chat_template = re.sub(r"\{%-? *(end)?generation *-?%\}", "", marked)
    assert "generation %}" not in tokenizer.chat_template
    assert written(tokenizer, chats, template=None) == written(tokenizer, chats, template=marked)


@pytest.mark.parametrize(
    "family", ["llama3", "qwen2_5", "qwen3_instruct_2507", "gemma", "gemma3", "phi3", "cohere", "lfm2"]
)
def test_what_is_found_is_what_trl_marks_where_it_knows_the_template(make: Make, family: str):
    """TRL also marks blanks around some answers, and what closes a whole text: nothing that a model is asked to say."""
    import trl.chat_template_utils as trls

    template, marking = (getattr(trls, f"{family}{kind}_chat_template") for kind in ("", "_training"))
    tokenizer = make(template)
    chat = said("Open?", "Yes.", "Sunday?", "No,\n\nnever.")
    (ours, found), (theirs, marked) = (written(tokenizer, [chat], template=each)[0] for each in (None, marking))
    assert ours == theirs and sum(found) >= 8
    more = [number for number, one, other in zip(ours, found, marked, strict=True) if one != other]
    assert not any(one > other for one, other in zip(found, marked, strict=True))
    assert tokenizer.decode(more).replace(tokenizer.eos_token, "").strip() == ""


@pytest.mark.parametrize(
    ("template", "chat", "reason"),
    [
        ("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", said("a", "b"), "another way than it writes"),
        (TURN, said("a", "b"), "asks for an answer in another way"),
        (BRACKETS.replace("{{ eos_token }}", "\n"), said("a", "b"), "single token"),
        (BRACKETS.replace("{{ eos_token }}", "{{ eos_token if not loop.last }}"), said("a", "b"), "single token"),
        (BRACKETS.replace("{{ eos_token }}", "<|end|>{{ eos_token }}"), said("a", "b"), "single token"),
        (BRACKETS.replace("{{ eos_token }}", "{{ eos_token if loop.last }}"), said("a", "b", "c", "d"), "in one way as a whole"),
        (BRACKETS.replace("[/INST]", "[/INST] Answer: ").replace("%} {{", "%}{{"), said("a", "b"), "begins with blanks"),
        (MERGED, said("a", "b", system="Be brief."), "leaves out or changes words"),
        (MERGED, said("a", "b", "c", "d", system="Be brief."), "leaves out or changes words"),
        (THINKING, said("a", "b", "c", "d"), "in one way as a whole and in another"),
        (THINKING, said("a", "<think>hm</think>b"), "leaves out or changes words"),
        (CHATML, said("a", "b<|im_end|>c"), "may not hold it"),
        (CHATML, Chat((Message("assistant", "Hello"), Message("user", "a"), Message("assistant", "b"))), "answer to nothing"),
    ],
)  # fmt: skip
def test_what_is_not_proven_is_refused_with_its_reason(make: Make, template: str, chat: Chat, reason: str):
    assert reason in why_not(make(template), chat)


def test_nothing_but_an_empty_thought_may_stand_before_a_plain_answer(make: Make):
    assert learned(make(THINKING), said("a", "b")) == ["<think>\n\n</think>\n\nb<|im_end|>"]


def test_an_answer_ends_where_its_template_ends_one(make: Make):
    """Also where neither the tokenizer nor the model's settings name that token."""
    from types import SimpleNamespace

    from studio.engine.answering import end_tokens

    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=[0, 1]))
    for template, ends in ((CHATML, ["<|im_end|>", "</s>"]), (MERGED, ["</s>"]), (None, ["</s>"])):
        tokenizer = make(template or "")
        tokenizer.chat_template = template
        assert end_tokens(model, tokenizer) == sorted([0, 1, *tokenizer.convert_tokens_to_ids(ends)])


def test_tool_calls_are_learned_and_the_results_of_tools_are_not(make: Make):
    call = Message("assistant", "", (Call("weather", '{"city": "Rome"}'),))
    row = Chat((Message("user", "Warm?"), call, Message("tool", "24 °C"), Message("assistant", "Yes.")))
    tokenizer = make(CALLING)
    first, second = learned(tokenizer, row)
    assert "weather" in first and "Rome" in first and first.endswith("<|im_end|>") and second == "Yes.<|im_end|>"
    assert left_out(tokenizer, template=None) == ("the descriptions of tools",)
    assert left_out(make(CHATML), template=None) == ("the descriptions of tools", "tool calls", "the results of tools")


def test_the_day_that_a_template_writes_is_the_same_on_every_day(make: Make):
    tokenizer = make(HEADERS)
    ((ids, _),) = written(tokenizer, [said("a", "b")], template=None)
    assert "Today: 01 Jan 2026<" in tokenizer.decode(ids)
    assert on_one_day("{{ strftime_now(\"%Y\") ~ strftime_now( '%d' ) }}") == "{{ '2026' ~ '01' }}"


@pytest.fixture
def with_template(starter: Path, tmp_path: Path) -> Callable[[str], Path]:
    def made(template: str) -> Path:
        model = tmp_path / "model"
        shutil.copytree(starter, model)
        (model / "chat_template.jinja").write_text(template)
        return model

    return made


OWN = CHATML.replace("<|im_start|>", "<|start|>").replace("<|im_end|>", "<|end|>")
OWN_DATED = "Today: {{ strftime_now('%d %B %Y') }}\n" + OWN


def test_a_model_of_any_family_is_measured_and_trained_on_the_same_words(bring, with_template):
    from transformers import AutoTokenizer

    from studio.domain.recipe import Recipe
    from studio.engine.trainer import check_template, prepared

    model = with_template(OWN_DATED)
    brought = bring([pair("Open?", "Yes."), pair("More?", "Yes.\n\nTwo.")])
    outcome, path = bring_and_measure(brought, model)

    assert outcome.state == "done"
    lengths = load_lengths(path)
    assert (lengths.stop_token, lengths.stop_token_trained, lengths.dated) == ("<|end|>", True, True)
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    trained = prepared(list(brought.rows), tokenizer, recipe=Recipe())
    assert check_template(tokenizer)
    assert stored(path) == list(zip(trained["input_ids"], trained["labels"], strict=True))


def test_a_row_that_is_not_proven_is_set_aside_with_its_reason(bring, with_template):
    brought = bring([pair("Open?", "Yes."), pair("More?", "<|end|> is my answer")])
    outcome, path = bring_and_measure(brought, with_template(OWN))
    assert outcome.state == "done"
    (why,) = load_lengths(path).refused.values()
    assert why.startswith("Which words are its answer cannot be told: an answer has to end with <|end|>")
    assert why.endswith("Remove <|end|> from the texts.")
    assert load_lengths(path).partial == {1}


def test_a_model_without_a_template_learns_plain_texts_alone(bring, with_template):
    model = with_template("")
    (model / "chat_template.jinja").unlink()
    outcome, _ = bring_and_measure(bring([{"text": "Roses are red."}] * 2), model)
    assert outcome.state == "done"
    outcome, _ = bring_and_measure(bring(CONVERSATIONS), model)
    assert outcome.state == "failed" and "no chat template" in outcome.message and "plain texts" in outcome.fix
