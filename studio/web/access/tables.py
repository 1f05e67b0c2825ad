"""Tables: the parts of the pages Team and Your account; everything that people wrote is escaped here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from studio.domain.access import (
    KEY_DAYS,
    MEANS,
    MOST_KEY_DAYS,
    SCOPES,
    Door,
    Entry,
    Key,
    Mode,
    Person,
    Right,
    Role,
    Scope,
    SignIn,
)
from studio.web.access.browsers import browser_named
from studio.web.access.pages import NEW

STYLE = """
h1 { margin-bottom: 1rem } section > p:last-child { margin: 0 }
table { width: 100%; border-collapse: collapse; margin: .75rem 0 }
th { text-align: left; font-size: .85rem; color: var(--quiet) }
th, td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: middle;
  overflow-wrap: anywhere }
td form { display: inline-flex; gap: .4rem; margin: 0 .4rem 0 0; align-items: center } td select { width: auto }
td button, td select { white-space: nowrap; min-height: 36px; padding: .25rem .6rem; font-size: .92rem }
details { display: inline-block } summary { cursor: pointer; color: var(--link); padding: .3rem 0 }
.line { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end } .line > div { flex: 1 1 11rem }
.line label { margin-top: 0 } .line button { flex: 0 0 auto } .said { white-space: pre-line }
section > .line + p { margin-top: .75rem } section > table:last-child { margin-bottom: 0 } .narrow { max-width: 26rem }
.roles { columns: 2; margin: 0; padding-left: 1.1rem; color: var(--quiet); font-size: .92rem }
@media (max-width: 640px) { .roles { columns: 1 } thead { display: none } tr, td { display: block }
  td { border: 0; padding: .15rem 0 .15rem 6.5rem; position: relative }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0 }
  td::before { content: attr(data-label); position: absolute; left: 0; width: 6rem;
    font-size: .85rem; color: var(--quiet) }
  td[data-label=""] { padding-left: 0 } td:empty { display: none } tr:last-child { border: 0; padding-bottom: 0 } }
"""


ASKED = {
    Mode.PASSWORD: "For whom (a note for you)",
    Mode.PROXY: "Name, as the proxy writes it",
    Mode.OIDC: "E-mail address, as the provider has it",
}


def said(words: str, *, is_bad: bool = False) -> str:
    """What came of the last press."""
    kind = "said bad" if is_bad else "said"
    return f'<section><p class="{kind}" role="status">{escape(words)}</p></section>' if words else ""


def who(person: Person) -> str:
    """Oneself, and what one may do."""
    return _section(escape(person.name), f'<p class="quiet">Your role: {person.role}, who {_whole(person.role)}.</p>')


def _whole(role: Role) -> str:
    """All that a role may, with what those below it may."""
    first, *more = (MEANS[each] for each in list(Role)[: list(Role).index(role) + 1])
    if not more:
        return first
    return "; ".join([first.removesuffix(" and changes nothing"), *(each.removeprefix("also ") for each in more)])


def new_password() -> str:
    """Another password of one's own, by the old one."""
    return _section(
        "Password",
        f"""<form method="post" action="/account/password" class="narrow"><label for="old">The old one</label>
<input id="old" name="old" type="password" autocomplete="current-password" required maxlength="256">
<label for="new">A new one <small>10 letters or more; a few words in a row are easy to keep in mind.</small></label>
<input id="new" name="new" {NEW}><label for="again">The same once more</label><input id="again" name="again" {NEW}>
<p class="last"><button>Change it</button> <small>Your other browsers are signed out.</small></p></form>""",
    )


def team(everybody: Sequence[Person], mode: Mode, *, can_change: bool) -> str:
    """Everybody with their role, which can be changed where owners say so, and taken away after a question."""
    means = "".join(f"<li><b>{role}</b> {escape(text)}</li>" for role, text in MEANS.items())
    rows = [
        (
            escape(person.name),
            _role_form(person) if can_change else str(person.role),
            f"{person.created_at:%-d %b %Y}",
            (_press("password", "person", person.id, "New password") if mode is Mode.PASSWORD else "")
            + _removal(person),
        )
        for person in everybody
    ]
    by_groups = "" if can_change else '<p class="quiet">The groups of the provider say who comes in, and as what.</p>'
    table = _table(("Name", "Role", "Since", ""), rows, empty="Nobody has a role yet.")
    return _section("People", f'{by_groups}<ul class="roles">{means}</ul>' + table)


def _role_form(person: Person) -> str:
    label = f'aria-label="Role of {escape(person.name)}"'
    return (
        f'<form method="post" action="/team/role"><input type="hidden" name="person" value="{escape(person.id)}">'
        f'<select name="role" {label}>{_options(Role, person.role)}</select><button>Change</button></form>'
    )


def _removal(person: Person) -> str:
    press = _press("remove", "person", person.id, f"Yes, remove {person.name}", is_bad=True)
    return f"<details><summary>Remove …</summary>{press}</details>"


def inviting(open_doors: Sequence[Door], mode: Mode) -> str:
    """Let somebody new in; with passwords by an address that works once."""
    is_sent = mode is Mode.PASSWORD
    title = "Invite somebody" if is_sent else "Give somebody a role"
    asked = ASKED[mode]
    press = "Make an address" if is_sent else "Add"
    form = (
        f'<form method="post" action="/team/invite" class="line"><div><label for="label">{asked}</label>'
        f'<input id="label" name="label" maxlength="80" {"" if is_sent else "required"}></div><div>'
        f'<label for="role">Role</label><select id="role" name="role">{_options(Role, Role.RATER)}</select></div>'
        f"<button>{press}</button></form>"
    )
    rows = [
        (escape(door.label or "somebody"), str(door.role), f"{door.expires_at:%-d %b %Y, %H:%M} UTC",
         _press("withdraw", "door", door.id, "Take back"))
        for door in open_doors
    ]  # fmt: skip
    waiting = _table(("Invited", "Role", "Until", ""), rows) if rows else ""
    return _section(title, form + waiting)


def signed_in(found: Sequence[tuple[SignIn, Person]], own: str | None, *, at: str = "/team") -> str:
    """In which browsers people are signed in; `at` is the page on which a sign-in is ended."""
    rows = [
        (
            escape(person.name) + (" (this browser)" if each.id == own else ""),
            f"{each.seen_at:%-d %b, %H:%M} UTC",
            f"{each.began_at:%-d %b, %H:%M} UTC",
            f"{escape(each.address)}<br>"
            f'<small title="{escape(each.device)}">{escape(browser_named(each.device))}</small>',
            _press("end", "signin", each.id, "End", at=at),
        )
        for each, person in found
    ]
    return _section("Signed in", _table(("Who", "Seen", "Since", "From", ""), rows, empty="Nobody is signed in."))


def keys(
    every: Sequence[Key], names: Mapping[str, str], *, at: str = "/team", rights: frozenset[Right] = frozenset(Right)
) -> str:
    """Keys for programs, and one more, which may no more than `rights`; `at` is the page on which they are made."""
    now = datetime.now(UTC)
    rows = [
        (
            f"{escape(key.label)}<br><small>{escape(key.id)}</small>",
            escape(names.get(key.person_id, "")),
            str(key.scope),
            f"{key.used_at:%-d %b %Y}" if key.used_at else "never",
            f"{key.expires_at:%-d %b %Y}" if key.holds(now) else "taken back" if key.revoked_at else "over",
            _press("revoke-key", "key", key.id, "Take back", at=at) if key.holds(now) else "",
        )
        for key in every
    ]
    scopes = [scope for scope in Scope if SCOPES[scope] <= rights]
    form = (
        f'<form method="post" action="{at}/key" class="line"><div><label for="for">What it is for</label>'
        '<input id="for" name="label" maxlength="64" required></div><div><label for="scope">It may</label>'
        f'<select id="scope" name="scope">{_options(scopes, Scope.LOOK)}</select></div>'
        '<div><label for="days">Days</label>'
        f'<input id="days" name="days" type="number" min="1" max="{MOST_KEY_DAYS}" value="{KEY_DAYS}"></div>'
        "<button>Make a key</button></form>"
    )
    heads = ("For", "Of", "May", "Last used", "Until", "")
    text = '<p class="quiet">A program sends its key as <code>Authorization: Bearer stu_…</code>, in no address.</p>'
    return _section("Keys for programs", text + form + _table(heads, rows, empty="There is no key yet."))


def log(found: Sequence[Entry], *, words: str, more: int | None) -> str:
    """The newest lines, by the words in them, and the ways to the rest."""
    rows = [
        (
            f"{e.at:%Y-%m-%d %H:%M:%S}",
            escape(e.who),
            escape(e.act),
            f"<code>{escape(e.about)}</code>" if e.about else "",
        )
        for e in found
    ]
    form = (
        '<form class="line" action="/team#log"><div><label for="words">Only lines with these words</label>'
        f'<input id="words" name="log" value="{escape(words)}"></div><button>Filter</button></form>'
    )
    older = f'<a href="/team?log={quote(words)}&amp;before={more}#log">Older lines</a> · ' if more else ""
    ways = (
        f'<p>{older}<a href="/team/log.csv">The whole log (CSV)</a></p>'
        '<form method="post" action="/team/check"><button>Check that the log is whole</button></form>'
    )
    table = _table(("When (UTC)", "Who", "Did", "To what"), rows, empty="The log has no such line.")
    return f'<div id="log">{_section("Log", form + table + ways)}</div>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "") -> str:
    if not rows:
        return f'<p class="quiet">{empty}</p>'
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    lines = "".join(
        "<tr>"
        + "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in zip(heads, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _press(act: str, name: str, value: str, words: str, *, is_bad: bool = False, at: str = "/team") -> str:
    kind = ' class="bad"' if is_bad else ""
    return (
        f'<form method="post" action="{at}/{act}"><input type="hidden" name="{name}" value="{escape(value)}">'
        f"<button{kind}>{escape(words)}</button></form>"
    )


def _options(kinds: Iterable[Role] | Iterable[Scope], chosen: Role | Scope) -> str:
    return "".join(f"<option{' selected' if each is chosen else ''}>{each}</option>" for each in kinds)
