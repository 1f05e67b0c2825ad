"""People, keys and the log from the command line: what the screen does, without a browser."""

import pytest

from studio.flows import audit
from studio.flows.studio import open_studio
from tests.command_line import Answer, CommandLine

GOOD = "seven quiet lanterns"


def add(studio: CommandLine, name: str, password: str) -> Answer:
    return studio("people", "add", name, "--password-stdin", "--json", typed=f"{password}\n")


def test_the_first_owner_is_added_and_stays(empty: CommandLine):
    made = add(empty, "Ann", GOOD).values
    assert (made["name"], made["role"], made["access"]) == ("Ann", "owner", "password")
    assert empty("people").words == "owner   Ann\n"
    invited = empty.json("people", "invite", "editor", "--label", "for Bo")
    assert invited["address"].startswith("/welcome/") and invited["role"] == "editor"
    assert empty.json("people", "password", "ann")["address"].startswith("/welcome/")
    for refused in (("people", "remove", "Ann"), ("people", "role", "Ann", "viewer"), ("people", "remove", "Bo")):
        answer = empty(*refused, "--json")
        assert (answer.status, answer.values["error"]["code"]) == (1, "access")
    add(empty, "Bo", GOOD)
    assert empty.json("people", "role", "Ann", "viewer")["role"] == "viewer"
    empty.json("people", "remove", "ann")
    assert [each["name"] for each in empty.json("people")] == ["Bo"]


@pytest.mark.parametrize("password", ["password12", "", "short"])
def test_a_weak_password_is_refused_in_a_sentence_and_nobody_is_added(empty: CommandLine, password: str):
    answer = add(empty, "Ann", password)
    assert answer.status == 1 and answer.values["error"]["fix"]
    assert empty.json("people") == []


def test_a_key_is_printed_once_and_the_log_tells_of_it_and_is_whole(empty: CommandLine):
    made = empty.json("key", "make", "nightly", "--scope", "change", "--days", "30")
    assert made["text"].startswith("stu_") and made["text"] not in empty("key").words
    empty.json("key", "revoke", made["key"])
    assert empty("key", "revoke", made["key"]).status == 1
    assert [line["act"] for line in empty.json("audit")][:2] == ["took back a key", "made a key to change"]
    assert empty("audit", "nightly").words.count("\n") == 1
    assert empty.json("audit", "--check") == {"whole": True, "line": None, "lines": 3}
    assert empty.json("address")["address"].startswith("/open/")


def test_the_log_comes_as_a_table_for_a_spreadsheet(empty: CommandLine):
    add(empty, "Ann", GOOD)
    studio = open_studio(empty.workspaces)
    audit.note(studio, "pressed a button", "=1+1", by="Ann")
    studio.store.close()
    lines = empty("audit", "--csv").words.splitlines()
    assert lines[0] == '"number","at","who","act","about","seal"'
    assert '"Ann","pressed a button","\'=1+1"' in lines[2]
