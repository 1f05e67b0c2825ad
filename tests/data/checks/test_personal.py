"""Personal data: addresses and numbers of people are found; order numbers, dates and versions are not."""

import pytest

from studio.data.checks import personal
from tests.data.checks.conftest import row, texts


def notes(text: str) -> list[tuple[str, str]]:
    return [(span.note, text[span.start : span.end]) for span in personal.spans(text)]


@pytest.mark.parametrize(
    "number",
    [
        "+49 30 901820",
        "+49 (0)30 901820",
        "+1 212-555-0143",
        "+44 20 7946 0958",
        "+33 1 23 45 67 89",
        "+390612345678",
        "0049 30 901820",
        "030 901820",
        "030/9018-2034",
        "(0221) 123 4567",
        "020 7946 0958",
        "07700 900123",
        "01 23 45 67 89",
        "01.23.45.67.89",
        "0171 1234567",
        "01711234567",
        "0612345678",
        "(212) 555-0143",
        "212-555-0143",
        "1-800-555-0199",
        "8 (912) 345-67-89",
        "(21) 98765-4321",
        "13812345678",
        "138 1234 5678",
        "98765 43210",
        "612 34 56 78",
        "512-345-678",
        "212 555 0143",
        "1 212 555 0143",
        "212‑555‑0143",
        "347 1234567",
        "347-1234567",
        "347 123 4567",
        "91 123 45 67",
        "612 345 678",
        "612345678",
        "2125550143",
    ],
)
def test_a_phone_number_is_found_as_people_write_it(number: str) -> None:
    text = f"You can reach me on {number}, thank you."

    assert notes(text) == [("phone number", number)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Phone: 612 345 678", "612 345 678"),
        ("Call me at 555-0199 please", "555-0199"),
        ("Tel. 4455667", "4455667"),
        ("My order 4711 is late, phone number 555 0199", "555 0199"),
    ],
)
def test_a_short_number_is_a_phone_number_when_a_word_says_so(text: str, number: str) -> None:
    assert notes(text) == [("phone number", number)]


@pytest.mark.parametrize(
    "text",
    [
        "order 4711-2234-9",
        "Order number: 212-555-0143",
        "Bestellnummer 01711234567",
        "Invoice no. 030 901820",
        "#07700900123 has not arrived",
        "It was due on 01/02/2024 and on 2024-01-02.",
        "ISBN 978-3-16-148410-0",
        "ISBN 0-306-40615-2",
        "Pi is 3.14159265358979",
        "We sold 12 500 000 pieces, +20 000 000 more than planned",
        "Boston, MA 02139-4307",
        "550e8400-e29b-41d4-a716-446655440000",
        "The batch 1234567890123 is ready",
        "10-20-30-40-50-60-70-80",
        "From 09:30 to 17:45, 08-12 May",
        "x = 0.123456789012",
        "C3PO",
        "AA80 1283 0321 9578 43 is the code of the lamp",
        "The code on the box is 4084905219978",
        "Between 12345 67890 and 90000 60000",
    ],
)
def test_other_numbers_are_no_personal_data(text: str) -> None:
    assert notes(text) == []


@pytest.mark.parametrize(
    "address", ["anna.berg@posteo.de", "o'neil+shop@mail.example.co.uk", "jürgen@müller.de", "x_1@a-b.io"]
)
def test_an_email_address_is_found(address: str) -> None:
    assert notes(f"Write to <{address}>.") == [("e-mail address", address)]


@pytest.mark.parametrize(
    "text",
    [
        "see logo@2x.png",
        "git@github.com:anna/shop.git",
        "pip install shop@1.2.3",
        "@anna said",
        "meet @ the.corner",
        "a@b",
    ],
)
def test_other_signs_with_an_at_are_no_email_address(text: str) -> None:
    assert notes(text) == []


@pytest.mark.parametrize(
    "written",
    ["DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO93 8601 1117 947"],
)
def test_a_bank_account_is_found_by_its_check_digits(written: str) -> None:
    assert notes(f"Pay to {written} THANK YOU") == [("bank account number (IBAN)", written)]
    wrong = written[:-1] + str((int(written[-1]) + 1) % 10)
    assert ("bank account number (IBAN)", wrong) not in notes(f"Pay to {wrong}")


@pytest.mark.parametrize(
    "written", ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005"]
)
def test_a_card_number_is_found_by_its_issuer_and_check_digit(written: str) -> None:
    assert notes(f"My card is {written}.") == [("card number", written)]
    wrong = written[:-1] + str((int(written[-1]) + 1) % 10)
    assert notes(f"My order is {wrong}.") == []


def test_a_long_number_of_no_issuer_is_no_card() -> None:
    assert notes("The parcel 9400110200881234567892 and 1234567812345670") == []


def test_a_social_security_number_is_found_unless_it_is_never_given() -> None:
    assert notes("SSN 536-22-8726, not 000-22-8726, 900-22-8726 or 536-22-87261") == [
        ("US social security number", "536-22-8726")
    ]


def test_public_internet_addresses_are_found() -> None:
    text = "From 84.160.12.7 or 2a02:8109:9a80::41 today."

    assert notes(text) == [("internet address", "84.160.12.7"), ("internet address", "2a02:8109:9a80::41")]


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3.4",
        "Firmware 10.42.17.8 and v12.22.33.44",
        "see section 12.10.14.2",
        "1.2.3.4 Scope",
        "192.168.0.12, 10.1.2.30 and 127.0.0.1 are at home",
        "203.0.113.77 and 2001:db8::1 stand in manuals",
        "mask 255.255.255.0",
        "84.160.12.7.5",
        "84.160.12.777",
        "It is 12:30:45, a::b, std::vector",
    ],
)
def test_versions_and_addresses_of_nobody_are_not_found(text: str) -> None:
    assert notes(text) == []


def test_everything_in_one_text_is_found_once_and_in_order() -> None:
    text = "anna@posteo.de, DE89 3704 0044 0532 0130 00, 4111111111111111, 030 901820"

    assert texts(personal.spans(text), text) == text.split(", ")


def test_every_message_is_looked_at() -> None:
    one = row("I am anna@posteo.de", "Thank you, we wrote to anna@posteo.de.", system="Write to us@posteo.de")

    assert [mark.message for mark in personal.marks(one)] == [0, 1, 2]


@pytest.mark.parametrize(
    "text", ["Ana (612 345 678)", "Ana, Madrid, 612 345 678", "Ana\n612 345 678", "Ana: tel. 612.345.678"]
)
def test_what_looks_like_an_amount_is_a_phone_number_among_the_details_of_a_person(text: str) -> None:
    assert [note for note, _ in notes(text)] == ["phone number"]


@pytest.mark.parametrize(
    "text",
    [
        "The sum is 612 345 678.", "They won (612 345 678 EUR).", "Population, at last count, 602 397 326 inhabitants",
        "Call us about order 2125550143.", "id 2125550143", "call f(2125550143, 3)", "from 900 000 000 to 950 000 000",
    ],
)  # fmt: skip
def test_an_amount_and_an_id_are_no_phone_number(text: str) -> None:
    assert notes(text) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("rock&roll@posteo.de", "rock&roll@posteo.de"),
        ("Ask o'neil$tax@posteo.de.", "o'neil$tax@posteo.de"),
        ("mail=anna@posteo.de", "anna@posteo.de"),
        ("https://x.de/?a=1&to=anna@posteo.de", "anna@posteo.de"),
    ],
)
def test_an_address_with_other_signs_is_found_whole_and_alone(text: str, address: str) -> None:
    assert notes(text) == [("e-mail address", address)]
