"""What a model is called on a hub, and where that hub is."""

import pytest

from studio.domain.errors import RecipeError, SetupError
from studio.recipes.hub.names import HubName, endpoint, hub_name, may_see_token


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Qwen/Qwen3-0.6B", HubName("Qwen/Qwen3-0.6B")),
        ("  Qwen/Qwen3-0.6B ", HubName("Qwen/Qwen3-0.6B")),
        ("Qwen/Qwen3-0.6B@main", HubName("Qwen/Qwen3-0.6B")),
        ("Qwen/Qwen3-0.6B@v1.0", HubName("Qwen/Qwen3-0.6B", "v1.0")),
        ("https://huggingface.co/Qwen/Qwen3-0.6B", HubName("Qwen/Qwen3-0.6B")),
        ("https://huggingface.co/Qwen/Qwen3-0.6B/tree/refs/pr/1", HubName("Qwen/Qwen3-0.6B", "refs/pr/1")),
    ],
)
def test_a_model_is_named_by_owner_and_name_or_by_the_address_of_its_page(text, name):
    assert hub_name(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "Qwen", "a/b/c", "../etc", "a/..", "a/b--c", "a/.b", "-a/b", "a/b.git", "a/b c", "a/b\n", "a/ü", "a/" + "b" * 96],
)  # fmt: skip
def test_what_is_no_name_on_a_hub_is_refused_with_an_example(text):
    with pytest.raises(RecipeError, match="is not the name of a model") as refused:
        hub_name(text + " " if text.endswith("\n") else text) if text != "a/b\n" else hub_name("a/b\nc")
    assert "Qwen/Qwen3-0.6B" in refused.value.fix


@pytest.mark.parametrize("revision", ["../../x", "a b", "-x", "x" * 101, "a\nb"])
def test_a_revision_that_could_lead_elsewhere_is_refused(revision):
    with pytest.raises(RecipeError, match="is not a revision"):
        hub_name("Qwen/Qwen3-0.6B", revision=revision)


def test_the_title_is_the_name_and_the_revision_that_was_asked_for():
    assert hub_name("Qwen/Qwen3-0.6B").title == "Qwen3-0.6B"
    assert hub_name("Qwen/Qwen3-0.6B", revision="a" * 40).title == "Qwen3-0.6B @ aaaaaaaaaaaa"


def test_the_hub_is_the_public_one_unless_another_is_named():
    assert endpoint({}) == endpoint({"HF_ENDPOINT": ""}) == "https://huggingface.co"
    assert endpoint({"HF_ENDPOINT": "http://127.0.0.1:8080/"}) == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "address", ["hub.example", "ftp://hub", "https://", "https://me:secret@hub", "https://hub/?a=b"]
)
def test_an_address_that_is_none_is_refused_without_being_repeated(address):
    with pytest.raises(SetupError, match="not the plain address of a hub") as refused:
        endpoint({"HF_ENDPOINT": address})
    assert "secret" not in refused.value.sentence


def test_a_token_is_sent_only_where_nobody_reads_it_on_the_way():
    assert may_see_token("https://hub.example") and may_see_token("http://127.0.0.1:8080")
    assert not may_see_token("http://hub.example")
