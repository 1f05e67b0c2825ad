"""What would be frozen is shown as one value beforehand: opponents, prompts, bar, ratings and everything that is wrong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from studio.data.rows import load_rows
from studio.domain.base import base_fingerprint
from studio.domain.dealing import deck_of
from studio.domain.errors import StudyError
from studio.domain.intact import sha256_of
from studio.domain.protocol import Asked, Opponent, Rival, Source
from studio.domain.row import Message
from studio.domain.run import Run
from studio.domain.sampling import Sampling
from studio.domain.study import TUNED, LinkKind, prompt_key, references_fingerprint
from studio.flows import asking, compare, deleted, draft, openings, prompting, shots, train
from studio.flows import gates as gating
from studio.flows.draft import Wanted
from studio.flows.studio import Studio
from studio.store import jobs, studies

OWN = 'Where is my parcel?\n\n{"prompt": "Can I pay later?"}\n{"messages": [{"role": "user", "content": "Hi"}]}'


def asked(studio: Studio, study_id: str) -> list[dict]:
    path = studio.workspace.study(study_id) / "asks.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def every(quiet: Studio, trained: Run) -> Wanted:
    """All three opponents as the studio proposes them."""
    chosen = shots.proposed(quiet, trained.id)
    told = draft.against(
        list(Rival),
        instructions=prompting.proposal(quiet, trained.id),
        shown=[shot.fingerprint for shot in chosen],
    )
    return Wanted(opponents=told, examples=tuple(shot.row.number for shot in chosen))


def test_a_draft_says_what_its_study_will_ask_and_settle(quiet: Studio, trained: Run, every: Wanted):
    made = draft.draft(quiet, trained.id, every)
    assert made.objections == () and made.protocol.opening == 1
    assert made.protocol.cap == made.sealed and "40 to 1" in made.bar
    pairs = deck_of(made.protocol, seed=3).pairs
    assert made.ratings == sum(pair.wanted for pair in pairs) and made.minutes == -(-made.ratings // 2)
    study = compare.freeze(quiet, trained.id, every, key="study")
    assert study.fingerprint == made.protocol.fingerprint, "what was shown is what was frozen"
    again = draft.draft(quiet, trained.id, every)
    assert again.protocol.opening == 2 and "80 to 1 instead of 40 to 1" in again.bar and again.unasked == 0


def test_the_fingerprint_holds_the_base_the_references_and_the_shipped_prompts(quiet: Studio, trained: Run):
    gates = ({"kind": "prompts", "set": "general"},)
    study = compare.freeze(quiet, trained.id, Wanted(cap=4, identical=0, gates=gates), key="study")
    protocol, spec = study.protocol, jobs.spec(quiet.store, study.job.id)
    assert protocol.candidate.base == spec["base_sha256"] == base_fingerprint(quiet.assets / "starter")
    assert protocol.references == references_fingerprint(studies.asks(quiet.store, study.id)) != ""
    kept = gating.shipped_folder(quiet, study.id) / "general.jsonl"
    assert quiet.workspace.study(study.id) in kept.parents and protocol.shipped == (("general", sha256_of(kept)),)
    other = [replace(ask, reference="Another answer.") for ask in studies.asks(quiet.store, study.id)]
    assert references_fingerprint(other) != protocol.references


def test_each_contestant_is_asked_in_its_own_way_and_only_training_rows_are_shown(
    quiet: Studio, trained: Run, every: Wanted
):
    study = compare.freeze(quiet, trained.id, every, key="study")
    rows = asking.used(quiet, trained)
    assert set(every.examples) <= set(rows.train)
    lines = {each["contestant"]: each for each in asked(quiet, study.id)[:4]}
    assert list(lines) == [TUNED, *Rival]
    plain, shown = lines[TUNED]["messages"], lines[Rival.FEW_SHOT]["messages"]
    assert lines[Rival.BASE]["messages"] == plain and lines[TUNED]["tuned"]
    assert lines[Rival.PROMPT]["messages"] == [
        {"role": "system", "content": prompting.proposal(quiet, trained.id)}, *plain
    ]  # fmt: skip
    assert len(shown) == len(plain) + 2 * shots.SHOTS and shown[-1] == plain[-1]
    held = asking.shown_examples(quiet, study.id, Rival.FEW_SHOT)
    (few_shot,) = [each for each in study.protocol.opponents if each.rival is Rival.FEW_SHOT]
    assert tuple(map(prompt_key, held)) == few_shot.examples


def test_own_prompts_are_marked_and_always_among_the_judged(quiet: Studio, trained: Run):
    wanted = Wanted(own=OWN, cap=5)
    study = compare.freeze(quiet, trained.id, wanted, key="study")
    asks = studies.asks(quiet.store, study.id)
    own = [ask for ask in asks if ask.source is Source.OWN]
    assert [ask.question for ask in own] == ["Where is my parcel?", "Can I pay later?", "Hi"]
    assert all(ask.reference == "" for ask in own)
    judged = {pair.prompt for pair in deck_of(study.protocol, seed=study.seed).pairs if not pair.is_identical}
    assert {ask.key for ask in own} <= judged and len(judged) == 5
    assert "3 of" in " ".join(draft.draft(quiet, trained.id, wanted).warnings)


def test_gates_that_compare_with_references_count_sealed_prompts_alone(quiet: Studio, trained: Run):
    gates = ({"kind": "exact", "margin": 0.2}, {"kind": "exact", "margin": 0.2}, {"kind": "json", "margin": 0.2})
    own = "\n".join(f"My own question, number {number}?" for number in range(12))
    made = draft.draft(quiet, trained.id, Wanted(cap=16, identical=0, own=own, gates=gates))
    told = [said for said in made.warnings if "needs at least 10 prompts" in said]
    assert len(made.asks) == 16 and len(told) == 1 and told[0].startswith("Same as the reference needs"), "4 are sealed"
    alone = draft.draft(quiet, trained.id, Wanted(cap=12, identical=0, own=own, gates=gates))
    assert any("no sealed prompt is asked" in said for said in alone.warnings)
    with pytest.raises(StudyError, match="no place for 12") as refused:
        compare.freeze(quiet, trained.id, Wanted(cap=11, identical=0, own=own), key="study")
    assert refused.value.field == "cap"


def test_that_learned_answers_do_not_fit_is_told_before_they_would_be_cut_off(quiet: Studio, trained: Run):
    def told(longest: int) -> list[str]:
        made = draft.draft(quiet, trained.id, Wanted(sampling=Sampling(max_new_tokens=longest)))
        return [said for said in made.warnings if "are cut off" in said]

    assert told(160) == []
    (said,) = told(5)
    assert said.startswith(f"Of {len(asking.used(quiet, trained).train):,} answers that were learned ")


@pytest.mark.parametrize("line", ['{"prompt": ', '{"question": "x"}', '{"messages": [{"role": "assistant"}]}'])
def test_a_line_that_is_no_prompt_is_named(quiet: Studio, trained: Run, line: str):
    with pytest.raises(StudyError, match="Line 2 of your own prompts") as refused:
        draft.draft(quiet, trained.id, Wanted(own=f"Fine.\n{line}"))
    assert refused.value.field == "own"


@pytest.mark.parametrize("part", ["training", "validation"])
def test_an_own_prompt_that_the_model_has_seen_is_refused_with_both_lines(quiet: Studio, trained: Run, part: str):
    used = asking.used(quiet, trained)
    row = load_rows(quiet.workspace.dataset(trained.dataset_id))[
        (used.train if part == "training" else used.validation)[1]
    ]
    for same in (row.question, f"  {row.question.upper()} !"):
        with pytest.raises(StudyError) as refused:
            draft.draft(quiet, trained.id, Wanted(own=f"Is this new?\n\n{same}"))
        assert f"line 3 asks what line {row.line} of Support desk asks, a {part} row" in refused.value.message
        assert "ask what training has not seen" in refused.value.fix and refused.value.field == "own"
    near = f"{row.question} Thank you!"
    dressed = json.dumps(
        {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": row.question}]}
    )
    made = draft.draft(quiet, trained.id, Wanted(own=f"{near}\n{dressed}\n{dressed}"))
    told = " ".join(made.warnings)
    assert f"line 1 is nearly line {row.line} of Support desk; line 2 is nearly line {row.line}" in told.replace(
        f", a {part} row", ""
    )
    assert "line 3 repeats line 2: what is said twice is asked once" in told and made.protocol.own_prompts == 2


def test_an_own_prompt_that_is_a_sealed_row_is_refused_without_saying_which(quiet: Studio, trained: Run):
    sealed = asking.sealed_asks(quiet, trained.id)[0]
    with pytest.raises(StudyError, match="line 1 asks what a sealed test row asks") as refused:
        draft.draft(quiet, trained.id, Wanted(own=f"{sealed.question} "))
    assert "sealed rows are asked anyway" in refused.value.fix


def test_what_the_model_cannot_read_is_refused_before_an_opening_is_spent_on_it(quiet: Studio, trained: Run):
    for own in ("word " * 2500, json.dumps({"prompt": [{"type": "text", "text": "word " * 2500}]})):
        with pytest.raises(
            StudyError, match=r"Line 2 of your own prompts has 2,50. tokens: the model reads 2,048"
        ) as long:
            draft.draft(quiet, trained.id, Wanted(own=f"Is this short?\n{own}"))
        assert long.value.field == "own"
    told = (Opponent(Rival.PROMPT, "word " * 2030),)
    with pytest.raises(StudyError, match=r"Line 1 of .* and the instructions or examples before it 2,03"):
        draft.draft(quiet, trained.id, Wanted(opponents=told, own="word " * 20))
    with pytest.raises(
        StudyError, match=r"its best prompt is told takes 3,00. tokens and the longest prompt"
    ) as refused:
        draft.draft(quiet, trained.id, Wanted(opponents=(Opponent(Rival.PROMPT, "word " * 3000),)))
    assert refused.value.field == "instructions" and compare.studies(quiet) == []


def test_a_freezing_that_is_refused_leaves_nothing_behind(quiet: Studio, trained: Run, monkeypatch: pytest.MonkeyPatch):
    gates = ({"kind": "prompts", "set": "general"},)
    folder = quiet.workspace.study("any").parent
    with monkeypatch.context() as late:
        late.setattr(compare.draft.__globals__["openings"], "earlier", lambda _: [])  # as it was a moment ago
        compare.freeze(quiet, trained.id, Wanted(gates=gates), key="first")
        with pytest.raises(StudyError, match="frozen a moment ago"):
            compare.freeze(quiet, trained.id, Wanted(gates=gates), key="second")
    assert len(list(folder.iterdir())) == len(compare.studies(quiet)) == 1


def test_a_run_that_was_deleted_meanwhile_is_not_compared(quiet: Studio, trained: Run):
    deleted.delete(quiet, [trained.id])
    with pytest.raises(StudyError, match="was deleted") as refused:
        compare.freeze(quiet, trained.id, Wanted(), key="study")
    assert "Bring it back" in refused.value.fix


def test_the_same_words_under_another_system_prompt_are_another_opening(quiet: Studio, trained: Run):
    first = draft.draft(quiet, trained.id, Wanted(cap=4, identical=0))
    asks = [
        replace(
            ask,
            key=f"dressed up {ask.position}",
            prompt=(
                Message("system", "Be kind."),
                *(replace(turn, content=f" {turn.content}  ") for turn in ask.prompt),
            ),
            tools="[]",
        )
        for ask in first.asks
    ]
    protocol = replace(first.protocol, prompts=tuple(Asked(ask.key) for ask in asks))
    told = {"name": "Dressed up", "run_id": trained.id, "checkpoint_step": 1, "seed": 1, "asks": asks, "spec": {}}
    link = compare.new_link("study-1", LinkKind.INVITATION, "")
    studies.add(quiet.store, id="study-1", protocol=protocol, invitation=link, key="dressed up", **told)
    again = draft.draft(quiet, trained.id, Wanted(cap=4, identical=0))
    assert again.protocol.opening == 2 and again.unasked == again.sealed - 4
    assert draft.draft(quiet, trained.id, Wanted(cap=4, identical=0, unasked=True)).protocol.opening == 1
    late = compare.new_link("study-2", LinkKind.INVITATION, "")
    with pytest.raises(StudyError, match="frozen a moment ago"):
        studies.add(
            quiet.store, id="study-2", protocol=first.protocol, invitation=late, key="late", counted=(),
            words=openings.words, **told | {"asks": first.asks},
        )  # fmt: skip


def test_what_an_earlier_stage_of_the_training_learned_is_no_sealed_prompt(
    quiet: Studio, trained: Run, monkeypatch: pytest.MonkeyPatch
):
    known, sealed = asking.used, asking.sealed_asks(quiet, trained.id)
    earlier = replace(trained, id="run-earlier")

    def learned(numbers: tuple[int, ...]) -> draft.Draft:
        asking._sealed_asks.cache_clear()
        seen = replace(known(quiet, trained), train=numbers, validation=())
        monkeypatch.setattr(asking, "used", lambda studio, run: seen if run is earlier else known(studio, run))
        return draft.draft(quiet, trained.id, Wanted())

    monkeypatch.setattr(asking, "stages", lambda *_: iter([trained, earlier]))
    made = learned(tuple(ask.row_number for ask in sealed[:2] if ask.row_number is not None))
    assert [ask.key for ask in asking.sealed_asks(quiet, trained.id)] == [ask.key for ask in sealed[2:]]
    assert made.sealed == len(sealed) - 2 and made.warnings[-1].startswith("2 test rows are not asked")
    with pytest.raises(StudyError, match="Every test row was learned by a run"):
        learned(known(quiet, trained).test)
    asking._sealed_asks.cache_clear()


def test_an_example_that_training_never_saw_is_refused(quiet: Studio, trained: Run):
    test = asking.used(quiet, trained).test
    with pytest.raises(StudyError, match="no training row") as refused:
        shots.shots(quiet, trained.id, test[:1])
    assert refused.value.field == "examples"
    with pytest.raises(StudyError, match="no training row"):
        opponent = Opponent(Rival.FEW_SHOT, examples=("0" * 32,))
        compare.create(quiet, trained.id, opponents=[opponent], key="study")
    assert compare.studies(quiet) == []


def test_proposed_examples_differ_in_their_labels_and_fit_the_model(quiet: Studio, trained: Run):
    chosen = shots.proposed(quiet, trained.id)
    assert len({shot.row.answer.splitlines()[0] for shot in chosen}) == len(chosen) == shots.SHOTS
    room = shots.budget(quiet, trained.id, chosen, answer=160)
    assert room.fits and room.shots == sum(shot.tokens for shot in chosen)
    assert shots.at_lines(quiet, trained.id, [chosen[0].row.line]) == (chosen[0].row.number,)


def test_several_checkpoints_are_several_studies_and_each_raises_the_bar(quiet: Studio, trained: Run):
    steps = [each.step for each in train.checkpoints(quiet, trained.id)]
    made = compare.freeze_each(quiet, trained.id, Wanted(), steps=steps, key="study")
    assert [study.checkpoint_step for study in made] == steps and len(steps) > 1
    assert [study.protocol.opening for study in made] == list(range(1, len(steps) + 1))


def test_several_checkpoints_are_asked_the_same_prompts_that_nobody_asked_before(quiet: Studio, trained: Run):
    compare.freeze(quiet, trained.id, Wanted(cap=4, identical=0), key="first")
    steps, wanted = [each.step for each in train.checkpoints(quiet, trained.id)], Wanted(identical=0, unasked=True)
    made = compare.freeze_each(quiet, trained.id, wanted, steps=steps, key="study")
    assert len(steps) > 1 and len({study.protocol.prompts for study in made}) == 1
    assert [study.protocol.opening for study in made] == list(range(1, len(steps) + 1))
    assert compare.freeze_each(quiet, trained.id, wanted, steps=steps, key="study") == made, "a second press"


def test_prompts_that_nobody_asked_before_begin_anew(quiet: Studio, trained: Run):
    compare.freeze(quiet, trained.id, Wanted(cap=4, identical=0), key="first")
    assert draft.draft(quiet, trained.id, Wanted(cap=4, identical=0)).protocol.opening == 2
    fresh = draft.draft(quiet, trained.id, Wanted(cap=4, identical=0, unasked=True))
    assert fresh.protocol.opening == 1 and fresh.unasked == fresh.sealed - 4


def test_a_prompt_is_tried_on_validation_rows_alone_and_every_try_is_kept(quiet: Studio, trained: Run):
    first = prompting.start(quiet, trained.id, " Be brief. ", rows=3)
    assert prompting.start(quiet, trained.id, "Be brief.", rows=3).id == first.id, "the same try once more"
    spec = jobs.spec(quiet.store, first.id)
    assert set(spec["rows"]) <= set(asking.used(quiet, trained).validation) and len(spec["rows"]) == 3
    lines = [json.loads(line) for line in Path(spec["asks"]).read_bytes().splitlines()]
    assert {line["set"] for line in lines} == {prompting.SET} and not any(line["tuned"] for line in lines)
    told = [line | {"text": says(line), "identity": {}} for line in lines]
    Path(spec["out"]).write_text("".join(json.dumps(line) + "\n" for line in told) + '{"torn')
    prompting.start(quiet, trained.id, "Answer as you like.", rows=3)
    tried = prompting.tries(quiet, trained.id)
    assert [(each.number, each.instructions) for each in tried] == [(1, "Be brief."), (2, "Answer as you like.")]
    assert (tried[0].equal, tried[0].fitting, tried[0].fitting_alone, len(tried[0].rows)) == (3, 3, 0, 3)
    assert prompting.best(tried) == tried[0] and not tried[1].is_whole


def says(ask: dict) -> str:
    return ask["reference"][0]["content"] if ask["contestant"] == Rival.PROMPT else "I do not know."


def test_the_proposed_prompt_says_what_the_rows_say(quiet: Studio, trained: Run):
    told = prompting.proposal(quiet, trained.id)
    assert told.startswith("Answer with exactly 3 lines, in this order, and nothing else:\ncategory: one of account,")
    with pytest.raises(StudyError, match="empty"):
        prompting.start(quiet, trained.id, "  ")
