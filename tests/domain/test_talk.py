"""What is heard of an answer while it grows, how it ended, and who gave it."""

import pytest

from studio.domain.talk import (
    Answer,
    AnswerSettings,
    Contestant,
    End,
    Identity,
    Pane,
    Turn,
    end_words,
    heard,
    mistaken,
)  # fmt: skip

SETTINGS = AnswerSettings(temperature=0.0, top_p=1.0, max_new_tokens=160, seed=7)
WHO = Contestant(run_id="run-1", run="triage-1", step=40, sha256="ab" * 32, is_best=True)
PANE = Pane(who=WHO, weights="somewhere", history=(("user", "Hi"),))
TURN = Turn(
    number=1, text="Hi", at=0.0, model="m", model_id="starter", model_title="Starter", settings=SETTINGS, panes=(PANE,)
)


def test_pieces_replace_the_text_from_their_place_on_and_the_end_has_the_last_word() -> None:
    pieces = [
        {"pane": 0, "from": 0, "text": "cate"},
        {"pane": 1, "from": 0, "text": "I"},
        {"pane": 0, "from": 2, "text": "tegory"},
    ]
    assert [answer.text for answer in heard(pieces, 2)] == ["category", "I"]
    ended = {"pane": 0, "end": "length", "text": "category: x", "tokens": 5, "identity": None}
    (left, right) = heard([*pieces, ended], 2)
    assert (left.text, left.end, left.tokens) == ("category: x", End.LENGTH, 5)
    assert right.end is None and not right.counts and left.counts


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(end=End.LENGTH), "longest answer of 160 tokens"),
        (Answer(end=End.CONTEXT, context=512), "no more than 512 tokens"),
        (Answer(end=End.TOO_LONG, read=1234, context=512), "makes 1,234 tokens, and the model can hold 512. Shorten"),
        (Answer(end=End.STOPPED), "before it said anything"),
        (Answer(end=End.LEFT), "Ask it again"),
        (Answer(end=End.FAILED, message="It is damaged.", fix="Use another."), "It is damaged. Use another."),
    ],
)
def test_an_answer_that_did_not_end_by_itself_says_why_and_what_next(answer: Answer, words: str) -> None:
    assert words in end_words(answer, SETTINGS)
    assert end_words(Answer(end=End.WHOLE), SETTINGS) == ""


def test_an_answer_of_somebody_else_than_was_asked_is_told() -> None:
    own = Identity(model_id="starter", sha256="ab" * 32, quantisation="nf4")
    assert mistaken(PANE, TURN, Answer(identity=own)) == ""
    assert mistaken(PANE, TURN, Answer()) == ""
    for other in (own.model_copy(update={"sha256": None}), own.model_copy(update={"model_id": "another"})):
        assert "not answered by triage-1, step 40 (best), but by" in mistaken(PANE, TURN, Answer(identity=other))
    base = PANE.model_copy(update={"who": Contestant()})
    assert "adapter abababababab on" in mistaken(base, TURN, Answer(identity=own))
