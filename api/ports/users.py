"""What administrators do to accounts, and what their owners do to their passwords and second factors."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from schemas.accounts import Act, Activity, Factor, Tally, User, UserChange, Verdict
from schemas.mail import Mail

SortBy = Literal["username", "email", "role", "status", "created_at", "last_login"]
Still = Callable[[User], bool]
"""Whether an account, looked at under its lock, is still one that may be changed so."""
Judge = Callable[[Mapping[str, Tally], datetime], Verdict]
"""Decides about a try: given the tally of each subject and the time by the store's clock."""


def anyhow(user: User) -> bool:
    """Whatever the account has become meanwhile."""
    return True


class Users(Protocol):
    """The accounts as their administrators see them. The last active administrator stays one, whoever asks."""

    async def page(
        self, *, role: str | None, status: str | None, sort_by: SortBy, descending: bool, offset: int, limit: int
    ) -> tuple[list[User], int]:
        """Some accounts in a total order, and how many there are."""
        ...

    async def activity(self, user_id: str) -> Activity:
        """What an account has done so far."""
        ...

    async def change(
        self, user_id: str, change: UserChange, act: Act, mail: Mail | None = None, still: Still = anyhow
    ) -> Literal["changed", "gone", "taken", "last_administrator", "overtaken"]:
        """What is given is changed, or nothing is. An account that is no longer active loses its sessions, and what
        waits for its webhooks is not sent. An address that is another's name is taken too. `overtaken`: not `still`
        so."""
        ...

    async def remove(
        self, user_id: str, act: Act, still: Still = anyhow
    ) -> Literal["removed", "gone", "last_administrator", "overtaken"]:
        """The account with its sessions, keys, factors, webhooks and stored credentials. Its jobs stay: their open runs
        are cancelled, their schedules paused. `overtaken`: not `still` so."""
        ...

    async def set_password(
        self,
        user_id: str,
        password_hash: str,
        act: Act,
        *,
        expires_at: datetime | None = None,
        keep: str | None = None,
        mail: Mail | None = None,
        version: int | None = None,
        still: Still = anyhow,
    ) -> Literal["set", "gone", "overtaken"]:
        """Ends every session but `keep`, what OAuth clients were given, and every link to a new password. With the
        `version` at which its owner has shown the old one: `overtaken`, and nothing done, if that has changed. Without,
        it is a reset: API keys and identities that were linked end too. `overtaken` also: not `still` so. `gone`: an
        account that is not there, or is a program's."""
        ...

    async def reset_password(
        self,
        link_hash: bytes,
        password_hash: str,
        told: Callable[[User], tuple[Act, Mail | None]],
        device: tuple[bytes, str],
    ) -> User | None:
        """Spends a link to a new password, once: the password is reset (see `set_password`), and the device (its mark
        and its network) is known from now on, for whoever can read the account's mail is its owner. None for a link
        that is spent, old or made up, and for an account that is not active."""
        ...


class Factors(Protocol):
    """Second factors: an app that knows a secret, and backup codes on paper."""

    async def set_up(self, user_id: str, secret: str, salt: bytes, code_hashes: Sequence[bytes], act: Act) -> bool:
        """Replaces one that was never enabled. False, and nothing is written, where one is enabled."""
        ...

    async def factor(self, user_id: str) -> Factor | None:
        """Enabled or not; None without one."""
        ...

    async def enable(self, user_id: str, step: int, act: Act, mail: Mail | None) -> bool:
        """Spends the step that proved it. False where it is enabled already, or there is none."""
        ...

    async def spend_step(self, user_id: str, step: int) -> bool:
        """Of any number at once one succeeds; a step that is not after the last spent one never does."""
        ...

    async def spend_code(self, user_id: str, code_hash: bytes, act: Act, mail: Mail | None) -> bool:
        """Of any number at once one succeeds."""
        ...

    async def remove(
        self, user_id: str, act: Act, mail: Mail | None, still: Still = anyhow
    ) -> Literal["removed", "none", "gone", "overtaken"]:
        """`none`: there is no factor. `overtaken`: not `still` so. Nothing is audited unless it is removed."""
        ...


class Attempts(Protocol):
    """Tallies of failed tries that all gateways share and no restart forgets."""

    async def weigh(self, subjects: Sequence[str], judge: Judge) -> Verdict:
        """Lets `judge` see the tallies of these subjects and change them, while nobody else can."""
        ...

    async def clear(
        self, user_id: str, beginning: str, act: Act, still: Still = anyhow
    ) -> Literal["cleared", "gone", "overtaken"]:
        """Forgets an account's tallies, whose subjects begin so. `overtaken`, and nothing done: not `still` so."""
        ...
