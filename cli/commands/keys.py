"""`trawl keys rotate`: new keys for old, without signing anyone out."""

from typing import Annotated

import typer

from cli.options import Data

_group = typer.Typer(help="Rotate the keys that secrets are sealed and tokens are signed with.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    _group.command("rotate", epilog="Example: trawl keys rotate")(rotate)
    app.add_typer(_group, name="keys", epilog="Example: trawl keys rotate")


def rotate(
    tokens: Annotated[bool, typer.Option("--tokens", help="The key that signs tokens; nobody is signed out.")] = False,
    leaked: Annotated[
        bool, typer.Option("--leaked", help="Believe none of the old keys any more: everybody signs in again.")
    ] = False,
    settle: Annotated[
        float, typer.Option(min=1, help="Seconds that processes may need to take up a new key that seals.")
    ] = 10.0,
    data: Data = None,
) -> None:
    """Let a new key take over, while everything runs.

    By itself: the key that seals secrets in the database. All of them are sealed anew, then the old key is forgotten;
    what was interrupted goes on when this is asked again. With --tokens the key that signs tokens: those signed before
    stay good until they expire, unless the keys were --leaked.
    """
    import asyncio

    from cli.console import err, out
    from cli.options import load
    from cli.place import find

    place = find(data)
    settings = load(place.folder)
    if tokens:
        from cli.rotation import rotate_tokens

        kid = asyncio.run(rotate_tokens(settings, place.endpoints(), leaked=leaked))
        out().print(f"Tokens are signed with {kid} from now on.", soft_wrap=True)
        return
    from cli.errors import WrongUse
    from cli.seal_rotation import rotate_seals

    if leaked:
        raise WrongUse(
            "--leaked is about the keys of --tokens. What a leaked seal key has opened must be replaced too."
        )
    with err().status("Sealing anew …") as shown:
        done = asyncio.run(rotate_seals(settings, shown.update, settle))
    out().print(f"Secrets are sealed with {done.key_id}: {done.rows} sealed anew, {done.forgotten} keys forgotten.")
