"""Numbers: speed, perplexity, shared words and harness tasks, all paired."""

import sys
from math import exp

import pytest

from studio.domain.errors import SetupError
from studio.domain.gate import Overlap, Perplexity, Speed, Tasks
from studio.domain.gate_result import Answered, Scored, Timed, Timing
from studio.domain.light import Light
from studio.domain.task_score import TaskScore
from studio.verdict.gates import overlap, tasks
from studio.verdict.gates.judging import check_gate
from studio.verdict.gates.measured import judge_perplexity, judge_speed

# Speed


def timed(times: float, *, n: int = 20, tokens: int = 40) -> list[Timed]:
    """Base answers of 1 to 2 seconds; fine-tuned ones take so many times as long, more or less."""
    return [
        Timed(str(at), Timing(1 + at / n, 40), Timing((1 + at / n) * times * (1.1 if at % 2 else 0.9), tokens))
        for at in range(n)
    ]


@pytest.mark.parametrize(("times", "light"), [(1.0, Light.GREEN), (1.22, Light.AMBER), (1.6, Light.RED)])
def test_speed_is_judged_by_how_many_times_the_base_it_takes(times: float, light: Light) -> None:
    found = judge_speed(Speed(), timed(times))
    assert found.light is light
    assert found.difference.value == pytest.approx(times, rel=0.01)


def test_tokens_a_second_do_not_depend_on_how_long_answers_are() -> None:
    found = judge_speed(Speed(measure="tokens_per_second"), timed(2.0, tokens=80))
    assert found.light is Light.GREEN
    assert "typically writes 27" in found.sentence
    assert judge_speed(Speed(), timed(2.0, tokens=80)).light is Light.RED


def test_what_could_not_be_timed_is_listed_and_a_handful_is_too_few() -> None:
    rows = [*timed(1.0), Timed("dead", Timing(1.0, 0), Timing(1.0, 40))]
    found = judge_speed(Speed(), rows)
    assert [each.prompt_id for each in found.unjudged] == ["dead"]
    assert found.tables[0].rows[0][0] == "base"
    assert judge_speed(Speed(), timed(1.0, n=9)).light is Light.AMBER


# Perplexity


def scored(rise: float, *, n: int = 40) -> list[Scored]:
    return [Scored(str(at), 10 + at, 1.0 * (10 + at), (1.0 + rise + (at % 3 - 1) / 100) * (10 + at)) for at in range(n)]


def test_large_figures_are_written_as_people_write_them() -> None:
    found = judge_perplexity(Perplexity(), [Scored(f"p{n}", 10, 74.6, 2.4) for n in range(20)])
    assert "perplexity is 1.27 for the fine-tuned model and 1,740 for the base model" in found.sentence


@pytest.mark.parametrize(
    ("rise", "light"), [(-0.5, Light.GREEN), (0.0, Light.GREEN), (0.0485, Light.AMBER), (0.2, Light.RED)]
)
def test_perplexity_may_rise_by_no_more_than_allowed(rise: float, light: Light) -> None:
    found = judge_perplexity(Perplexity(), scored(rise))
    assert found.light is light
    assert found.difference.value == pytest.approx(exp(rise), rel=0.01)


def test_a_model_that_gives_no_number_is_broken_and_not_left_out() -> None:
    found = judge_perplexity(Perplexity(), [*scored(-0.5), Scored("x", 5, 5.0, float("nan"))])
    assert found.light is Light.RED
    assert "it is broken" in found.sentence


# Shared words

HYPOTHESES = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
REFERENCES = [
    ["The dog bit the man.", "It was not unexpected.", "The man bit him first."],
    ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."],
]


def test_bleu_and_chrf_are_those_of_sacrebleus_own_example() -> None:
    bleu, signature = overlap.corpus_score("bleu", HYPOTHESES, REFERENCES)
    assert bleu == pytest.approx(48.53, abs=0.005)
    assert "version:" in signature
    assert overlap.corpus_score("chrf", HYPOTHESES, REFERENCES)[0] == pytest.approx(59.73, abs=0.005)


@pytest.mark.parametrize(("measure", "f1"), [("rouge1", 70.588), ("rougeL", 58.824)])
def test_rouge_is_that_of_rouge_scores_own_example(measure, f1: float) -> None:
    score = overlap.scorer(Overlap(measure=measure))
    said = score("The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog")
    assert said == pytest.approx(f1, abs=5e-4)


@pytest.mark.parametrize("measure", ["bleu", "chrf", "rougeL"])
def test_shared_words_hold_nothing_back_unless_asked_to(measure) -> None:
    reference = "The parcel will arrive at the station on Friday."
    answers = [Answered(str(n), reference, reference, f"The parcel {n} is lost.") for n in range(12)]
    found = overlap.judge(Overlap(measure=measure), answers)
    assert (found.light, found.holds_back) == (Light.RED, False)
    assert found.difference.base == pytest.approx(100)
    assert "no meaning" in found.note


def test_a_missing_package_is_told_with_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(SetupError, match="needs the package sacrebleu") as caught:
        check_gate(Overlap(measure="bleu"))
    assert "pip install sacrebleu" in caught.value.fix


# Tasks


def test_tasks_are_judged_over_all_questions_and_told_one_by_one() -> None:
    scores = [TaskScore("arc_easy", "acc", str(n), float(n % 2), 1.0) for n in range(40)]
    scores += [TaskScore("squad", "f1", str(n), 0.5, 0.6) for n in range(10)]
    found = tasks.judge(Tasks(tasks=("arc_easy", "squad")), scores)
    assert found.light is Light.GREEN
    assert found.tables[0].rows == (
        ("arc_easy", "acc", "40", "0.500", "1.000"),
        ("squad", "f1", "10", "0.500", "0.600"),
    )
    assert tasks.judge(Tasks(tasks=("a",)), scores[:40]).difference.p is not None
    assert tasks.judge(Tasks(tasks=("a",)), scores[:9]).light is Light.AMBER
