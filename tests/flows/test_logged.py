"""Whatever changes something is in the log, whether a screen, a program or the command line did it.

The code itself is read for what changes something: each flow from which a write to the database can be reached is either
logged, or is named below with the reason why nobody decides anything by it.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from studio.domain.access import Right, Visitor
from studio.domain.errors import StudioError
from studio.flows import audit
from studio.flows.audit import logged
from studio.flows.studio import Studio, open_studio
from studio.store.acting import acting, by_itself

ROOT = Path(__file__).resolve().parents[2] / "studio"
# These write a line themselves, in the transaction of what they tell of.
BY_THEMSELVES = """
    audit.note backup.make keys.make keys.revoke people.add people.change_password people.enter people.invite people.remove
    people.renew_password people.set_role people.withdraw signing.begin signing.end signing.open_here signing.sign_in
    signing.sign_out signing.this_machine openid.could_not_check openid.sign_in openid.sign_out
"""
UNLOGGED = {
    "looks, and keeps what it worked out": """
        advise.advice browse.is_sealed browse.page card.papers choose.default_recipe choose.plan choose.presets compare.progress
        compare.studies compare.study decide.verdict inspect.look inspect.measure inspect.measure_again leakage.check_again
        leakage.look leakage.reading_lines lights.begin looking.begin looking.give_up opinion.announce opinion.opinion
        preferences.pairs report.details_page report.report_html report.report_of report.report_page report.report_pdf
        report.report_pdf_bytes report.shared_page report.told split.bin_lines split.current split.ledger sweep.planned
        topics.look topics.look_again uses.objection votes.closed votes.votes_csv votes.votes_jsonl
    """,
    "removes what somebody deleted, once its days are over": "deleted.expire",
    "is a part of what is logged": "history.replay logbook.opened train.order",
    "is a rater's, and kept with who and when": """
        judge.call judge.enter judge.named judge.next_card judge.rate judge.remaining_cards judge.suspect judge.turn judge.undo
    """,
    "is a talk, on which nothing rests": "chat.again chat.ask chat.clear chat.look chat.start chat.stop",
    "is how the studio lets in": """
        known.known_browsers people.launch people.set_up signing.by_cookie signing.by_key signing.slow_down
    """,
}


class Code:
    """The functions of the flows and of what is below them: what each calls, and which write to the database."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, str]] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        for path in [*ROOT.glob("flows/*.py"), *ROOT.glob("store/**/*.py")]:
            module = ".".join(("studio", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
            self._read(module, ast.parse(path.read_text()))

    def _read(self, module: str, tree: ast.Module) -> None:
        found = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.module]
        self.names[module] = {a.asname or a.name: f"{each.module}.{a.name}" for each in found for a in each.names}
        self.functions |= {f"{module}.{each.name}": each for each in tree.body if isinstance(each, ast.FunctionDef)}

    def calls(self, function: str) -> Iterator[str]:
        module = function.rpartition(".")[0]
        for call in ast.walk(self.functions[function]):
            if not isinstance(call, ast.Call):
                continue
            if isinstance(call.func, ast.Name):
                yield self._meant(module, call.func.id)
            elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
                yield self._meant(self.names[module].get(call.func.value.id, ""), call.func.attr)
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr == "write"
                and "store" in ast.dump(call.func.value)
            ):
                yield "a write"

    def _meant(self, module: str, name: str) -> str:
        """The whole name of a function, through the modules that pass it on."""
        here = f"{module}.{name}"
        if here in self.functions or here.startswith("studio.store.database"):
            return "a write" if here == "studio.store.database.writing" else here
        passed_on = self.names.get(module, {}).get(name, "")
        return self._meant(*passed_on.rsplit(".", 1)) if passed_on.startswith("studio.") else here

    def writing(self) -> set[str]:
        """The functions from which a write can be reached."""
        calls = {function: set(self.calls(function)) for function in self.functions}
        found, before = {"a write"}, 0
        while len(found) > before:
            before = len(found)
            found |= {function for function, called in calls.items() if called & found}
        return found


@cache
def code() -> Code:
    return Code()


@cache
def flows() -> dict[str, ast.FunctionDef]:
    """The flows that can change something: those that take the studio and that a screen may call."""
    public = [
        each
        for each in code().writing()
        if each.startswith("studio.flows.") and not each.rpartition(".")[2].startswith("_")
    ]
    found = {each.removeprefix("studio.flows."): code().functions[each] for each in public}
    return {name: each for name, each in found.items() if [a.arg for a in each.args.args][:1] == ["studio"]}


def is_logged(flow: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Call) and ast.unparse(each.func) == "logged" for each in flow.decorator_list)


def test_every_flow_that_can_change_something_is_logged_or_named_with_the_reason_why_not():
    unlogged = {name for names in UNLOGGED.values() for name in names.split()} | set(BY_THEMSELVES.split())
    found = {name for name, flow in flows().items() if not is_logged(flow)}
    assert found == unlogged, "give it @logged, or say in this file why nobody decides anything by it"
    assert sum(is_logged(flow) for flow in flows().values()) > 50


@pytest.mark.parametrize("name", BY_THEMSELVES.split())
def test_whatever_writes_its_own_line_reaches_the_log(name: str):
    reached, waiting = set[str](), [f"studio.flows.{name}"]
    while waiting:
        function = waiting.pop()
        if function in code().functions and function not in reached:
            reached.add(function)
            waiting += code().calls(function)
    assert reached & {"studio.store.audit.write", "studio.flows.audit.note"}


# What a line says


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    opened = open_studio(tmp_path_factory.mktemp("logged") / "workspace")
    yield opened
    opened.store.close()


@logged("brought back")
def inner(studio: Studio, run_id: str) -> None:
    pass


@logged("deleted runs")
def outer(studio: Studio, run_ids: list[str], *, note: str = "", fails: bool = False) -> None:
    if fails:
        raise StudioError("No.")
    for run_id in run_ids:
        inner(studio, run_id)


def lines(studio: Studio) -> list[tuple[str, str, str]]:
    return [(each.who, each.act, each.about) for each in audit.newest(studio)]


def test_a_line_says_who_did_what_to_what_and_nothing_that_somebody_wrote(studio: Studio):
    who = Visitor("Ed", frozenset({Right.LOOK, Right.CHANGE}))
    with acting(who):
        outer(studio, ["run-aaaa1111", "run-bbbb2222"], note="my secret is run-over")
    outer(studio, ["run-cccc3333"])
    assert lines(studio)[:2] == [
        ("the command line", "deleted runs", "run-cccc3333"), ("Ed", "deleted runs", "run-aaaa1111 run-bbbb2222"),
    ]  # fmt: skip
    assert audit.broken(studio) is None


def test_what_was_refused_and_what_the_studio_does_by_itself_leaves_no_line(studio: Studio):
    before = lines(studio)
    with pytest.raises(StudioError):
        outer(studio, [], fails=True)
    with by_itself():
        outer(studio, ["run-aaaa1111"])
    assert lines(studio) == before
    inner(studio, "run-dddd4444")
    assert lines(studio)[0] == ("the command line", "brought back", "run-dddd4444")
