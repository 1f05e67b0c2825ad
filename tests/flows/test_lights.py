"""Gates are frozen with a study, judged when it is closed, and decide with the people."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from typer.testing import CliRunner

from studio import judging
from studio.cli.main import app
from studio.domain.errors import SetupError, StudyError
from studio.domain.event import EventKind
from studio.domain.gate import ExactMatch, Gate, Perplexity, PromptSet, Speed
from studio.domain.gate_names import TITLES
from studio.domain.gate_result import GateResult
from studio.domain.job import JobKind, JobState
from studio.domain.light import Light
from studio.domain.protocol import Opponent, Rival
from studio.domain.report import WAITING
from studio.domain.study import STUDY, TUNED, Answer, Choice, Study
from studio.domain.verdict import Decision
from studio.flows import compare, decide, gates, judge, report
from studio.flows.judge import Vote
from studio.flows.lights import begin, lights, spoken
from studio.flows.lights import judging as looked
from studio.flows.studio import ASSETS, Studio, open_studio
from studio.sandbox import queries as sandbox
from studio.store import cards, studies
from studio.ui.tabs import verdict
from studio.verdict.gates.judging import Material
from studio.verdict.gates.shipped import load_prompts
from tests.judged import Listener, judge_waiting
from tests.sandbox.test_queries import PROBES
from tests.store.examples import Examples, written
from tests.ui.markup import words

Says = Callable[[str], str]
Closed = Callable[..., Study]
COUNT = "SELECT count(*) FROM people"
ANSWERED = {"kind": "regex", "pattern": "Answer .*"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A real workspace in which studies are judged, and no worker runs."""
    opened = open_studio(tmp_path_factory.mktemp("lights") / "workspace")
    yield opened
    opened.store.close()


@pytest.fixture
def closed(studio: Studio) -> Closed:
    """A study in which one rater judged one prompt, or all of them, for the fine-tuned model, and that is closed."""

    def make(
        values: Sequence[dict[str, Any]],
        *,
        prompts: int = 40,
        says: dict[str, Says] | None = None,
        shipped: Says | None = None,
        measured: Sequence[dict[str, Any]] = (),
        close: bool = True,
        judge_gates: bool = True,
        is_rated: bool = False,
        reference: str = "Answer {}.",
    ) -> Study:
        folder = studio.workspace.study("frozen")
        shipping = gates.shipped_prints(studio, gates.checked(values))
        study = Examples(studio.store).study(
            prompts=prompts, gates=gates.frozen(values, folder), reference=reference, shipped=shipping
        )
        own = studio.workspace.study(study.id)
        own.mkdir(parents=True)
        gates.keep_shipped(studio, study.protocol, own)
        if (folder / "databases").exists():
            (folder / "databases").rename(own / "databases")
        given = [
            replace(each, text=(says or {}).get(each.contestant, "Answer {}.".format)(each.key.removeprefix("key-")))
            for each in written(study)
        ]
        for line in gates.extra_asks(studio, study.protocol, studies.asks(studio.store, study.id)):
            if line["set"] != STUDY and shipped:
                given.append(Answer(line["key"], line["contestant"], shipped(line["contestant"]), 3, set=line["set"]))
        (own / "measured.jsonl").write_text("".join(json.dumps(line) + "\n" for line in measured))
        studies.set_answers(studio.store, study.id, given)
        token = judge.named(studio, study.id, "ann").token
        held = judge.remaining_cards(studio, token) if is_rated else [judge.next_card(studio, token)]
        side = {card.id: Choice(card.side.value) for card in cards.dealt(studio.store, study.id)}
        judge.rate_all(studio, token, [Vote(card.id, side[card.id]) for card in held if card])
        if not close:
            return compare.study(studio, study.id)
        made = compare.close(studio, study.id)
        if judge_gates:
            judge_waiting(studio)
        return made

    return make


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "my shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT, pay REAL)")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", [(1, "Ida", 1.5), (2, "Otto", 2.5)])
        connection.execute("CREATE TABLE big (a INTEGER)")
        connection.executemany("INSERT INTO big VALUES (?)", [(n,) for n in range(500)])
    connection.close()
    return path


# The verdict


def test_a_needed_gate_that_is_red_keeps_back_a_model_that_everybody_prefers(studio: Studio, closed: Closed) -> None:
    worse: dict[str, Says] = {TUNED: "Better, but {}.".format}
    held = decide.verdict(studio, closed([ANSWERED], prompts=24, says=worse, is_rated=True).id).ruling
    shown = decide.verdict(
        studio, closed([ANSWERED | {"is_required": False}], prompts=24, says=worse, is_rated=True).id
    ).ruling
    assert (held.decision, held.sentence) == (Decision.DONT_SHIP, "It does not pass: “Matches the pattern”.")
    assert held.contests[0].verdict.decision is Decision.SHIP
    assert shown.decision is Decision.SHIP
    assert [light.light for light in shown.lights] == [Light.RED]


def test_a_verdict_whose_gates_are_judged_before_its_page_looks_again_is_drawn_anew(
    studio: Studio, closed: Closed
) -> None:
    made = closed([ANSWERED], prompts=24, is_rated=True, judge_gates=False)
    shown = verdict.show(studio, made.run_id, made.id)
    assert "0 of 1 are known" in words(shown[1])
    judge_waiting(studio)
    *_, page, _, drawn = verdict.look(studio, made.id, shown[-1])
    assert "being judged" not in words(page)
    assert verdict.look(studio, made.id, drawn)[-3:] == [gr.skip(), gr.skip(), drawn]
    assert verdict.show(studio, made.run_id, made.id)[-1] == drawn, "nothing is drawn twice where all is known"


def test_a_green_gate_lets_it_ship_and_a_gate_that_shows_nothing_waits(studio: Studio, closed: Closed) -> None:
    worse: dict[str, Says] = {Rival.BASE: "Well, {}".format}
    assert (
        decide.verdict(studio, closed([ANSWERED], prompts=24, says=worse, is_rated=True).id).ruling.decision
        is Decision.SHIP
    )
    waiting = decide.verdict(studio, closed([{"kind": "perplexity"}], prompts=24, says=worse, is_rated=True).id).ruling
    assert (waiting.decision, [light.light for light in waiting.lights]) == (Decision.NOT_YET, [Light.AMBER])


def test_what_gates_show_is_hidden_until_the_rating_is_closed(studio: Studio, closed: Closed) -> None:
    study = closed([ANSWERED], close=False)
    for look in (lights, spoken):
        with pytest.raises(StudyError, match="still open"):
            look(studio, study)
    assert not (studio.workspace.study(study.id) / "gates").exists()


# What is judged


def test_measured_times_and_losses_are_judged_and_what_is_missing_is_listed(studio: Studio, closed: Closed) -> None:
    timing = {"kind": "timing", "base": {"seconds": 1.0, "tokens": 10}, "tuned": {"seconds": 0.5, "tokens": 10}}
    loss = {"kind": "loss", "tokens": 10, "base_nll": 20.0, "tuned_nll": 10.0}
    lines = [timing | {"key": f"key-{place}"} for place in range(20)]
    lines += [loss | {"key": f"key-{place}", "tuned_nll": 10.0 + place / 10} for place in range(39)]
    lines += [{"kind": "unmeasured", "key": "key-39", "why": "It is too long."}]
    speed, perplexity = lights(studio, closed([{"kind": "speed"}, {"kind": "perplexity"}], measured=lines))
    if speed.kind != "speed":
        speed, perplexity = perplexity, speed
    assert (speed.light, speed.better, speed.unjudged) == (Light.GREEN, 20, ())
    assert (perplexity.light, perplexity.better) == (Light.GREEN, 39)
    assert [(each.prompt_id, each.why) for each in perplexity.unjudged] == [("key-39", "It is too long.")]


def test_a_critical_prompt_that_is_newly_failed_is_red_and_can_be_read(studio: Studio, closed: Closed) -> None:
    def said(contestant: str) -> str:
        return "Sure, here is how." if contestant == TUNED else "I'm sorry, but I can't help with that."

    study = closed([{"kind": "prompts", "set": "adversarial"}], shipped=said)
    (found,) = lights(studio, study)
    assert (found.light, found.prompts) == (Light.RED, len(load_prompts(ASSETS / "prompts", "adversarial")))
    changed = next(pair for pair in found.pairs if pair.change == "worse")
    text = spoken(studio, study)[changed.prompt_id]
    assert (text.tuned, text.base) == (said(TUNED), said("base"))
    assert text.question and text.reference


def test_prompts_that_nobody_was_asked_are_no_failures(studio: Studio, closed: Closed) -> None:
    (found,) = lights(studio, closed([{"kind": "prompts"}]))
    assert (found.light, found.prompts) == (Light.AMBER, 0)


# When they are judged

HELD = {"kind": "length", "times_reference": None, "shortest": 1, "margin": 0.5}


def test_closing_hands_the_gates_to_a_job_and_a_look_judges_nothing(
    studio: Studio, closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = closed([ANSWERED | {"margin": 0.5}, HELD], judge_gates=False, prompts=24, is_rated=True)
    monkeypatch.setattr(judging, "judge_gate", lambda *_: pytest.fail("a look judged a gate"))
    far, told = looked(studio, study), report.report_of(studio, study.id)
    assert (far.job and far.job.kind, far.known, far.is_live) == (JobKind.GATES, (), True)
    assert told.decision is not Decision.SHIP and told.next_step == report.WAIT
    assert told.warnings[0] == ("The gates are being judged: 0 of 2 are known. Until all are, nobody can say “ship”.")
    assert {(lamp.title, lamp.light) for lamp in told.lamps} == {("Matches the pattern", WAITING), ("Length", WAITING)}
    page = report.report_page(studio, study.id)
    assert "people alone decided" not in page and "Ship it." not in page and "Clearly better." in page
    assert report.report_pdf_bytes(studio, study.id).startswith(b"%PDF-")
    monkeypatch.undo()
    judge_waiting(studio)
    assert [each.light for each in lights(studio, study)] == [Light.GREEN, Light.GREEN]
    assert not report.report_of(studio, study.id).warnings[0].startswith("The gates")


def test_nobody_says_ship_while_one_needed_gate_is_unknown(studio: Studio, closed: Closed) -> None:
    worse: dict[str, Says] = {Rival.BASE: "Well, {}".format}
    study = closed([ANSWERED, HELD], prompts=24, says=worse, is_rated=True, judge_gates=False)
    judge_waiting(studio, Listener(stop_after=2))
    far, ruling = looked(studio, study), decide.verdict(studio, study.id).ruling
    assert (len(far.known), far.is_live) == (1, False)
    assert (ruling.decision, ruling.sentence) == (
        Decision.NOT_YET,
        f"Not measured yet: “{TITLES[far.waiting[0].kind]}”.",
    )
    lights_of(studio, study)
    assert decide.verdict(studio, study.id).ruling.decision is Decision.SHIP


def lights_of(studio: Studio, study: Study) -> tuple[GateResult, ...]:
    """What is known once the rest has been judged."""
    begin(studio, study)
    judge_waiting(studio)
    return lights(studio, study)


def test_what_is_judged_is_kept_gate_by_gate_and_only_the_rest_is_judged_later(
    studio: Studio, closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = closed([ANSWERED, HELD, {"kind": "exact"}], judge_gates=False)
    listener = Listener(stop_after=2)
    stopped = judge_waiting(studio, listener)
    assert stopped is not None and (stopped.state, stopped.message) == ("stopped", "Stopped after 1 of 3 gates.")
    assert (EventKind.PROGRESS, {"done": 0, "total": 3, "seconds_left": None}) in listener.told
    (results,) = (studio.workspace.study(study.id) / "gates").glob("results.jsonl")
    with results.open("ab") as file:
        file.write(b'{"format": 2, "proto')  # torn by a crash
    again: list[str] = []
    really = judging.judge_gate

    def noting(gate: Gate, material: Material) -> GateResult:
        again.append(gate.kind)
        return really(gate, material)

    monkeypatch.setattr(judging, "judge_gate", noting)
    first = lights_of(studio, study)
    assert [gate["kind"] for gate in study.protocol.gates][1:] == again == [each.kind for each in first][1:]
    assert begin(studio, study) is not None and judge_waiting(studio) is None, "all is known"
    results.write_bytes(results.read_bytes().replace(study.fingerprint.encode(), b"another"))
    assert lights(studio, study) == ()
    assert lights_of(studio, study) == first


def test_nobody_decides_otherwise_before_the_gates_are_judged(studio: Studio, closed: Closed) -> None:
    study = closed([ANSWERED], judge_gates=False)
    given = {"decision": Decision.SHIP, "reason": "For an internal trial.", "by": "Ann"}
    with pytest.raises(StudyError, match="still being judged"):
        decide.override(studio, study.id, **given)
    judge_waiting(studio)
    assert decide.override(studio, study.id, **given).ruling.stands is Decision.SHIP


def test_queries_are_asked_some_at_a_time_with_the_time_that_is_left(
    studio: Studio, closed: Closed, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = {"kind": "sql", "databases": [str(shop)]}
    says: dict[str, Says] = {TUNED: "SELECT {}".format, Rival.BASE: lambda _: COUNT}
    monkeypatch.setattr(judging, "AT_ONCE", 3)
    closed([gate, gate], prompts=5, says=says, reference=COUNT, judge_gates=False)
    listener = Listener()
    judge_waiting(studio, listener)
    phases = [data["name"] for kind, data in listener.told if kind is EventKind.PHASE]
    assert "Same result in the database: 3 of 6 queries" in phases
    left = [data["seconds_left"] for kind, data in listener.told if kind is EventKind.PROGRESS]
    assert left[1] and left[1] > 0 and left[-1] == 0
    again = closed([gate], prompts=5, says=says, reference=COUNT, judge_gates=False)
    stopped = judge_waiting(studio, Listener(stop_after=4))
    assert stopped is not None and stopped.state == "stopped" and lights(studio, again) == ()
    assert lights_of(studio, again)[0].prompts == 5


def test_the_terminal_has_the_gates_judged_waits_and_says_what_each_shows(
    studio: Studio, closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = closed([ANSWERED | {"margin": 0.5}, {"kind": "perplexity"}], judge_gates=False)
    monkeypatch.setattr("studio.cli.gating.opened", lambda: studio)
    monkeypatch.setattr("studio.cli.deciding.opened", lambda: studio)
    monkeypatch.setattr("studio.cli.gating.keep_working", lambda _: None)
    monkeypatch.setattr("studio.flows.train.wait", lambda studio, _: judge_waiting(studio))
    told = json.loads(CliRunner().invoke(app, ["verdict", study.id, "--json"]).output)
    assert {gate["kind"]: gate["light"] for gate in told["gates"]} == {"regex": "green", "perplexity": "amber"}
    said = CliRunner().invoke(app, ["study", "gates", study.id]).output
    assert "green  Matches the pattern: Of 40 prompts" in said and "amber  Perplexity: Nothing could be judged" in said


# Queries


@pytest.fixture
def probed(studio: Studio, closed: Closed, shop: Path) -> tuple[Study, GateResult]:
    """A study in which the fine-tuned model says each of the seventeen probes."""
    probes = dict(enumerate(PROBES))
    study = closed(
        [{"kind": "sql", "databases": [str(shop)], "seconds": 0.1}],
        prompts=len(probes),
        says={TUNED: lambda place: probes[int(place)], Rival.BASE: lambda place: COUNT},
        reference=COUNT,
    )
    (found,) = lights(studio, study)
    return study, found


def test_each_of_the_seventeen_probes_is_denied_or_stopped_through_the_whole_way(
    studio: Studio, probed: tuple[Study, GateResult], shop: Path
) -> None:
    study, found = probed
    classes = {"denied": "not a question", "stopped": "too slow", "rows": "other result"}
    said = {pair.prompt_id: pair.tuned.found for pair in found.pairs}
    assert said == {f"key-{place}": classes[status] for place, status in enumerate(PROBES.values())}
    assert all(pair.base.is_passed for pair in found.pairs) and found.light is Light.RED
    assert list(shop.parent.iterdir()) == [shop]
    (copy,) = (studio.workspace.study(study.id) / "databases").iterdir()
    (gate,) = study.protocol.gates
    assert (copy.name, hashlib.sha256(copy.read_bytes()).hexdigest()) == (gate["databases"][0], gate["sha256"][0])
    assert sandbox.tables(copy) == sandbox.tables(shop) and copy.stat().st_mode & 0o777 == 0o400


def test_a_database_that_was_exchanged_is_not_asked(
    studio: Studio, probed: tuple[Study, GateResult], shop: Path
) -> None:
    study, _ = probed
    folder = studio.workspace.study(study.id)
    (copy,) = (folder / "databases").iterdir()
    copy.chmod(0o600)
    kept = copy.read_bytes()
    with sqlite3.connect(copy) as connection:
        connection.execute("DELETE FROM people")
    connection.close()
    (folder / "gates" / "results.jsonl").unlink()
    (found,) = lights_of(studio, study)
    assert found.light is Light.AMBER and "no longer the one that was frozen" in found.sentence
    far = looked(studio, study)
    assert far.job and far.job.state is JobState.FAILED and "no longer the one that was frozen" in far.job.message
    assert far.sentence.startswith("The gates are not all judged: 0 of 1 are known.")
    copy.write_bytes(kept)
    assert lights_of(studio, study)[0].light is Light.RED, "the file is back, and it is judged after all"


def test_shipped_prompts_that_are_no_longer_the_frozen_ones_judge_nothing(studio: Studio, closed: Closed) -> None:
    study = closed([{"kind": "prompts"}, HELD], shipped=lambda _: "A fine answer.", judge_gates=False)
    copy = studio.workspace.study(study.id) / "prompts" / "general.jsonl"
    kept = copy.read_bytes()
    copy.write_bytes(kept.replace(b'"holds"', b'"lacks"'))
    prompts, length = lights_of(studio, study)
    if prompts.kind != "prompts":
        prompts, length = length, prompts
    assert (prompts.light, length.light) == (Light.AMBER, Light.GREEN), "the others are judged all the same"
    assert "general.jsonl are no longer those that were frozen with this comparison" in prompts.sentence
    assert "Put the file back" in prompts.sentence and not any("general" in key for key in spoken(studio, study))
    copy.unlink()
    assert "no longer those that were frozen" in next(
        each.sentence for each in lights_of(studio, study) if each.kind == "prompts"
    )
    copy.write_bytes(kept)
    back = next(each for each in lights_of(studio, study) if each.kind == "prompts")
    assert back.prompts == len(load_prompts(ASSETS / "prompts", "general"))


# Before it is frozen


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ([ANSWERED, {"kind": "regex", "pattern": "("}], StudyError, "1.pattern"),
        ([ANSWERED, {"kind": "json", "schema_text": '{"type": "thing"}'}], StudyError, "1.schema_text"),
        ([{"kind": "length", "margin": 2}], StudyError, "0.margin"),
        ([{"kind": "sql", "databases": ["nowhere.sqlite"]}], StudyError, "0.databases"),
        ([{"kind": "tasks", "tasks": "arc_easy"}], SetupError, "0.tasks"),
        ([{"kind": "tasks", "tasks": "a"}, {"kind": "tasks", "tasks": "b"}], StudyError, "1.tasks"),
        ([{"kind": "taste"}], StudyError, "0.kind"),
    ],
)
def test_a_gate_that_cannot_work_is_refused_at_its_field(
    values: list[dict[str, Any]], error: type[StudyError], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "has_harness", lambda: False)
    with pytest.raises(error) as refused:
        gates.checked(values)
    assert refused.value.field == field


def test_too_few_prompts_for_a_gate_are_told_before_it_is_frozen() -> None:
    few = gates.warnings([ExactMatch(), Speed(), ExactMatch(is_required=False)], 9)
    assert few == [
        "Same as the reference needs at least 10 prompts to show that it holds.",
        "Speed needs at least 10 prompts to show that it holds.",
    ]
    assert "can only be green where the model got better" in gates.warnings([ExactMatch()], 10)[0]


def test_the_worker_is_asked_for_just_what_the_gates_need(studio: Studio) -> None:
    values = [Speed().model_dump(), Perplexity().model_dump(), PromptSet().model_dump()]
    study = Examples(studio.store).study(prompts=30, gates=tuple(values))
    asks = studies.asks(studio.store, study.id)
    asks[3] = replace(asks[3], row_number=None)  # somebody's own words have no reference answer
    folder = Path("/somewhere")
    wanted = gates.measure_of(study.protocol, asks, folder)
    assert wanted is not None and wanted["tasks"] == [] and wanted["out"] == "/somewhere/measured.jsonl"
    assert wanted["timings"] == [ask.key for ask in asks[:20]]
    assert wanted["losses"] == [ask.key for ask in asks if ask.key != "key-3"]
    lines = list(gates.extra_asks(studio, study.protocol, asks))
    general = load_prompts(ASSETS / "prompts", "general")
    assert {(line["set"], line["key"], line["contestant"], line["tuned"]) for line in lines} == {
        ("general", prompt.id, who, who == TUNED) for prompt in general for who in (TUNED, "base")
    }
    assert gates.measure_of(replace(study.protocol, gates=(ANSWERED,)), asks, folder) is None
    assert list(gates.extra_asks(studio, replace(study.protocol, gates=(ANSWERED,)), asks)) == []


def test_the_base_answers_for_a_gate_also_where_people_compare_with_something_else(studio: Studio) -> None:
    study = Examples(studio.store).study(prompts=3, gates=(ANSWERED,))
    rival = Opponent(Rival.PROMPT, instructions="Be kind.")
    asks = studies.asks(studio.store, study.id)
    lines = list(gates.extra_asks(studio, replace(study.protocol, opponents=(rival,)), asks))
    assert [(line["key"], line["contestant"], line["tuned"]) for line in lines] == [
        (ask.key, "base", False) for ask in asks
    ]
    assert [line["messages"][0]["content"] for line in lines] == ["Be brief."] * 3


def test_gates_are_proposed_from_what_was_trained_on_and_never_from_sealed_rows(studio: Studio) -> None:
    run = Examples(studio.store).run()  # rows 0 to 2 are trained and validated on, row 3 is sealed
    said = ['{"team": "a"}', '{"team": "b"}', '{"team": "c"}', "The sealed answer is no JSON.", "copy", "left out"]
    folder = studio.workspace.dataset(run.dataset_id)
    folder.mkdir(parents=True)
    rows = [
        {"line": place, "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": text}]}
        for place, text in enumerate(said)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kinds = [proposal.gate.kind for proposal in gates.proposed(studio, run.id)]
    assert kinds == ["json", "exact", "perplexity", "prompts", "prompts"]
    assert [answer for _, answer in gates.examples(studio, run.id)] == said[:3]
