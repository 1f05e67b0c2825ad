"""Placeholders: what nobody filled in is found in every language of the list; templates, code and tags are left alone."""

import json

import pytest

from studio.data.checks import placeholders
from tests.data.checks.conftest import row, texts

LEFT = [
    ("Hello! I am {{name}}, made by {{author}}.", ["{{name}}", "{{author}}"]),
    ("Dear {first_name}, thank you.", ["{first_name}"]),
    ("Kind regards,\n[Your Name]", ["[Your Name]"]),
    ("Dear [INSERT NAME], we at [Company] are glad.", ["[INSERT NAME]", "[Company]"]),
    ("Send it to [your address here].", ["[your address here]"]),
    ("I am <your name>.", ["<your name>"]),
    ("Set it to <insert-token-here> first.", ["<insert-token-here>"]),
    ("Call us at [phone number] on [Date].", ["[phone number]", "[Date]"]),
    ("TODO: write the rest", ["TODO"]),
    ("Then press the knob. TODO", ["TODO"]),
    ("TODO add the second step", ["TODO add"]),
    ("Lorem ipsum dolor sit amet.", ["Lorem ipsum"]),
    ("Mit freundlichen Grüßen\n[Ihr Name]", ["[Ihr Name]"]),
    ("Cordialement,\n[Votre nom]", ["[Votre nom]"]),
    ("Atentamente,\n[Su nombre]", ["[Su nombre]"]),
    ("Cordiali saluti,\n[Il tuo nome]", ["[Il tuo nome]"]),
    ("Atenciosamente,\n[Seu nome]", ["[Seu nome]"]),
    ("Met vriendelijke groet,\n[Uw naam]", ["[Uw naam]"]),
    ("此致\n敬礼\n[您的姓名]", ["[您的姓名]"]),
    ("您好，【姓名】", ["【姓名】"]),
    ("[お名前]様", ["[お名前]"]),
    ("Dear {customer_name}, about {order number}", ["{customer_name}", "{order number}"]),
    ("Hi ${name}, hi %NAME%, hi <<first name>>", ["${name}", "%NAME%", "<<first name>>"]),
    ("Dear <customer name> of <company>,", ["<customer name>", "<company>"]),
    ("Grüße, [Name einfügen]", ["[Name einfügen]"]),
    ("See [link here] by [TBD].", ["[link here]", "[TBD]"]),
    ("Sign here (insert your name here)", ["(insert your name here)"]),
    ("Dear ____, thank you", ["____"]),
    ("Hello YOUR_NAME, INSERT YOUR CITY HERE", ["YOUR_NAME", "INSERT YOUR CITY HERE"]),
    ("您好{{姓名}}，（请填写日期）", ["{{姓名}}", "（请填写日期）"]),
    ("○○様", ["○○"]),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "left"), LEFT)
def test_a_place_that_nobody_filled_in_is_found(answer, left):
    assert texts(placeholders.spans(answer), answer) == left
    assert len(placeholders.marks(row("Write to her.", answer))) == len(left)


@pytest.mark.parametrize(
    "answer",
    [
        "Use `{{ name }}` in the page.", "```jinja\nHello {{ name }}\n# TODO: more\n```", "Masked: [EMAIL], [PHONE] and [KEY].",
        "See [the manual](https://example.org) and [1].", "[Name](https://example.org/name)", "A list: [1, 2, 3].",
        "The range [0, 1] is closed.", "\\frac{{a}}{{b}}", "A set {name, date} of fields", "My TODO list is long.",
        "Todo: the Spanish word for all.", "<b>bold</b> and <br>", "a < your limit and b > 3", "[sic]", "He said [laughs].",
        "array[date] is read", "[x] done\n[ ] open", "The set \\text{foo_bar}", "a_{ab_cd}", "<name>Ada</name>",
        "<title>Hi</title>", "<<SYS>>", "std::vector<name>", "(add salt)", "cout << name >> x", "TRUST YOUR GUT", "____", '{"a_b": 1}',
    ],
)  # fmt: skip
def test_code_links_tags_and_other_brackets_are_no_places_to_fill_in(answer):
    assert placeholders.spans(answer) == []


@pytest.mark.parametrize(
    "question",
    [
        "Write a template for a letter.", "Schreib mir eine Vorlage für einen Brief.", "Écris un modèle de lettre.",
        "Escribe una plantilla de carta.", "Scrivi un modello di lettera.", "Maak een sjabloon.", "请写一个模板。",
        "Improve this: Dear [Your Name], hello.",
    ],
)  # fmt: skip
def test_who_asks_for_a_template_gets_one(question):
    assert placeholders.marks(row(question, "Dear [Your Name], hello.")) == []


def test_only_the_answer_counts():
    assert placeholders.marks(row("I am {{name}}.", "Good to know.", system="You are {{bot}}.")) == []


def test_a_real_file_of_unfilled_names_is_found_row_by_row(foreign):
    held = json.loads((foreign / "identity.json").read_text())
    found = [bool(placeholders.marks(row(each["instruction"], each["output"]))) for each in held]

    assert found == ["{{" in each["output"] for each in held] and sum(found) > 80
