"""`trawl users`: accounts, when the gateway cannot be asked or nobody can sign in."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.options import AsJson, Data

if TYPE_CHECKING:
    from cli.people import People

T = TypeVar("T")
Login = Annotated[str, typer.Argument(help="Username or e-mail address.")]
users = typer.Typer(
    help="List accounts, make one, and help somebody who cannot sign in.",
    epilog="Example: trawl users reset-password admin",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(users, name="users")


@users.command("list", epilog="Example: trawl users list --role admin")
def listing(
    role: Annotated[str | None, typer.Option(help="Only this role.")] = None,
    status: Annotated[str | None, typer.Option(help="Only active, disabled or locked ones.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """List the accounts by name, a thousand at most."""

    async def work(people: "People") -> list[dict[str, Any]]:
        from api.shapes.users import user_body

        found, _ = await people.identity.users.page(role, status, "username", False, 1, 1000)
        return [user_body(user).model_dump(mode="json") for user in found]

    found = _do(data, work)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    from cli.console import out
    from cli.tables import plain, safe

    rows = [
        (safe(user["username"]), user["role"], user["status"], "yes" if user["mfa_enabled"] else "",
         (user["last_login"] or "never")[:16].replace("T", " "), safe(user["email"] or ""))
        for user in found
    ]  # fmt: skip
    out().print(plain(("user", "role", "status", "MFA", "last in (UTC)", "e-mail"), rows, whole=(0,)))


@users.command(epilog="Example: trawl users create nina --email nina@example.com --role analyst")
def create(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    email: Annotated[str | None, typer.Option(help="Where mail about the account goes.")] = None,
    role: Annotated[str, typer.Option(help="viewer, analyst, senior_analyst, operator or admin.")] = "viewer",
    data: Data = None,
) -> None:
    """Make an account, and print its password this once."""
    import secrets

    password = secrets.token_urlsafe(18)

    async def work(people: "People") -> None:
        from api.auth.visits import Visit
        from api.shapes.users import UserAsked

        asked = UserAsked.model_validate({"username": username, "email": email, "password": password, "role": role})
        await people.identity.users.create(people.caller, asked.wanted(), Visit(), welcome=False)

    _do(data, work)
    typer.echo(password)


@users.command("reset-password", epilog="Example: trawl users reset-password admin")
def reset_password(login: Login, data: Data = None) -> None:
    """Print a temporary password; all sessions of the account end, and its wrong tries are forgotten."""

    async def work(people: "People") -> str:
        from api.auth.visits import Visit
        from cli.people import ACTOR

        user = await people.named(login)
        password, _ = await people.identity.recovery.set_for(user, ACTOR, None, Visit(), by_mail=False)
        await people.identity.users.unlock(user, ACTOR, Visit())
        return password

    typer.echo(_do(data, work))


@users.command(epilog="Example: trawl users unlock nina")
def unlock(login: Login, data: Data = None) -> None:
    """Forget wrong tries, and make a locked account active."""

    async def work(people: "People") -> None:
        from api.auth.visits import Visit
        from cli.people import ACTOR

        await people.identity.users.unlock(await people.named(login), ACTOR, Visit())

    _do(data, work)
    typer.echo(f"{login} may sign in again.")


@users.command("mfa-reset", epilog="Example: trawl users mfa-reset nina")
def mfa_reset(login: Login, data: Data = None) -> None:
    """End the second factor of somebody who has lost the phone and the backup codes."""

    async def work(people: "People") -> bool:
        from api.auth.visits import Visit
        from cli.people import ACTOR

        return await people.identity.factor.reset(await people.named(login), ACTOR, Visit())

    ended = _do(data, work)
    typer.echo("The password alone lets in now." if ended else f"{login} has no second factor.")


def _do(data: Path | None, work: "Callable[[People], Awaitable[T]]") -> T:
    """Runs `work` on the installation's accounts; what the service refuses becomes a sentence."""
    import asyncio

    from pydantic import ValidationError

    from api.errors import ApiError
    from cli.errors import WrongUse
    from cli.options import load
    from cli.people import people
    from cli.place import find

    async def run() -> T:
        async with people(load(find(data).folder)) as found:
            return await work(found)

    try:
        return asyncio.run(run())
    except ApiError as refusal:
        raise WrongUse(refusal.faults[0].message if refusal.faults else refusal.message) from None
    except ValidationError as refusal:
        fault = refusal.errors()[0]
        raise WrongUse(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}.") from None
