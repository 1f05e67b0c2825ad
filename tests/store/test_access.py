"""Who may do what is kept so that nobody who reads the database can use it, and the log only grows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from studio.domain.access import Mode, Person, Right, Role, SignIn, Visitor
from studio.domain.errors import AccessError
from studio.store import access_tables, audit, people, sign_ins, tries
from studio.store.acting import acting, by_itself
from studio.store.database import Store
from studio.store.ids import new_id
from tests.store.examples import NOON


def person(name: str, role: Role = Role.OWNER, mode: Mode = Mode.PASSWORD) -> Person:
    return Person(new_id("person"), name, role, mode, name.casefold(), NOON)


def test_nobody_is_there_twice_and_whoever_was_removed_may_come_back(store: Store):
    ann, bo = (people.add(store, person(name)) for name in ("Ann", "Bo"))
    with pytest.raises(AccessError, match="Ann is here already"):
        people.add(store, person("Ann"))
    people.add(store, person("Ann", mode=Mode.PROXY))
    with store.write() as connection:
        people.remove(connection, ann, at=NOON)
    assert people.of_subject(store, Mode.PASSWORD, "ann") is None
    again = people.add(store, person("Ann"), "hash")
    assert people.of_subject(store, Mode.PASSWORD, "ann") == (again, "hash")
    assert people.all(store, Mode.PASSWORD) == sorted([bo, again], key=lambda each: each.id)
    assert people.get(store, ann.id).removed_at == NOON and people.get(store, ann.id).rights == frozenset()


def test_a_browser_and_whose_it_is_are_found_at_once(store: Store):
    ann = people.add(store, person("Ann"))
    with store.write() as connection:
        made = sign_ins.add(connection, SignIn(new_id("signin"), ann.id, NOON, NOON, None, "here", "a browser"), "hash")
        people.add(connection, person("Bo"))
    assert people.signed_in(store, "hash") == (made, ann) and people.signed_in(store, "another") is None


def test_the_last_owner_stays(store: Store):
    ann, bo = people.add(store, person("Ann")), people.add(store, person("Bo", Role.EDITOR))
    people.add(store, person("Of another way in", mode=Mode.PROXY))
    for act in (
        lambda connection: people.remove(connection, ann, at=NOON),
        lambda connection: people.set_role(connection, ann, Role.EDITOR),
    ):
        with pytest.raises(AccessError, match="Nobody would be left"), store.write() as connection:
            act(connection)
    with store.write() as connection:
        people.set_role(connection, bo, Role.OWNER)
        people.set_role(connection, ann, Role.VIEWER)
    assert people.get(store, ann.id).rights == {Right.LOOK}


def test_the_last_owner_stays_also_for_whom_they_were_something_else_a_moment_ago(store: Store):
    ann, bo = people.add(store, person("Ann")), people.add(store, person("Bo", Role.EDITOR))
    with store.write() as connection:
        people.set_role(connection, bo, Role.OWNER)
        people.set_role(connection, ann, Role.VIEWER)
    with pytest.raises(AccessError, match="Nobody would be left"), store.write() as connection:
        people.remove(connection, bo, at=NOON)  # begun when Bo was an editor
    assert people.get(store, bo.id).role is Role.OWNER and people.get(store, bo.id).removed_at is None


def test_of_two_owners_who_take_the_role_from_each_other_at_once_one_stays(store: Store):
    ann, bo = people.add(store, person("Ann")), people.add(store, person("Bo"))
    together = threading.Barrier(2)

    def demote(whom: Person) -> bool:
        together.wait()
        try:
            with store.write() as connection:
                people.set_role(connection, whom, Role.VIEWER)
        except AccessError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, (ann, bo))) == [False, True]
    assert [each.role for each in people.all(store, Mode.PASSWORD)].count(Role.OWNER) == 1


def test_whoever_may_only_look_writes_nothing_whatever_they_press(store: Store):
    viewer, editor = (Visitor("Vi", frozenset(rights)) for rights in ([Right.LOOK], [Right.LOOK, Right.CHANGE]))
    with acting(viewer):
        with pytest.raises(AccessError, match="not change it"):
            people.add(store, person("Ann"))
        with store.read() as connection:
            assert connection.execute(select(access_tables.people)).all() == []
        with by_itself():
            audit.write(store, who="Vi", act="looked")
    with acting(editor, writing=Right.MANAGE), pytest.raises(AccessError):
        people.add(store, person("Ann"))
    with acting(editor):
        people.add(store, person("Ann"))


def test_tries_are_counted_for_a_minute_each_for_itself(store: Store):
    counts = [tries.tried(store, "account ann", "address 1", at=NOON + timedelta(seconds=10 * n)) for n in range(3)]
    assert counts == [[1, 1], [2, 2], [3, 3]]
    assert tries.tried(store, "account bo", "address 1", at=NOON + timedelta(seconds=30)) == [1, 4]
    assert tries.tried(store, "account ann", at=NOON + timedelta(seconds=75)) == [2]
    tries.forgive(store, "account ann")
    assert tries.tried(store, "account ann", at=NOON + timedelta(seconds=76)) == [1]
    with store.read() as connection:
        assert "account" not in str(connection.execute(select(access_tables.tries)).all())


# The log


def test_the_log_is_whole_also_when_many_write_at_once(store: Store):
    def write(number: int) -> None:
        for _ in range(5):
            audit.write(store, who=f"person {number}", act="did", about="a\x00thing")

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [entry.number for entry in audit.every(store)] == list(range(1, 21))
    assert audit.broken(store) is None
    assert [entry.number for entry in audit.newest(store, words="PERSON 2 thing", limit=3)] == sorted(
        (entry.number for entry in audit.every(store) if entry.who == "person 2"), reverse=True
    )[:3]
    assert audit.newest(store, words="100%_") == []


@pytest.mark.parametrize("change", [
    "UPDATE audit SET who = 'somebody else' WHERE number = 2",
    "UPDATE audit SET number = 9 WHERE number = 2",
    "DELETE FROM audit WHERE number = 2",
])  # fmt: skip
def test_a_line_is_not_changed_and_where_somebody_did_all_the_same_it_is_found(store: Store, change: str):
    for act in ("came", "saw", "conquered"):
        audit.write(store, who="Julia", act=act)
    with pytest.raises(DatabaseError, match="only grows"), store.write() as connection:
        connection.execute(text(change))
    assert audit.broken(store) is None
    _without_triggers(store)
    with store.write() as connection:
        connection.execute(text(change))
    assert audit.broken(store) == 2


def test_a_line_that_was_put_in_later_is_found(store: Store):
    audit.write(store, who="Julia", act="came")
    with store.write() as connection:
        made = {"number": 2, "at": NOON, "who": "Julia", "act": "saw", "about": "", "seal": "f" * 64}
        connection.execute(access_tables.audit.insert().values(made))
    assert audit.broken(store) == 2


def _without_triggers(store: Store) -> None:
    names = ("audit_grows",) if store.engine.dialect.name == "postgresql" else ("audit_no_update", "audit_no_delete")
    on = " ON audit" if store.engine.dialect.name == "postgresql" else ""
    with store.write() as connection:
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}{on}"))
