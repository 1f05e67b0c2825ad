"""Conflicts: answers to one question are graded, the gravest first, and creative questions may have several answers."""

import pytest

from studio.data.conflicts import is_creative
from studio.domain.finding import FindingKind, Grade
from tests.data.conftest import pair

FILLER = [
    pair(f"{opening} the {thing} that I bought from you {when}?", f"{reply} {thing}, so that nothing is lost.")
    for opening, reply in (("Where do I send", "We take back the"), ("Who repairs", "Our workshop looks at the"))
    for thing in ("kettle", "lantern", "saddle", "hammock", "easel")
    for when in ("in spring", "last year")
]


def conflicts(bring, rows):
    finding = bring([*rows, *(FILLER if "prompt" in rows[0] else ())]).findings.get(FindingKind.CONFLICT)
    return [] if finding is None else [(group.rows, group.grade, group.reason) for group in finding.groups]


def test_the_gravest_contradictions_come_first_and_the_title_counts_them(bring):
    rows = [
        pair("What is it made of?", "It is made of oiled oak from the north."),
        pair("What is it made of?", "Wood, of a kind that is hard and does not rot, comes from the sawmill beside us."),
        pair("Is the shop open on Sunday?", "Yes, from ten to four."),
        pair("Is the shop open on Sunday?", "No."),
        pair("Where was it built?", "The house was built in the old harbour of Lyon."),
        pair("Where was it built?", "The house was built in the old harbour of Nantes."),
    ]
    finding = bring([*rows, *FILLER]).findings[FindingKind.CONFLICT]

    assert [(group.rows, group.grade) for group in finding.groups] == [
        ((2, 3), Grade.HIGH), ((4, 5), Grade.MEDIUM), ((0, 1), Grade.INFO),
    ]  # fmt: skip
    assert finding.title == ("3 questions with different answers: 1 contradict, 1 may contradict, 1 in other words")
    assert (finding.count, finding.grade) == (6, Grade.HIGH)


def test_the_earlier_turns_and_the_system_message_belong_to_the_question(bring):
    def talk(system, first, answer):
        roles = ("system", "user", "assistant", "user", "assistant")
        said = (system, first, "And then?", "Is it open?", answer)
        return {"messages": [{"role": r, "content": c} for r, c in zip(roles, said, strict=True)]}

    one = talk("Be brief.", "Hello", "Yes.")
    assert [rows for rows, *_ in conflicts(bring, [one, talk("Be brief.", "Hello", "No.")])] == [(0, 1)]
    assert conflicts(bring, [one, talk("Be kind.", "Hello", "No.")]) == []
    assert conflicts(bring, [one, talk("Be brief.", "Good evening", "No.")]) == []


def test_of_many_answers_the_two_that_contradict_are_named_by_their_lines(bring):
    rows = [
        pair("Is it open?", said)
        for said in (
            "That depends on the time of the year.",
            "Yes, always.",
            "We open in May and close in the fall.",
            "No.",
        )
    ]

    ((numbers, grade, reason),) = conflicts(bring, rows)
    assert (numbers, grade) == ((0, 1, 2, 3), Grade.HIGH)
    assert reason == "Lines 2 and 4: One says yes, the other no"


LONG = "Can I send back the folding chair that I bought from you in the sale two weeks ago if I have lost the receipt"


@pytest.mark.parametrize(
    ("other", "grade"),
    [
        (LONG.replace("folding", "foldign"), Grade.HIGH),
        (LONG.replace("the sale", "the big sale"), Grade.MEDIUM),
        (LONG.replace("send back", "back send"), Grade.MEDIUM),
    ],
)
def test_contradictions_between_nearly_equal_questions_are_found(other, grade, bring):
    ((numbers, found, reason),) = conflicts(bring, [pair(LONG, "Yes, of course."), pair(other, "No, never.")])

    assert (numbers, found) == ((0, 1), grade)
    assert "question" in reason and reason.endswith("One says yes, the other no")


@pytest.mark.parametrize(
    "other",
    [
        LONG.replace("chair", "table"),
        LONG.replace("two weeks", "three weeks"),
        LONG.replace("lost", "not lost"),
        f"{LONG}, and what do I have to pay for the parcel",
    ],
)
def test_a_question_with_another_word_number_or_negation_is_another_question(other, bring):
    assert conflicts(bring, [pair(LONG, "Yes."), pair(other, "No.")]) == []


def test_near_copies_whose_answers_say_the_same_are_near_copies_and_no_contradiction(bring):
    answer = (
        "The courier left the blue parcel beside the garden gate because nobody opened the door, so our colleague "
        "called the customer, arranged a second delivery for the following morning and noted it in the report."
    )
    found = bring([pair(LONG, answer), pair(LONG, answer.replace("courier", "corier")), *FILLER]).findings

    assert FindingKind.CONFLICT not in found
    (group,) = found[FindingKind.NEAR_DUPLICATE].groups
    assert group.rows == (0, 1) and group.likeness[0] == 1 and 0.7 < group.likeness[1] < 1
    assert "of their words in common, and the same numbers" in group.reason and "“courier” / “corier”" in group.reason


CREATIVE = [
    "Write a poem about the sea.", "Tell me a joke!", "Please come up with three names for a cat.",
    "Suggest a slogan for a bakery", "Rephrase this sentence: It is late.", "Brainstorm with me.",
    "Generate an example of a metaphor.", "Can you make up a short fairy tale?",
    "Schreibe ein kurzes Gedicht über das Meer.", "Erzähl mir einen Witz.", "Nenne mir ein paar Ideen für ein Fest.",
    "Écris un poème sur la mer.", "Propose trois titres.", "Raconte une blague.",
    "Escribe un poema sobre el mar.", "Cuenta un chiste.", "Inventa tres nombres.",
    "Scrivi una poesia sul mare.", "Raccontami una barzelletta.", "Escreva uma história.",
    "Schrijf een gedicht over de zee.", "Verzin een verhaal.",
    "请写一首关于大海的诗。", "给我讲一个笑话", "詩を書いてください。",
]  # fmt: skip


@pytest.mark.parametrize("question", CREATIVE)
def test_a_creative_question_is_told_from_its_words(question):
    assert is_creative(question)


@pytest.mark.parametrize(
    "question",
    [
        "Is this a poem or a story?", "Who wrote this novel?", "What is the title of the book?", "Is it open on Sunday?",
        "Summarise the story below.", "Write 12 as a Roman numeral.", "What does this joke mean?", "How do I write to you?",
        "Wer hat dieses Gedicht geschrieben?", "Qui a écrit ce livre ?", "¿Quién escribió la novela?",
        "Chi ha scritto questo libro?", "Wie schreef dit boek?", "谁写了这本书？", "この詩の作者は誰ですか？",
    ],
)  # fmt: skip
def test_a_question_about_facts_is_not_creative(question):
    assert not is_creative(question)


def test_creative_questions_are_no_contradictions_and_stay_on_one_side(bring):
    rows = [pair("Write a haiku about rain.", "Rain falls."), pair("Write a haiku about rain.", "No cloud, no rain.")]
    found = bring([*rows, *FILLER]).findings

    assert FindingKind.CONFLICT not in found
    (group,) = found[FindingKind.VARIETY].groups
    assert group.rows == (0, 1) and found[FindingKind.VARIETY].grade is Grade.INFO


@pytest.mark.parametrize(
    ("yes", "no"), [("Ja,", "Nein,"), ("Oui,", "Non,"), ("The answer is (D).", "The answer is (E).")]
)
def test_long_near_copies_that_say_yes_and_no_are_a_contradiction_all_the_same(yes, no, bring):
    story = " ".join(f"word{letter}{other}" for letter in "abcdefg" for other in "hijklmn")

    ((numbers, grade, _),) = conflicts(bring, [pair(LONG, f"{yes} {story}"), pair(LONG, f"{no} {story}")])
    assert (numbers, grade) == ((0, 1), Grade.HIGH)
