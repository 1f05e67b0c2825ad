"""What counts of what a provider says: only what it vouches for, and only in the form that it should have."""

from typing import Any

import pytest

from studio.domain.access import Role
from studio.domain.openid import Rules, role_of_groups, role_of_newcomer, told

HERE = "https://login.example.org"
ANN = {"sub": "7", "email": "Ann@example.org", "email_verified": True, "preferred_username": "ann"}
GROUPS = Rules(groups={"staff": Role.VIEWER, "admins": Role.OWNER, "lab": Role.EDITOR})
DOMAINS = Rules(domains=("example.org",), newcomer=Role.RATER)


def test_somebody_is_known_by_issuer_and_subject_and_named_by_their_address():
    who = told(HERE, ANN, Rules())
    assert (who.subject, who.known_as, who.name) == (f"{HERE} 7", "Ann@example.org", "Ann@example.org")


@pytest.mark.parametrize("verified", [False, None, "true", 1, "false", [True]])
def test_an_address_counts_only_where_the_provider_says_plainly_that_it_was_verified(verified: Any):
    who = told(HERE, ANN | {"email_verified": verified}, DOMAINS)
    assert who.known_as == "" and who.name == "ann" and who.is_unverified and role_of_newcomer(who, DOMAINS) is None


@pytest.mark.parametrize(
    "written", [None, 7, ["a@example.org"], {"a": 1}, "", "  ", "a\x00@example.org", "a\u202e@example.org"]
)
def test_a_claim_of_another_form_is_as_good_as_not_there(written: Any):
    who = told(HERE, ANN | {"email": written}, Rules())
    assert who.known_as == "" and who.name == "ann"


def test_another_claim_can_be_the_one_by_which_people_are_known():
    assert told(HERE, {"sub": "7", "upn": "ann@corp"}, Rules(known_by="upn")).known_as == "ann@corp"


@pytest.mark.parametrize(("groups", "role"), [
    (["staff", "lab"], Role.EDITOR), (["admins", "staff"], Role.OWNER), (["others"], None), ([], None), ("staff", Role.VIEWER),
    (["Staff"], None), ([["admins"]], None), ({"admins": True}, None), (None, None),
])  # fmt: skip
def test_the_highest_of_ones_groups_says_who_one_is(groups: Any, role: Role | None):
    assert role_of_groups(told(HERE, ANN | {"groups": groups}, GROUPS), GROUPS) is role


@pytest.mark.parametrize(("address", "role"), [
    ("ann@example.org", Role.RATER), ("ANN@EXAMPLE.ORG", Role.RATER), ("ann@sub.example.org", None),
    ("ann@example.org.evil.example", None), ("example.org", None), ("ann@example.org@evil.example", None),
])  # fmt: skip
def test_a_newcomer_comes_in_by_the_very_domain_of_their_address(address: str, role: Role | None):
    assert role_of_newcomer(told(HERE, ANN | {"email": address}, DOMAINS), DOMAINS) is role


def test_where_nothing_is_said_of_newcomers_nobody_comes_in():
    assert role_of_newcomer(told(HERE, ANN, Rules()), Rules()) is None
