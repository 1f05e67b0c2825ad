"""People: who may do what, keys for programs, and the log."""

import sys
from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.access import KEY_DAYS, MEANS, Key, Mode, Person, Role, Scope
from studio.domain.errors import AccessError
from studio.flows import audit as log
from studio.flows import keys, people, signing
from studio.flows.studio import Studio

app = typer.Typer(no_args_is_help=False, help="List who may use the studio, and say who may do what.")
key_app = typer.Typer(
    no_args_is_help=False, help="List the keys by which programs use the studio; make and revoke them."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, as `people` lists it.")]
Way = Annotated[Mode, typer.Option("--access", envvar="STUDIO_ACCESS", help="How they sign in.")]
FromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the standard input.")]


@app.callback(invoke_without_command=True)
@verb
def everybody(context: typer.Context, access: Way = Mode.PASSWORD, json: Json = False) -> None:
    """List everybody with their role."""
    if context.invoked_subcommand is not None:
        return
    found = people.everybody(opened(), access)
    words = "\n".join(f"{person.role:<7} {person.name}" for person in found) or "Nobody has a role yet."
    answer(json, [_person(person) for person in found], words)


@app.command()
@verb
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="; ".join(f"{role}: {means}" for role, means in MEANS.items()))
    ] = Role.OWNER,
    access: Way = Mode.PASSWORD,
    password_stdin: FromInput = False,
    json: Json = False,
) -> None:
    """Add somebody with a role; asks for a password where they sign in with one."""
    if access is Mode.LOCAL:
        raise AccessError("Whoever sits at this machine needs no role.", fix="Say --access password.")
    password = _password(password_stdin) if access is Mode.PASSWORD else None
    made = people.add(opened(), name, role, mode=access, password=password)
    answer(json, _person(made), f"{made.name} is {made.role} now.")


@app.command()
@verb
def role(name: Name, role: Role, access: Way = Mode.PASSWORD, json: Json = False) -> None:
    """Give somebody another role."""
    studio = opened()
    person = people.named(studio, name, access)
    people.set_role(studio, person.id, role)
    answer(json, _person(people.known(studio, person.id)), f"{person.name} is {role} now.")


@app.command()
@verb
def remove(name: Name, access: Way = Mode.PASSWORD, json: Json = False) -> None:
    """Take somebody's role, sign-ins and keys away."""
    studio = opened()
    person = people.named(studio, name, access)
    people.remove(studio, person.id)
    answer(json, _person(person), f"{person.name} was removed.")


@app.command()
@verb
def password(name: Name, json: Json = False) -> None:
    """Make an address at which somebody chooses a new password."""
    studio = opened()
    person = people.named(studio, name, Mode.PASSWORD)
    door, token = people.renew_password(studio, person.id)
    answer(json, {"address": f"/welcome/{token}", "expires": door.expires_at}, f"{person.name}: /welcome/{token}")


@app.command()
@verb
def invite(role: Role, label: Annotated[str, typer.Option(help="For whom.")] = "", json: Json = False) -> None:
    """Make an address by which one person comes in with this role."""
    door, token = people.invite(opened(), role, label)
    values = {"role": role, "address": f"/welcome/{token}", "expires": door.expires_at}
    answer(json, values, f"One {role} comes in at /welcome/{token} until {door.expires_at:%d %B, %H:%M} UTC.")


@verb
def address(json: Json = False) -> None:
    """Print a new address that opens the studio in a browser of this machine, once."""
    token = people.launch(opened())
    answer(json, {"address": f"/open/{token}"}, f"Open this once, after the studio's own address: /open/{token}")


# Keys


@key_app.callback(invoke_without_command=True)
@verb
def every_key(context: typer.Context, json: Json = False) -> None:
    """List the keys, those that hold no more included."""
    if context.invoked_subcommand is not None:
        return
    found = keys.every(opened())
    words = [f"{key.id}  {key.scope:<6}  until {key.expires_at:%Y-%m-%d}{_taken(key)}  {key.label}" for key in found]
    answer(json, [_key(key) for key in found], "\n".join(words) or "There is no key yet.")


@key_app.command("make")
@verb
def make_key(
    label: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[Scope, typer.Option(help="What it may do at most.")] = Scope.LOOK,
    days: Annotated[int, typer.Option(help="How long it holds; a year at most.")] = KEY_DAYS,
    person: Annotated[str, typer.Option("--for", help="Whose key; this machine's if left out.")] = "",
    access: Way = Mode.PASSWORD,
    json: Json = False,
) -> None:
    """Make a key for programs; it is printed once and kept nowhere."""
    studio = opened()
    key, text = keys.make(studio, _owner(studio, person, access), label, scope, days=days)
    answer(
        json, _key(key) | {"text": text}, f"{text}\nIt is shown this once, and holds until {key.expires_at:%Y-%m-%d}."
    )


@key_app.command("revoke")
@verb
def revoke_key(key: Annotated[str, typer.Argument(help="A key, as `key` lists it.")], json: Json = False) -> None:
    """Take a key back."""
    keys.revoke(opened(), key)
    answer(json, {"key": key, "revoked": True}, f"{key} was taken back.")


@verb
def audit(
    words: Annotated[str, typer.Argument(help="Only lines with these words in them.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Say whether the log is as it was written.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="The whole log, for a spreadsheet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many lines at most.")] = 100,
    json: Json = False,
) -> None:
    """Read the log of who did what, the newest line first."""
    studio = opened()
    if csv:
        for part in log.as_csv(studio):
            typer.echo(part.decode(), nl=False)
        return
    if check:
        _check(studio, json=json)
        return
    found = log.newest(studio, words=words, limit=limit)
    lines = "\n".join(f"{e.at:%Y-%m-%d %H:%M:%S}  {e.who}  {e.act}  {e.about}".rstrip() for e in found)
    values = [{"number": e.number, "at": e.at, "who": e.who, "act": e.act, "about": e.about} for e in found]
    answer(json, values, lines or "The log has no such line.")


def _check(studio: Studio, *, json: bool) -> None:
    broken = log.broken(studio)
    last = next(iter(log.newest(studio, limit=1)), None)
    said = "The log is whole." if broken is None else f"Line {broken} is not as it was written, or is missing."
    if last and broken is None:
        said += f" Its last line is {last.number}, sealed {last.seal[:16]}: keep both to see later that none is gone."
    answer(json, {"whole": broken is None, "line": broken, "lines": last.number if last else 0}, said)
    if broken is not None:
        raise typer.Exit(1)


def _owner(studio: Studio, name: str, mode: Mode) -> Person:
    return people.named(studio, name, mode) if name else signing.this_machine(studio)


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


def _person(person: Person) -> dict[str, Any]:
    return {"person": person.id, "name": person.name, "role": person.role, "access": person.mode}


def _key(key: Key) -> dict[str, Any]:
    return {
        "key": key.id, "label": key.label, "scope": key.scope, "person": key.person_id, "expires": key.expires_at,
        "used": key.used_at, "revoked": key.revoked_at is not None,
    }  # fmt: skip


def _taken(key: Key) -> str:
    return ", taken back" if key.revoked_at else ""
