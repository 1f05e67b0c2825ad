"""Grading: what contradicts for sure, what perhaps, and what is only said in other words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.data.grading import graded
from studio.domain.finding import Grade

LONG = (
    "Our shop sends every parcel with the evening truck, and you get a message with a number to follow it. "
    "If nobody is at home the driver takes it to the next post office, where it waits for you, or to a neighbour whom "
    "you have named before. You can change the day on our page as long as the parcel has not left the house, and if it "
    "does arrive broken, take a picture, keep the box and write to us, so that we can send another one at once."
)

HIGH = [
    ("Yes.", "No."),
    ("Yes, you can do that on our page.", "No, that has to be done by phone."),
    ("Ja, das geht.", "Nein, leider nicht."),
    ("Oui.", "Non."),
    ("Sí, claro.", "No, de ninguna manera."),
    ("Sì.", "No."),
    ("Да.", "Нет."),
    ("是的，可以。", "不是。"),
    ("はい、できます。", "いいえ、できません。"),
    ("True", "False"),
    ("billing", "delivery"),
    ("Rechnung", "Lieferung"),
    ("积极", "消极"),
    ("4", "5"),
    ("The total is 12 EUR.", "The total is 13 EUR."),
    ("You have 14 days to send it back.", "Returns are taken within 30 days."),
    ("You have two weeks.", "You have three weeks."),
    ("Sie haben 14 Tage Zeit.", "Sie haben 30 Tage Zeit."),
    ("您有14天时间。", "您有30天时间。"),
    ("It costs $5.", "It costs $6."),
    ("The meeting starts at 14:30.", "The meeting starts at 15:30."),
    ("You can return it in the shop.", "You cannot return it in the shop."),
    ("Das ist erlaubt.", "Das ist nicht erlaubt."),
    ('{"category": "billing", "urgent": true}', '{"category": "delivery", "urgent": true}'),
    ('{"total": 12.5}', '{"total": 13}'),
    ("category: billing\npriority: high", "category: billing\npriority: low"),
    (f"{LONG} The answer is 42.", f"Let us think step by step. {LONG[:200]} The answer is 43."),
    ("3 * 4 = 12\n#### 12", "3 + 4 = 7\n#### 7"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), HIGH)
def test_a_number_a_label_a_value_or_a_yes_that_differs_is_graded_high(one, other):
    found = graded(one, other)

    assert found.grade is Grade.HIGH and graded(other, one).grade is Grade.HIGH
    assert found.reason


MEDIUM = [
    ("The capital of this province is the city of Lyon.", "The capital of this province is the city of Paris."),
    ("Paris", "Paris, France"),
    ('{"category": "billing"}', '{"category": "billing", "urgent": true}'),
    (
        f"{LONG} It takes 3 days.",
        "Well, that depends on the carrier and on the season of the year. " * 5 + "Say 5 days.",
    ),
    ("Good morning!", "Hello there!"),
    ("No problem, it is on its way.", "Yes, it is on its way."),
]


@pytest.mark.parametrize(("one", "other"), MEDIUM)
def test_what_may_contradict_is_graded_medium(one, other):
    assert graded(one, other).grade is graded(other, one).grade is Grade.MEDIUM


INFO = [
    ("We send the missing screw tomorrow.", "The screw that you miss leaves our house on the next working day."),
    (LONG, "It comes with the evening truck. Look for the message with the number of your parcel."),
    ("1. Open it.\n2. Press the knob.", "First open the lid, then press the knob, and it is done.\n3. Close it."),
    ("4", "4.0"),
    ("1,200", "1200"),
    ("It is four days.", "It is 4 days."),
    ("billing", "Billing."),
    ("new-york", "New York"),
    ('{"a": 1, "b": "x"}', '{"b": "x", "a": 1.0}'),
    (f"{LONG} The answer is 42.", "Six times seven. The answer is 42."),
    ("You can send it back with the slip that came in the box.", "You can send it back with the slip taht came in the box."),
    ("In 1998 the house was built.", "It was built by two brothers in the year 1998."),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), INFO)
def test_other_words_for_what_may_be_the_same_are_no_more_than_information(one, other):
    assert graded(one, other).grade is graded(other, one).grade is Grade.INFO


@pytest.mark.parametrize(
    ("one", "other", "left", "right", "reason"),
    [
        ("It takes 14 days, in 3 boxes.", "It takes 30 days, in 3 boxes.", ["14"], ["30"], "“14 days” / “30 days”"),
        ("Yes, it is.", "No, it is not.", ["Yes"], ["No"], "One says yes, the other no"),
        ("billing", " delivery ", ["billing"], ["delivery"], "“billing” / “delivery”"),
        ('{"total": 12, "a": "b"}', '{"total": 13, "a": "b"}', ["12"], ["13"], "“total” differs: “12” / “13”"),
        ("You can.", "You can not.", [], ["not"], "“not”"),
        ("The car is a blue one now.", "The car is a red one now.", ["blue"], ["red"], "“blue” / “red”"),
    ],
)
def test_the_reason_names_what_differs_and_its_places_are_marked(one, other, left, right, reason):
    found = graded(one, other)

    assert [one[start:end] for start, end in found.first] == left
    assert [other[start:end] for start, end in found.second] == right
    assert reason in found.reason


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_are_graded_and_every_place_lies_in_its_text(one, other):
    found = graded(one, other)

    for text, places in ((one, found.first), (other, found.second)):
        assert all(0 <= start < end <= len(text) for start, end in places)
