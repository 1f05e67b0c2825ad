"""Whatever people wrote stays text: on no screen does it become a tag, an attribute or a script."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.data.encodings import Legacy, Preview
from studio.data.lengths import suggest_cut_off
from studio.data.problem import Problem
from studio.data.seen import Seen
from studio.domain.dataset import Guess, Layout, Mapping, Reject
from studio.domain.errors import StudyError
from studio.domain.excerpt import excerpt
from studio.domain.fault import Fault, FaultCode
from studio.domain.finding import Finding, FindingKind, Grade, Group, Mark
from studio.domain.job import JobState
from studio.domain.lengths import Lengths, Piece
from studio.domain.mending import Mending
from studio.domain.model import Fit, Licence, Model, Need
from studio.domain.plan import Choice
from studio.domain.protocol import Opponent, Rival
from studio.domain.reading import Reading, Tone
from studio.domain.release import Form, Release
from studio.domain.report import Band, Chapter, Figures, Lamp, Told
from studio.domain.row import Call, Message, Row
from studio.domain.run import Metric
from studio.domain.study import Ask, Link, LinkKind, StudyState, Turn
from studio.domain.verdict import Decision
from studio.flows import prompting, report
from studio.flows.deliver import Offer
from studio.flows.follow import Answers
from studio.flows.inspect import Inspection
from studio.flows.invite import Seat
from studio.flows.meaning import Comparison
from studio.flows.understand import FirstRows, Tried
from studio.ui import rate
from studio.ui.bringing import fields, refused
from studio.ui.comparing import prompt, raters
from studio.ui.deciding import addresses
from studio.ui.delivering import delivered, making
from studio.ui.errors import told
from studio.ui.inspect import meaning
from studio.ui.models import card
from studio.ui.parts import groups, html, lengths, listed, plans, talk
from studio.ui.tabs import compare, data, inspect, recipe, train, verdict
from studio.ui.training.answers import answers_table
from studio.verdict import form as answering
from tests.ui import examples
from tests.ui.markup import attribute_names, tags, words

ATTACKS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onmouseover="alert(1)', "' autofocus onfocus='x",
    "</td></tr></table><iframe>", "<!-- ", "-->", "<svg/onload=alert(1)>", "&lt;b&gt;", "]]>", "<style>*{display:none}",
    "</textarea>", "<a href=javascript:alert(1)>", "\x00<b\x00>", "<\n b>", "{{ 7*7 }}", "＜script＞",
)  # fmt: skip
NO_CURVE = [Metric(step=40, epoch=1.0, validation_loss=1.6)]
HOSTILE = st.builds(
    "x{}{}{}".format, st.text(max_size=12), st.sampled_from(ATTACKS), st.text(alphabet="<>\"'&=/ ;!-ab\n", max_size=12)
)


def pages(listed: list[Any]) -> str:
    """All that a view hands to HTML components, without the charts."""
    return "\n".join(part for part in listed if isinstance(part, str))


def parts_of_pages(text: str) -> str:
    turns = (Message("user", text), Message(text, text), Message("assistant", text))
    return "".join(
        (
            html.title(text, text),
            html.cards([html.Figure(text, text, text)]),
            html.reading(Reading(Tone.BAD, text, text)),
            html.empty(text, text),
            html.bar(0.5, text, text),
            talk.bubbles([Row(0, 1, turns)]),
            html.table([text] * 3, [[text, html.Cell(text, written=True), html.Cell(text, number=True)]]),
            html.link(text, f"/download/refused/{text}"),
            told(StudyError(text, fix=text)),
        )
    )


def data_screen(text: str) -> str:
    guess = Guess(Mapping(Layout.PROMPT_COMPLETION, {"prompt": text, "completion": text}), text, (text,), 1, 1)
    known = examples.dataset(name=text, source_name=text, fingerprint=text, rejects=1, guess=guess, columns=(text,))
    tools = json.dumps([{"function": {"name": text, "description": text, "parameters": {"properties": {text: {}}}}}])
    turns = [
        Message("user", text),
        Message("assistant", text, (Call(text, json.dumps({text: text})),)),
        Message("tool", text),
    ]
    row = Row(0, 1, tuple(turns * 3), tools)
    pair = replace(row, rejected=(Message("assistant", text),))
    tried = [Tried(1, text, row=row), Tried(2, text, problem=Problem(text, text))]
    rejects = [Reject(1, text, text, field=text, text=text), Reject(2, text, text, column=3, excerpt=excerpt(text, 1))]
    return (
        pages(data.view(known, ""))
        + pages(refused.view(known, rejects, [], [Legacy("cp1252", text, 1.0, (Preview(1, text),))]))
        + pages(fields.view(known, guess.mapping, fields.samples(tried)))
        + data.first_rows(FirstRows(guess, (row,)))
        + talk.bubbles([row, pair])
        + data.situation(examples.dataset(state="running", source_name=text))
        + data.situation(examples.dataset(state="failed", rows=0, guess=None, problem=text))
    )


def inspect_screen(text: str) -> str:
    found = Finding(FindingKind.EXACT_DUPLICATE, text, 2, text, (Group((0, 1), (1, 2)),))
    measured = Lengths(text, (3,), (9,), stop_token_trained=True, stop_token=text)
    suggested = replace(suggest_cut_off(measured), reason=text)
    look = Inspection(examples.dataset(name=text), text, (found,), measured, None, suggested)
    failed = replace(look, measuring=examples.job(state=JobState.FAILED, message=text, fix=text))
    pieces = (Piece(text, True, False), Piece(text, False, True))
    return (
        inspect.situation(look, Reading(Tone.BAD, text, text))
        + inspect.situation(failed, Reading(Tone.GOOD, text, text))
        + recipe.measuring(failed)
        + listed.listed((found,), Mending(), None)
        + groups_of(text)
        + meaning.situation(Comparison(examples.job(phase=text, total=1), None), None, is_installed=True)
        + meaning.situation(
            Comparison(examples.job(state=JobState.FAILED, message=text, fix=text), None), None, is_installed=True
        )
        + lengths.facts(measured, 64)
        + lengths.seen(Seen(pieces=pieces, cut=pieces, total=4, cut_tokens=2, cut_trained=1))
    )


def groups_of(text: str) -> str:
    """Rows with their marks, rows compared word by word, and pairs of answers."""
    said = "The {} parcel is on its way and will reach you by noon, as we wrote to you before."
    turns = [(Message("user", text), Message("assistant", f"{text} {said.format(word)}")) for word in ("blue", "red")]
    rows = [Row(n, n + 1, messages, rejected=messages[1:]) for n, messages in enumerate(turns)]
    group = Group((0, 1), (1, 2), text, Grade.HIGH, (1.0, 0.8))
    marks = (Mark(0, 1, 0, 1, text), Mark(1, 1, 0, 1, text))
    kinds = (
        FindingKind.NEAR_DUPLICATE,
        FindingKind.ONE_WORD,
        FindingKind.SAME_PAIR,
        FindingKind.SWAPPED_PAIR,
        FindingKind.FAMILY,
    )
    shown = [Finding(kind, text, 2, text, (group,), marks) for kind in kinds]
    return "".join(groups.heading(found) + groups.view(found, groups.page_of(found, 0), rows) for found in shown)


def recipe_screen(text: str) -> str:
    plan = replace(examples.PLAN, sentence=f"Fits: {text}", device=text, choices=(Choice(text, text, text),))
    return plans.plan_page(plan) + plans.reasons_table(plan)


def models_part(text: str) -> str:
    licence, need = Licence(text, True, text, text, text), Need(1, 1, False, Fit.TIGHT, text, text)
    model = Model(text, text, text, 1, 1, licence, text, need, hub_id=text, path=Path(text), revision=text)
    stopped = replace(model, path=None, download=examples.job(state=JobState.FAILED, message=text, fix=text))
    live = replace(model, path=None, download=examples.job(phase=text, message=text, total=2, done=1))
    refused = replace(model, path=None, hub_id=None, obstacle=text)
    every = [model, stopped, live, refused]
    return "".join(card.card(each) + card.download(each) for each in every) + card.table(every)


def train_screen(text: str) -> str:
    live = examples.run(phase=text, message=text)
    fault = Fault(code=FaultCode.CRASH, happened=text, why=text, done=text, fix=text)
    failed = examples.run(state=JobState.FAILED, result={"fault": fault.model_dump()})
    said = [Answers(step, ((text, text),)) for step in (0, 10)]
    shown = [
        train.view(
            replace(run, name=text),
            NO_CURVE,
            at_work=[],
            title=text,
            kept=examples.KEPT,
            survived=[fault],
            origin=text,
            log=text,
        )
        for run in (live, failed)
    ]
    return pages(shown[0]) + pages(shown[1]) + answers_table(said, None) + train.log_page(live, text)


def compare_screen(text: str) -> str:
    halted = examples.job(state=JobState.INTERRUPTED, message=text, fix=text)
    writing = examples.job(state=JobState.RUNNING, message=text, total=24)
    rivals = (Opponent(Rival.PROMPT, text), Opponent(Rival.FEW_SHOT, examples=("key",)))
    studies = [
        examples.study(frozen=examples.protocol(criterion=text, rubric=text, opponents=rivals), name=text),
        examples.study(state=StudyState.WRITING, job=halted),
        examples.study(state=StudyState.WRITING, job=writing),
    ]
    shots = ((Message("user", text), Message("assistant", text)),)
    asked = (shots, (Ask("key", 0, (Message("user", text),)),))
    shown = [compare.view(studies, study, examples.far(), sealed=3, name=text, told=asked) for study in studies]
    return "".join(map(pages, [*shown, compare.view([], None, None, sealed=3, name=text)])) + tried(text)


def tried(text: str) -> str:
    """The editor of the best prompt after a try."""
    row = prompting.Tried(3, text, text, text, text, equals=True, fits=True, fits_alone=False)
    form = answering.Form(answering.Shape.FREE, begins=text, ends=text)
    made = prompting.Try(1, text, examples.job(state=JobState.DONE), 1, (row,), form)
    return pages(prompt.view([made]))


def verdict_screen(text: str) -> str:
    pair = Told(text, text, text, text, text, True)
    told_of = examples.report(
        name=text, about=text, headline=text, sentence=text, next_step=text, override=text, warnings=(text,),
        bands=(Band(text, Decision.SHIP, text, 0.4, 0.9, 0.7, 0.55, 0.95, text, text),), lamps=(Lamp(text, "red", text),),
        exact=text, worse=(text, text), blind=(text,), agreement=text, caveats=(text,),
        chapters=(Chapter("base", text, text, (pair,)),), done=((text, text),), data=((text, text),),
        figures=(Figures(text, (text,), ((text,),)),),
    )  # fmt: skip
    links = [Link("link-1", "study-1", LinkKind.VERDICT, "token", text, examples.AT)]
    shown = verdict.view(told_of, examples.study(state=StudyState.CLOSED))
    return pages(shown) + report.page(told_of) + addresses.listed(links)


def deliver_screen(text: str) -> str:
    files = [{"name": text, "bytes": 1, "sha256": text}]
    ended = examples.job(state=JobState.DONE, result={"files": files, "measured": text})
    failed = examples.job(state=JobState.FAILED, message=text, fix=text)
    made = [
        Release(text, text, text, 1, Form.GGUF, Path(text), True, examples.AT, job)
        for job in (ended, failed, examples.job(phase=text))
    ]
    none = making.about(Offer(Form.GGUF, text, text, 1, 1, text, text, text))
    some = making.about(Offer(Form.GGUF, text, text, 1, 1))
    return delivered.listed(made[:2], made[:1]) + delivered.busy(made[2:]) + none + some


def rating_page(text: str) -> str:
    turns = tuple(Message(role, text) for role in ("system", "user", "assistant", text))
    shown = rate.view(Turn(examples.card(question=text, prompt=turns, left=text, right=text, rubric=text)))
    seats = [Seat(Link("link-1", "study-1", kind, "token", text, examples.AT), 1, 0, examples.AT) for kind in LinkKind]
    return shown[0] + shown[1] + pages(rate._closed(StudyError(text, fix=text))) + raters.table(seats)


SCREENS: list[Callable[[str], str]] = [
    parts_of_pages, data_screen, inspect_screen, recipe_screen, models_part, train_screen, compare_screen, verdict_screen,
    deliver_screen, rating_page,
]  # fmt: skip
EVERY = pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)


@EVERY
@given(text=HOSTILE)
@settings(max_examples=20, deadline=None)
def test_what_people_wrote_never_becomes_a_tag_or_an_attribute(screen: Callable[[str], str], text: str) -> None:
    plain, page = screen("plain"), screen(text)
    assert tags(page) == tags(plain)
    assert attribute_names(page) == attribute_names(plain)


@EVERY
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_known_attack_becomes_a_tag_or_an_attribute(screen: Callable[[str], str], attack: str) -> None:
    plain, page = screen("plain"), screen(attack)
    assert tags(page) == tags(plain)
    assert attribute_names(page) == attribute_names(plain)


@EVERY
def test_what_people_wrote_can_be_read_as_they_wrote_it(screen: Callable[[str], str]) -> None:
    wrote = "if a < b && c > d: <b>\"yes\"</b> & 'no'"
    assert wrote in words(screen(wrote))


def test_the_check_itself_sees_a_tag_that_slips_through() -> None:
    assert tags("<p>plain</p>") != tags("<p><script>alert(1)</script></p>")
    assert attribute_names('<p class="a">') != attribute_names('<p class="a" onmouseover="b">')
