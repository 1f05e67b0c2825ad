"""What gates showed can be read without colour and without knowing statistics, and everything behind it is there."""

from studio.domain.gate import ExactMatch, Overlap, Perplexity, ValidJson
from studio.domain.gate_result import Answered, GateResult, Scored
from studio.flows.lights import Spoken
from studio.ui.comparing.lights import gate_details, lights_html
from studio.verdict.gates.judging import Material, judge_gate
from tests.ui.markup import attribute_names, tags, words

ATTACK = '<img src=x onerror="alert(1)">'
ANSWERS = [Answered(f"p{n}", "yes", "yes" if n % 2 else "no", ATTACK if n == 5 else "yes") for n in range(20)]
SPOKEN = {each.prompt_id: Spoken(f"Question {ATTACK}", each.reference, each.base, each.tuned) for each in ANSWERS}


def judged(gate: ExactMatch | ValidJson | Overlap | Perplexity) -> GateResult:
    losses = [Scored(f"p{n}", 10, 20.0, 10.0 + n) for n in range(12)]
    return judge_gate(gate, Material(answers=ANSWERS, losses=losses))


def test_a_light_is_told_by_sign_and_word_and_says_whether_it_is_needed() -> None:
    page = lights_html([judged(ExactMatch()), judged(ValidJson(at_least=1, is_required=False))], SPOKEN)
    said = words(page)
    assert "✓ green" in said and "✕ red" in said
    assert "needed to ship" in said and "shown only" in said
    assert lights_html([]) == ""


def test_what_changed_can_be_read_with_both_answers_and_what_was_wanted() -> None:
    said = words(gate_details(judged(ExactMatch()), SPOKEN))
    assert "10 prompts got better" in said and "1 prompt got worse" in said
    assert said.index("got worse") < said.index("got better")
    assert "Question <img" in said and "What was wanted" in said and "Fine-tuned: different" in said


def test_figures_are_in_the_unit_of_the_gate() -> None:
    assert "of 100 (" in words(gate_details(judged(ExactMatch()), SPOKEN))
    assert "times the base (" in words(gate_details(judged(Perplexity()), SPOKEN))
    overlap = words(gate_details(judged(Overlap()), SPOKEN))
    assert "points (" in overlap and "Shared words are no meaning" in overlap


def test_what_could_not_be_judged_is_listed_with_its_reason() -> None:
    page = words(gate_details(judged(ExactMatch(as_json=True)), SPOKEN))
    assert "20 prompts could not be judged" in page and "The reference answer is not JSON" in page


def test_answers_stay_text() -> None:
    page = lights_html([judged(ExactMatch())], SPOKEN)
    assert "img" not in tags(page)
    assert not {name for name in attribute_names(page) if name.startswith("on")}
