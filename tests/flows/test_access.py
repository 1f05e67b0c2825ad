"""Whoever signs in is who they say, for as long as that holds; what is kept of a secret can be used by nobody."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from studio.domain.access import DoorKind, Mode, Person, Right, Role, Scope
from studio.domain.errors import AccessError
from studio.flows import audit, keys, passwords, people, signing, tokens
from studio.flows.studio import Studio, open_studio
from studio.store import access_tables

GOOD = "seven quiet lanterns"
HERE = "127.0.0.1"
REAL = passwords._hasher


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspaces")
    yield opened
    opened.store.close()


@pytest.fixture
def ann(studio: Studio) -> Person:
    return people.add(studio, "Ann", Role.OWNER, mode=Mode.PASSWORD, password=GOOD)


def test_a_password_is_kept_by_argon2id_with_64_mb_of_work():
    kept = REAL().hash(GOOD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and GOOD not in kept


@pytest.mark.parametrize(
    "bad", ["short", "a" * 300, "password12", "qwertyuiop", "annabel2026", "assaystudio", "1234567890"]
)
def test_a_password_that_is_tried_first_is_refused_with_a_way_out(bad: str):
    with pytest.raises(AccessError) as refused:
        passwords.check(bad, "Annabel")
    assert refused.value.fix and refused.value.field == "password"


@pytest.mark.parametrize("name", ["Ann", " aNN ", "ａｎｎ"])
def test_a_name_is_known_however_it_is_written(studio: Studio, ann: Person, name: str):
    person, token = signing.sign_in(studio, name, GOOD, address=HERE)
    visitor = signing.by_cookie(studio, token, Mode.PASSWORD)
    assert person == ann and visitor and visitor.person == ann and visitor.rights == frozenset(Right)


def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_cost_alike(studio: Studio, ann: Person, monkeypatch):
    asked: list[str] = []
    verify = passwords._hasher().verify_and_update
    monkeypatch.setattr(passwords._hasher(), "verify_and_update", lambda *args: asked.append(args[1]) or verify(*args))
    said = []
    for name in ("Ann", "Nobody"):
        with pytest.raises(AccessError) as refused:
            signing.sign_in(studio, name, "not this one", address=HERE)
        said.append(refused.value.sentence)
    assert said[0] == said[1] and len(asked) == 2 and all(each.startswith("$argon2id$") for each in asked)


def test_after_five_tries_an_account_rests_and_a_restart_forgives_none_of_them(studio: Studio, ann: Person):
    for number in range(5):
        with pytest.raises(AccessError, match="do not belong"):
            signing.sign_in(studio, "ann", "wrong", address=f"10.0.0.{number}")
    again = open_studio(studio.workspace.root)
    with pytest.raises(signing.TooManyTries, match="Too many tries"):
        signing.sign_in(again, "Ann", GOOD, address="10.0.0.9")
    again.store.close()


def test_fifty_tries_from_one_address_are_stopped_at_twenty(studio: Studio):
    ends = []
    for number in range(25):
        with pytest.raises(AccessError) as refused:
            signing.sign_in(studio, f"name {number}", "wrong", address=HERE)
        ends.append(type(refused.value) is signing.TooManyTries)
    assert ends == [False] * 20 + [True] * 5


# Sign-ins


def test_a_sign_in_ends_when_it_is_ended_or_lay_idle_or_grew_old(studio: Studio, ann: Person):
    token = signing.begin(studio, ann, address=HERE)
    for field, ago, holds in (
        ("seen_at", timedelta(hours=11), True),
        ("seen_at", timedelta(hours=13), False),
        ("began_at", timedelta(days=6), True),
        ("began_at", timedelta(days=8), False),
    ):
        _set(studio, began_at=datetime.now(UTC), seen_at=datetime.now(UTC))
        _set(studio, **{field: datetime.now(UTC) - ago})
        if field == "began_at":
            _set(studio, seen_at=datetime.now(UTC))
        assert (signing.by_cookie(studio, token, Mode.PASSWORD) is not None) is holds, (field, ago)
    _set(studio, began_at=datetime.now(UTC), seen_at=datetime.now(UTC))
    ((listed, who),) = signing.signed_in(studio, Mode.PASSWORD)
    assert who == ann
    signing.end(studio, listed.id)
    assert signing.by_cookie(studio, token, Mode.PASSWORD) is None and signing.signed_in(studio, Mode.PASSWORD) == []


def test_a_role_that_changes_holds_from_the_next_request_and_removal_ends_all(studio: Studio, ann: Person):
    bo = people.add(studio, "Bo", Role.EDITOR, mode=Mode.PASSWORD, password=GOOD)
    token, (_, key) = signing.begin(studio, bo, address=HERE), keys.make(studio, bo, "nightly", Scope.CHANGE)
    people.set_role(studio, bo.id, Role.VIEWER)
    for visitor in (signing.by_cookie(studio, token, Mode.PASSWORD), signing.by_key(studio, key, Mode.PASSWORD)):
        assert visitor is not None and visitor.rights == {Right.LOOK}
    people.remove(studio, bo.id)
    assert signing.by_cookie(studio, token, Mode.PASSWORD) is None
    assert signing.by_key(studio, key, Mode.PASSWORD) is None
    with pytest.raises(AccessError, match="do not belong"):
        signing.sign_in(studio, "Bo", GOOD, address=HERE)


def test_what_lets_in_on_this_machine_lets_nobody_in_elsewhere(studio: Studio, ann: Person):
    local = signing.open_here(studio, people.launch(studio), address=HERE)
    assert signing.by_cookie(studio, local, Mode.LOCAL) is not None
    assert signing.by_cookie(studio, local, Mode.PASSWORD) is None
    assert signing.by_cookie(studio, signing.begin(studio, ann, address=HERE), Mode.LOCAL) is None


def test_a_stolen_database_lets_nobody_in(studio: Studio, ann: Person):
    secrets = [signing.begin(studio, ann, address=HERE), keys.make(studio, ann, "nightly", Scope.LOOK)[1]]
    secrets += [people.invite(studio, Role.EDITOR)[1], people.launch(studio), GOOD]
    content = studio.workspace.database.read_bytes()
    assert not [secret for secret in secrets if secret.encode() in content]
    with studio.store.read() as connection:
        hashes = [
            connection.execute(select(table.c.secret)).scalars().all()
            for table in (access_tables.sign_ins, access_tables.keys)
        ]
    for kept in (hash for found in hashes for hash in found):
        assert signing.by_cookie(studio, kept, Mode.PASSWORD) is None
        assert signing.by_key(studio, kept, Mode.PASSWORD) is None


# Addresses that work once


def test_an_address_of_the_launch_works_once_and_a_new_one_ends_the_old(studio: Studio):
    old, new = people.launch(studio), people.launch(studio)
    for token in (old, "nonsense"):
        with pytest.raises(AccessError, match="leads nowhere"):
            signing.open_here(studio, token, address=HERE)
    signing.open_here(studio, new, address=HERE)
    with pytest.raises(AccessError, match="has been used"):
        signing.open_here(studio, new, address=HERE)


def test_an_invitation_brings_one_person_in_with_its_role_even_when_two_follow_it_at_once(studio: Studio, ann: Person):
    door, token = people.invite(studio, Role.RATER, "for the tasting panel")
    assert people.invited(studio) == [door]
    with pytest.raises(AccessError):
        people.enter(studio, token, "Bo", "password12")
    came: list[str] = []

    def follow(name: str) -> None:
        try:
            came.append(people.enter(studio, token, name, GOOD).name)
        except AccessError as error:
            assert "used" in error.message

    both = [threading.Thread(target=follow, args=[name]) for name in ("Bo", "Cy")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(came) == 1 and people.invited(studio) == []
    assert people.named(studio, came[0], Mode.PASSWORD).role is Role.RATER


def test_an_invitation_that_was_taken_back_or_is_too_old_lets_nobody_in(studio: Studio, ann: Person):
    door, taken = people.invite(studio, Role.VIEWER)
    people.withdraw(studio, door.id)
    _, old = people.invite(studio, Role.VIEWER)
    with studio.store.write() as connection:
        past = {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
        connection.execute(
            update(access_tables.doors).where(access_tables.doors.c.secret == tokens.kept(old)).values(past)
        )
    for token in (taken, old):
        with pytest.raises(AccessError, match="leads nowhere"):
            people.enter(studio, token, "Bo", GOOD)


def test_the_first_owner_comes_in_by_the_address_of_the_set_up_and_nobody_after(studio: Studio):
    token = people.set_up(studio)
    assert token and people.enter(studio, token, "Ann", GOOD).role is Role.OWNER
    assert people.set_up(studio) is None


def test_a_new_password_ends_every_sign_in(studio: Studio, ann: Person):
    before = signing.begin(studio, ann, address=HERE)
    _, token = people.renew_password(studio, ann.id)
    assert people.door(studio, token, DoorKind.PASSWORD).person_id == ann.id
    people.enter(studio, token, "", "nine brisk umbrellas")
    assert signing.by_cookie(studio, before, Mode.PASSWORD) is None
    with pytest.raises(AccessError, match="old password"):
        people.change_password(studio, ann, GOOD, "six pale mountains")
    people.change_password(studio, ann, "nine brisk umbrellas", "six pale mountains")
    signing.sign_in(studio, "Ann", "six pale mountains", address=HERE)


# Keys


def test_a_key_may_no_more_than_its_scope_and_ends_when_it_is_due_or_taken_back(studio: Studio, ann: Person):
    key, text = keys.make(studio, ann, "dashboard", Scope.LOOK)
    assert text.startswith(f"stu_{key.id.removeprefix('key-')}_") and (key.expires_at - key.created_at).days == 90
    visitor = signing.by_key(studio, text, Mode.PASSWORD)
    assert visitor is not None and visitor.rights == {Right.LOOK} and visitor.name == "Ann (key dashboard)"
    assert keys.every(studio)[0].used_at is not None
    _set(studio, access_tables.keys, expires_at=datetime.now(UTC))
    assert signing.by_key(studio, text, Mode.PASSWORD) is None
    _, other = keys.make(studio, ann, "nightly", Scope.CHANGE, days=365)
    keys.revoke(studio, keys.every(studio)[1].id)
    assert signing.by_key(studio, other, Mode.PASSWORD) is None


def test_a_key_of_a_letter_less_or_too_long_or_too_strong_is_none(studio: Studio, ann: Person):
    _, text = keys.make(studio, ann, "nightly", Scope.CHANGE)
    assert tokens.is_key(text) and not tokens.is_key(text[:-1]) and not tokens.is_key(text[:-1] + "!")
    for days in (0, 366):
        with pytest.raises(AccessError, match="1 to 365 days"):
            keys.make(studio, ann, "nightly", Scope.LOOK, days=days)
    viewer = people.add(studio, "Vi", Role.VIEWER, mode=Mode.PROXY)
    with pytest.raises(AccessError, match="may do less"):
        keys.make(studio, viewer, "nightly", Scope.CHANGE)


# The log


def test_the_log_tells_who_did_what_and_a_spreadsheet_runs_nothing_of_it(studio: Studio, ann: Person):
    signing.sign_in(studio, "Ann", GOOD, address=HERE)
    people.add(studio, "=HYPERLINK(1)", Role.VIEWER, mode=Mode.PASSWORD, password=GOOD)
    with pytest.raises(AccessError):
        signing.sign_in(studio, "Ann", "wrong", address=HERE)
    with pytest.raises(AccessError):  # the password in the box for the name
        signing.sign_in(studio, GOOD, "", address=HERE)
    acts = [(entry.who, entry.act) for entry in reversed(audit.newest(studio))]
    assert acts == [
        ("the command line", "added as owner"), ("Ann", "signed in"), ("the command line", "added as viewer"),
        ("Ann", "was refused a sign-in"), (signing.NOBODY, "was refused a sign-in"),
    ]  # fmt: skip
    table = b"".join(audit.as_csv(studio)).decode()
    assert "'=HYPERLINK(1)" in table and audit.broken(studio) is None and GOOD.casefold() not in table.casefold()


def _set(studio: Studio, table=access_tables.sign_ins, **values: datetime) -> None:
    with studio.store.write() as connection:
        connection.execute(update(table).values(**values))
