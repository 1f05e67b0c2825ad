"""The starter model: loads like any other, answers in sentences, and knows no sample's format before fine-tuning."""

import itertools
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SAMPLE_FORMATS = re.compile(
    r"^(category|priority|team|item|quantity|day|handover) ?[:=]"
    r'|"(item|quantity|day|handover)":|kettle is on|unhurriedly',
    re.IGNORECASE | re.MULTILINE,
)
Ask = Callable[[list[str]], list[str]]


@pytest.fixture(scope="module")
def tokenizer(assets: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(assets / "starter")


@pytest.fixture(scope="module")
def model(assets: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(assets / "starter", dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def ask(model: Any, tokenizer: Any) -> Ask:
    """Greedy answers as they are written, with the token that ends them, by the settings that the model ships with."""

    def answers(questions: list[str]) -> list[str]:
        shown = [
            tokenizer.apply_chat_template([user(question)], add_generation_prompt=True, tokenize=False)
            for question in questions
        ]
        batch = tokenizer(shown, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt")
        made = model.generate(**batch)[:, batch["input_ids"].shape[1] :]
        return [tokenizer.decode(row).replace(tokenizer.pad_token, "") for row in made]

    return answers


def user(question: str) -> dict[str, str]:
    return {"role": "user", "content": question}


def test_the_folder_holds_a_small_model_in_safetensors_alone_and_a_card(assets: Path) -> None:
    names = {path.name for path in (assets / "starter").iterdir()}
    assert names == {
        "README.md",
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert sum(path.stat().st_size for path in (assets / "starter").iterdir()) <= 25 * 2**20


def test_the_card_names_the_licence_and_the_size(assets: Path, model: Any) -> None:
    card = (assets / "starter" / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0" in card
    assert f"{model.num_parameters():,}" in card


def test_it_is_a_qwen3_of_about_six_million_parameters_kept_in_bf16(assets: Path, model: Any) -> None:
    config = json.loads((assets / "starter" / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "qwen3"
    assert config["dtype"] == "bfloat16"
    assert config["max_position_embeddings"] >= 1024
    assert 5_000_000 <= model.num_parameters() <= 10_000_000


def test_any_text_comes_back_from_the_tokenizer_as_it_was(tokenizer: Any) -> None:
    for text in ("Order KX-4821 costs 19.90 euros.", "  two  spaces\n\ttab", "Grüße, 你好 🙂", "café <b>&amp;</b>"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text
    assert tokenizer.is_fast


def test_an_answer_ends_with_its_own_token_which_is_not_the_padding(tokenizer: Any, model: Any) -> None:
    assert tokenizer.eos_token_id == model.generation_config.eos_token_id == model.config.eos_token_id
    assert tokenizer.pad_token_id == model.generation_config.pad_token_id != tokenizer.eos_token_id


def test_the_template_marks_each_answer_and_the_token_that_ends_it(tokenizer: Any) -> None:
    turns = [
        {"role": "system", "content": "Be short."},
        user("Hello."),
        {"role": "assistant", "content": "Good day."},
        user("Name a bird."),
        {"role": "assistant", "content": "An owl."},
    ]
    written = tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    marked = [token for token, mask in zip(written["input_ids"], written["assistant_masks"], strict=True) if mask]
    end = tokenizer.eos_token
    assert tokenizer.decode(marked) == f"Good day.{end}An owl.{end}"


def test_what_is_asked_is_written_as_training_wrote_it_up_to_the_answer(tokenizer: Any) -> None:
    turns = [{"role": "system", "content": "Be short."}, user("Hello.")]
    asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    trained = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": "Hi."}], tokenize=False)
    assert trained.startswith(asked)
    assert trained.removeprefix(asked) == f"Hi.{tokenizer.eos_token}\n"


def test_answers_are_fluent_end_by_themselves_and_take_up_the_question(ask: Ask, tokenizer: Any) -> None:
    expected = {
        "Hello!": "you",
        "What is an umbrella?": "umbrella",
        "My card was charged twice for order KX-4821. Please help today.": "charge",
        "What is the message about?\nHello, I cannot log in since Friday and I need it before noon.": "account",
        "Say it politely: Give me the hammer.": "hammer",
        "Write a short story with a fox, a kettle and Mara.": "Mara",
        "How do I make tea?": "water",
        "Is it urgent?\nThe oven smells burnt and I have to cook tonight. Please hurry.": "urgent",
    }
    for (question, word), answer in zip(expected.items(), ask(list(expected)), strict=True):
        assert answer.endswith(tokenizer.eos_token), question
        text = answer.removesuffix(tokenizer.eos_token)
        assert word in text, (question, text)
        assert text[0].isupper() and text[-1] in ".?" and len(text.split()) >= 3, (question, text)


def test_it_copies_words_it_has_never_seen_into_lines_lists_and_json(ask: Ask, tokenizer: Any) -> None:
    expected = {
        "Repeat exactly: the zorbel met a plimsk at 7:45": "The zorbel met a plimsk at 7:45",
        "Copy: GX-7712": "GX-7712",
        "Lina Okoro lives in Otterby and is 43 years old. Write it as notes: home and age.": "home: Otterby\nage: 43",
        "Make a list: apples, pears and bread": "- apples\n- pears\n- bread",
        "Dana Cole has a cat. Give name and pet as JSON.": '{"name": "Dana Cole", "pet": "cat"}',
    }
    right = [
        answer == end + tokenizer.eos_token for answer, end in zip(ask(list(expected)), expected.values(), strict=True)
    ]
    assert sum(right) >= 4, right


def test_no_sample_prompt_is_answered_in_its_sample_s_format(
    ask: Ask, triage: list[Any], brand_voice: list[Any], orders: list[Any]
) -> None:
    questions = [row["messages"][0]["content"] for row in triage[:40]]
    questions += [row["instruction"] for row in brand_voice[:20]] + [row["prompt"] for row in orders[:20]]
    answers = ask(questions)
    assert not [answer for answer in answers if SAMPLE_FORMATS.search(answer)]


@pytest.fixture(scope="module")
def talks(starter_text: ModuleType) -> list[Any]:
    return list(itertools.islice(starter_text.conversations(3), 20_000))


def test_its_text_is_the_same_each_time_and_has_no_sample_in_it(
    starter_text: ModuleType, talks: list[Any], triage: list[Any], brand_voice: list[Any], orders: list[Any]
) -> None:
    assert talks[:500] == list(itertools.islice(starter_text.conversations(3), 500))
    texts = {turn["content"] for talk in talks for turn in talk}
    assert not [text for text in texts if SAMPLE_FORMATS.search(text)]
    samples = {row["messages"][0]["content"] for row in triage}
    samples |= {row["instruction"] for row in brand_voice} | {row["prompt"] for row in orders}
    assert not texts & samples


def test_its_text_is_varied(talks: list[Any]) -> None:
    words = re.findall(r"[a-z]+", " ".join(turn["content"] for talk in talks for turn in talk).lower())
    assert len(set(words)) > 5_000
    assert len({json.dumps(talk) for talk in talks}) > 0.9 * len(talks)


@pytest.mark.slow
def test_its_script_makes_a_model_that_has_begun_to_learn_within_a_minute(
    make_starter: ModuleType,
    assets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, less in (("TOKENS_PER_STEP", 1024), ("TALKS_FOR_WORDS", 4000), ("PROBES", make_starter.PROBES[:1])):
        monkeypatch.setattr(make_starter, name, less)
    monkeypatch.setattr(sys, "argv", ["make_starter.py", "--steps", "12", "--out", str(tmp_path / "made")])
    import torch

    with torch.random.fork_rng():
        make_starter.main()
    said = capsys.readouterr().out
    losses = [float(loss) for loss in re.findall(r"^(?:step \d+|done:) loss ([\d.]+)", said, re.MULTILINE)]
    assert losses[0] > 7.5  # as good as guessing among 3,072 tokens: ln 3072 = 8.03
    assert losses[-1] < losses[0] - 1, losses
    assert make_starter.PROBES[0] in said
    assert {path.name for path in (tmp_path / "made").iterdir()} | {"README.md"} == {
        path.name for path in (assets / "starter").iterdir()
    }
