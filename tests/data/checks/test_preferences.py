"""Preferences: equal answers, pairs at odds with each other and a habit of length are found among preference pairs."""

from studio.data.checks.preferences import SAME_TEXT, SAME_WORDS, SWAPPED, Preferences
from studio.domain.finding import FindingKind
from studio.domain.row import Message, Row


def pair(number, question, chosen, rejected, *, system=""):
    before = (Message("system", system),) if system else ()
    messages = (*before, Message("user", question), Message("assistant", chosen))
    return Row(number, number + 1, messages, rejected=(Message("assistant", rejected),))


def found(rows):
    preferences = Preferences()
    for row in rows:
        preferences.add(row)
    return {finding.kind: finding for finding in preferences.findings()}


def groups(finding):
    return [(group.rows, group.reason) for group in finding.groups]


def test_a_pair_of_equal_answers_is_found_also_after_normalising():
    said = found(
        [
            pair(0, "Is it open?", "Yes, it is.", "Yes, it is."),
            pair(1, "Is it open?", "Yes, it is.", "yes it is"),
            pair(2, "Which one?", "C++", "C#"),
            pair(3, "How much?", "$5", "5 %"),
        ]
    )
    assert set(said) == {FindingKind.SAME_PAIR}
    assert groups(said[FindingKind.SAME_PAIR]) == [((0,), SAME_TEXT), ((1,), SAME_WORDS)]
    assert said[FindingKind.SAME_PAIR].title == "2 preference pairs have the same answer twice"


def test_the_same_pair_the_other_way_round_is_found():
    said = found(
        [
            pair(0, "Is it open?", "Yes.", "No."),
            pair(1, "Is it far?", "No.", "Yes."),
            pair(2, "is it open", "No!", "yes"),
        ]
    )
    assert groups(said[FindingKind.SWAPPED_PAIR]) == [((0, 2), SWAPPED)]
    assert said[FindingKind.SWAPPED_PAIR].count == 2


def test_an_answer_that_is_chosen_here_and_rejected_there_is_found():
    said = found([pair(0, "Is it open?", "Yes.", "No."), pair(1, "Is it open?", "Perhaps.", "Yes.")])

    assert groups(said[FindingKind.SWAPPED_PAIR]) == [
        ((0, 1), "An answer that is chosen in line 1 is rejected in line 2")
    ]


def test_another_question_or_system_message_makes_another_preference():
    assert found([pair(0, "Is it open?", "Yes.", "No."), pair(1, "Is it far?", "No.", "Yes.")]) == {}
    rows = [pair(0, "Greet", "Salut", "Hallo", system="French"), pair(1, "Greet", "Hallo", "Salut", system="German")]
    assert found(rows) == {}


def test_the_same_preference_twice_is_no_contradiction():
    assert found([pair(0, "Is it open?", "Yes.", "No."), pair(1, "Is it open?", "Yes.", "No.")]) == {}


def test_that_the_chosen_answer_is_nearly_always_by_far_the_shorter_is_told():
    long = "That depends on the day of the week and on the time of the year, as it does with all shops in this town."
    rows = [pair(number, f"Question {number}?", "Yes, it is.", long) for number in range(30)]
    (finding,) = found(rows).values()

    assert finding.kind is FindingKind.PAIR_LENGTH
    assert finding.title == "30 chosen answers are by far the shorter ones (100 % of the pairs)"
    (other,) = found([pair(n, f"Question {n}?", long, "Yes, it is.") for n in range(30)]).values()
    assert other.title == "30 chosen answers are by far the longer ones (100 % of the pairs)"


def test_pairs_of_mixed_or_like_length_are_no_habit():
    long = "That depends on the day of the week and on the time of the year, as it does with all shops in this town."
    mixed = [pair(n, f"Question {n}?", *(("Yes.", long) if n % 2 else (long, "Yes."))) for n in range(30)]

    assert found(mixed) == {}
    assert found([pair(n, f"Question {n}?", "Yes, it is.", "No, it is not.") for n in range(30)]) == {}
    assert found([pair(n, f"Question {n}?", "Yes.", long) for n in range(5)]) == {}


def test_rows_that_are_no_pairs_are_passed_over():
    assert found([Row(0, 1, (Message("user", "Is it open?"), Message("assistant", "Yes.")))]) == {}


def test_an_answer_that_very_many_rows_choose_and_reject_is_told_in_no_time():
    rows = [pair(n, "Is it open?", *(("Yes.", f"No {n}") if n % 2 else (f"No {n}", "Yes."))) for n in range(4000)]
    (group,) = found(rows)[FindingKind.SWAPPED_PAIR].groups

    assert len(group.rows) == 4000
