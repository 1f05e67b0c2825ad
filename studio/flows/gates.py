"""Gates: propose them, check them, freeze them with a study, and say what the worker has to bring for them."""

import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.data.atomic import replacing
from studio.data.rows import load_rows
from studio.domain.contest import composed
from studio.domain.errors import SetupError, StudioError, StudyError
from studio.domain.gate import (
    ExactMatch,
    Gate,
    Labels,
    Length,
    Overlap,
    Pattern,
    PromptSet,
    SqlResult,
    Tasks,
    ValidJson,
    read_gate,
    read_gates,
)
from studio.domain.gate_names import name_of
from studio.domain.gate_result import Answered, Mark
from studio.domain.intact import sha256_of
from studio.domain.protocol import Protocol, Rival
from studio.domain.query import QueryResult
from studio.domain.row import records_of
from studio.domain.split import Bin
from studio.domain.study import STUDY, TUNED, Ask, Study
from studio.flows import train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.sandbox import queries as sandbox
from studio.store import splits
from studio.store.ids import new_id
from studio.verdict.gates.judging import Material, Need, check_gate, judge_gate, needs
from studio.verdict.gates.lights import FEWEST
from studio.verdict.gates.paired import least_margin
from studio.verdict.gates.proposing import Proposal, propose
from studio.verdict.gates.shipped import ShippedPrompt, load_prompts

MOST_READ = 2000  # reference answers, evenly spread; more of them propose the same
MOST_TIMED = 20  # prompts; each is answered once more by both sides, one at a time
MOST_GATES = 30
SETS: tuple[Need, ...] = ("general", "adversarial")
HARNESS = "lm_eval"
NO_HARNESS = "lm-evaluation-harness is not installed here."
HARNESS_FIX = "Install it with pip install 'lm_eval[hf]', or leave its tasks out."


def proposed(studio: Studio, run_id: str, *, prompts: int | None = None) -> tuple[Proposal, ...]:
    """Gates that suit the answers of a run's training and validation rows; its sealed rows stay unlooked-at.

    Margins are such that so many `prompts` can show them.
    """
    return propose([answer for _, answer in examples(studio, run_id, count=MOST_READ)], prompts=prompts)


def is_on_at_first(proposal: Proposal, model_id: str) -> bool:
    """Whether a proposed gate is part of a study unless somebody switches it off.

    The starter was never taught to refuse anything, nor much else that the shipped prompts ask.
    """
    return not proposal.needs and not (model_id == STARTER and isinstance(proposal.gate, PromptSet))


def examples(studio: Studio, run_id: str, *, count: int = 3) -> list[tuple[str, str]]:
    """Questions with reference answers of training and validation rows, evenly spread, to try a gate on."""
    run = train.run(studio, run_id)
    dealt = splits.get(studio.store, run.split_id)
    numbers = sorted((*dealt.rows(Bin.TRAIN), *dealt.rows(Bin.VALIDATION)))
    data = load_rows(studio.workspace.dataset(run.dataset_id))
    spread = [numbers[place * len(numbers) // min(count, len(numbers))] for place in range(min(count, len(numbers)))]
    return [(row.question, row.answer) for row in data.only(spread) if not row.is_text]


def tried(studio: Studio, run_id: str, gate: Gate) -> list[tuple[str, str, Mark]]:
    """What a gate says of three reference answers: question, answer and mark; nothing where it reads no answers."""
    if needs(gate)[0] != "answers" or isinstance(gate, Overlap):
        return []
    shown = examples(studio, run_id)
    asked = [Answered(str(place), answer, answer, answer) for place, (_, answer) in enumerate(shown)]
    found = judge_gate(gate, Material(answers=asked, ask=_ask_now))
    marks = {pair.prompt_id: pair.tuned for pair in found.pairs}
    marks |= {each.prompt_id: Mark(0.0, "cannot be judged", each.why) for each in found.unjudged}
    return [(question, answer, marks[str(place)]) for place, (question, answer) in enumerate(shown)]


def _ask_now(gate: SqlResult, queries: Sequence[str]) -> list[list[QueryResult]]:
    """Run queries on the files as they lie, before any of them is frozen."""
    places = [Path(name) for name in gate.databases]
    return sandbox.ask(places, queries, seconds=gate.seconds, most_rows=gate.most_rows)


def warnings(gates: Sequence[Gate], prompts: int) -> list[str]:
    """What these gates cannot show on so many prompts, whatever the model does; only of gates that are needed."""
    small = [
        f"{name_of(gate)} allows {100 * gate.margin:g} of 100 to get worse, and {prompts:,} prompts without any change "
        f"show no less than {100 * least_margin(prompts):g}: it can only be green where the model got better. "
        "More prompts mend that."
        for gate in gates
        if isinstance(gate, ExactMatch | Labels | ValidJson | Pattern | SqlResult | Length)
        and gate.is_required
        and prompts >= FEWEST
        and gate.margin < least_margin(prompts)
    ]
    few = [
        f"{name_of(gate)} needs at least {FEWEST} prompts to show that it holds."
        for gate in gates
        if not isinstance(gate, PromptSet | Tasks) and gate.is_required and prompts < FEWEST
    ]
    return small + few


def has_harness() -> bool:
    """Whether tasks of lm-evaluation-harness can be run here."""
    return importlib.util.find_spec(HARNESS) is not None


def checked(values: Sequence[Mapping[str, Any]]) -> tuple[Gate, ...]:
    """The gates that these values mean; StudyError or SetupError at the first wrong field, such as “2.pattern”."""
    gates = read_gates(values)
    if len(gates) > MOST_GATES:
        raise StudyError(f"Nobody reads more than {MOST_GATES} gates.", fix="Leave some out.", field="gates")
    tasks = [place for place, gate in enumerate(gates) if isinstance(gate, Tasks)]
    if len(tasks) > 1:
        raise StudyError(
            "Two gates have tasks of their own.", fix="Name all tasks in one of them.", field=f"{tasks[1]}.tasks"
        )
    for place, gate in enumerate(gates):
        try:
            _check(gate)
        except StudioError as error:
            field = f"{place}.{error.field or 'kind'}"
            raise type(error)(error.message, fix=error.fix, field=field) from error
    return gates


def checked_one(values: Mapping[str, Any]) -> Gate:
    """The same for one gate; the field of an error is that of the gate."""
    gate = read_gate(values)
    _check(gate)
    return gate


def _check(gate: Gate) -> None:
    check_gate(gate)
    if isinstance(gate, Tasks) and not has_harness():
        raise SetupError(NO_HARNESS, fix=HARNESS_FIX, field="tasks")
    for name in gate.databases if isinstance(gate, SqlResult) else ():
        sandbox.tables(Path(name))


def frozen(values: Sequence[Mapping[str, Any]], folder: Path) -> tuple[dict[str, Any], ...]:
    """The gates as a protocol keeps them: every choice written out, and databases as copies in the study's folder.

    What is asked later are those copies, by their fingerprints, which are part of the protocol.
    """
    return tuple(_frozen(gate, folder / "databases").model_dump(mode="json") for gate in checked(values))


def _frozen(gate: Gate, folder: Path) -> Gate:
    if not isinstance(gate, SqlResult):
        return gate
    names, prints = zip(*(_kept(Path(name), folder) for name in gate.databases), strict=True)
    return gate.model_copy(update={"databases": names, "sha256": prints})


def _kept(source: Path, folder: Path) -> tuple[str, str]:
    """The name and the SHA-256 of a copy that nobody writes to."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / new_id("copy")
    sandbox.take_copy(source, draft)
    sha256 = sha256_of(draft)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", source.stem).strip("-")[:40] or "database"
    kept = folder / f"{plain}-{sha256[:8]}.sqlite"
    draft.chmod(0o400)
    draft.replace(kept)
    return kept.name, sha256


def extra_asks(studio: Studio, protocol: Protocol, asks: Sequence[Ask]) -> Iterator[dict[str, Any]]:
    """What has to be asked for the gates beside what people compare: lines of asks.jsonl.

    The base's answers to the study's own prompts, where no opponent gives them, and both answers to shipped prompts.
    """
    wanted = _wanted(protocol)
    if wanted - {*SETS, "tasks"} and Rival.BASE not in {opponent.rival for opponent in protocol.opponents}:
        for ask in asks:
            yield _line(STUDY, ask.key, Rival.BASE.value, records_of(composed(ask.prompt)), tools=ask.tools)
    for name in SETS:
        for prompt in load_prompts(studio.assets / "prompts", name) if name in wanted else ():
            for contestant in (TUNED, Rival.BASE.value):
                yield _line(name, prompt.id, contestant, [{"role": "user", "content": prompt.prompt}])


def _line(set: str, key: str, contestant: str, messages: list[dict[str, Any]], *, tools: str = "") -> dict[str, Any]:
    return {
        "key": key,
        "set": set,
        "contestant": contestant,
        "tuned": contestant == TUNED,
        "messages": messages,
        "tools": tools,
        "reference": None,
    }


def measure_of(protocol: Protocol, asks: Sequence[Ask], folder: Path) -> dict[str, Any] | None:
    """What the worker has to measure for the gates; None where none of them needs it."""
    timed, scored = to_time(protocol, asks), to_score(protocol, asks)
    tasks = next((gate for gate in read_gates(protocol.gates) if isinstance(gate, Tasks)), None)
    if not (timed or scored or tasks):
        return None
    return {
        "timings": timed,
        "losses": scored,
        "tasks": list(tasks.tasks) if tasks else [],
        "limit": tasks.limit if tasks else None,
        "out": str(folder / "measured.jsonl"),
    }


def to_time(protocol: Protocol, asks: Sequence[Ask]) -> list[str]:
    """The prompts on which both sides are timed; their order was drawn."""
    return [ask.key for ask in asks][:MOST_TIMED] if "timings" in _wanted(protocol) else []


def to_score(protocol: Protocol, asks: Sequence[Ask]) -> list[str]:
    """The prompts whose reference answers both sides have to foresee."""
    return [ask.key for ask in asks if ask.row_number is not None] if "losses" in _wanted(protocol) else []


def _wanted(protocol: Protocol) -> set[Need]:
    return {need for gate in read_gates(protocol.gates) for need in needs(gate)}


def shipped_prints(studio: Studio, gates: Sequence[Gate]) -> tuple[tuple[str, str], ...]:
    """The shipped sets that these gates ask, each with the SHA-256 of its file."""
    return tuple((name, sha256_of(studio.assets / "prompts" / f"{name}.jsonl")) for name in shipped_sets(gates))


def keep_shipped(studio: Studio, protocol: Protocol, folder: Path) -> None:
    """Copy the shipped sets of a study into its folder: it is judged by them, also after the studio has others."""
    for name, _ in protocol.shipped:
        with replacing(folder / "prompts" / f"{name}.jsonl") as file:
            file.write((studio.assets / "prompts" / f"{name}.jsonl").read_bytes())


def shipped_folder(studio: Studio, study_id: str) -> Path:
    """Where the shipped sets of a study lie; those of earlier versions were not copied."""
    kept = studio.workspace.study(study_id) / "prompts"
    return kept if kept.is_dir() else studio.assets / "prompts"


def shipped_prompts(studio: Studio, study: Study, name: str) -> tuple[ShippedPrompt, ...]:
    """A shipped set as it was frozen with a study; none where its file is no longer that one."""
    folder, sha256 = shipped_folder(studio, study.id), dict(study.protocol.shipped).get(name)
    path = folder / f"{name}.jsonl"
    return load_prompts(folder, name) if path.is_file() and sha256 in (None, sha256_of(path)) else ()


def shipped_sets(gates: Sequence[Gate]) -> list[str]:
    """The shipped sets that these gates ask."""
    return sorted({gate.set for gate in gates if isinstance(gate, PromptSet)})
