"""A model's own name does not tell who is speaking, and nothing else of an answer is touched."""

import pytest

from studio.domain.masking import NAME, masked, proposals

WORDS = ("Qwen3 4B", "Qwen3", "Qwen", "Alibaba Cloud", "C++ (pro)")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("I am Qwen, made by Alibaba Cloud.", "I am [name], made by [name]."),
        ("QWEN! qwen? (Qwen)", "[name]! [name]? ([name])"),
        ("I am Qwen3 4B, not Qwen3.", "I am [name], not [name]."),
        ("Alibaba\n  Cloud trained me.", "[name] trained me."),
        ("Qwens and MyQwen are other words.", "Qwens and MyQwen are other words."),
        ("I am Qwen2.5, or _Qwen_.", "I am [name]2.5, or _[name]_."),
        ("我是Qwen，由阿里云开发。Qwenのモデル", "我是[name]，由阿里云开发。[name]のモデル"),
        ("Written in C++ (pro).", "Written in [name]."),
        ("通义 Qwen 说", "通义 [name] 说"),
        ("Nothing of the kind.", "Nothing of the kind."),
    ],
)
def test_a_name_is_masked_as_a_whole_word_in_any_case(said: str, shown: str) -> None:
    assert masked(said, WORDS) == shown


def test_without_words_an_answer_stays_as_it_was_written() -> None:
    assert masked("I am Qwen.", ()) == masked("I am Qwen.", (" ",)) == "I am Qwen."


def test_what_stands_for_a_name_is_not_masked_once_more() -> None:
    shown = masked("Qwen is Qwen3.", (*WORDS, "name"))
    assert shown == f"{NAME} is {NAME}."


@pytest.mark.parametrize(
    ("title", "maker", "proposed"),
    [
        ("Qwen3 4B Instruct", "Qwen (Alibaba)", ("Qwen3 4B Instruct", "Qwen3", "Qwen", "Alibaba")),
        ("Qwen2.5 7B", "Qwen (Alibaba)", ("Qwen2.5 7B", "Qwen2.5", "Qwen", "Alibaba")),
        ("Llama 3.1 8B Instruct", "Meta", ("Llama 3.1 8B Instruct", "Llama", "Meta")),
        ("SmolLM3 3B", "Hugging Face", ("SmolLM3 3B", "SmolLM3", "SmolLM", "Hugging Face")),
        ("my-model", "", ("my-model",)),
        ("", "", ()),
    ],
)
def test_what_a_model_may_call_itself_is_proposed(title: str, maker: str, proposed: tuple[str, ...]) -> None:
    assert proposals(title, maker) == proposed
