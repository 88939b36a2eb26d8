"""The same accounts as their administrators see them, their factors, and the tallies of failed tries, in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from api.ports.users import Judge, Still, anyhow
from schemas.accounts import Act, Activity, Factor, Tally, User, UserChange, Verdict
from schemas.mail import Mail
from tests.unit.api.accounts_fakes import FakeAccounts


def touched(accounts: FakeAccounts, user_id: str, still: Still) -> Literal["gone", "overtaken"] | None:
    if user_id not in accounts.users:
        return "gone"
    return None if still(accounts.shown(user_id)) else "overtaken"


@dataclass
class FakeUsers:
    accounts: FakeAccounts

    async def page(
        self, *, role: str | None, status: str | None, sort_by: str, descending: bool, offset: int, limit: int
    ) -> tuple[list[User], int]:
        self.accounts.switch.check()
        found = [self.accounts.shown(user_id) for user_id in sorted(self.accounts.users)]
        found = [user for user in found if role in (None, user.role) and status in (None, user.status)]
        told = [user for user in found if getattr(user, sort_by) is not None]
        told.sort(key=lambda user: getattr(user, sort_by), reverse=descending)
        found = [*told, *(user for user in found if getattr(user, sort_by) is None)]
        return found[offset : offset + limit], len(found)

    async def activity(self, user_id: str) -> Activity:
        self.accounts.switch.check()
        mine = [act for act in self.accounts.acts if act.actor == user_id]
        seen = [kept.last_seen for kept in self.accounts.sessions.values() if kept.session.user_id == user_id]
        keys = [kept.key for kept in self.accounts.api_keys.values() if kept.key.user_id == user_id]
        seen += [key.last_used for key in keys if key.last_used]
        return Activity(
            total_logins=sum(act.action == "signed_in" for act in mine),
            reports_created=sum(act.action == "report_created" for act in mine),
            jobs_managed=len({act.object for act in mine if act.action.startswith("job_")}),
            last_active=max(seen, default=None),
        )

    def _alone(self, user_id: str) -> bool:
        active = [user.id for user, _ in self.accounts.users.values()
                  if (user.role, user.status) == ("admin", "active")]  # fmt: skip
        return active == [user_id]

    async def change(
        self, user_id: str, change: UserChange, act: Act, mail: Mail | None = None, still: Still = anyhow
    ) -> Literal["changed", "gone", "taken", "last_administrator", "overtaken"]:
        self.accounts.switch.check()
        if refused := touched(self.accounts, user_id, still):
            return refused
        leaves = change.status not in (None, "active")
        if self._alone(user_id) and (leaves or change.role not in (None, "admin")):
            return "last_administrator"
        if change.email is not None and self.accounts.taken(user_id, {change.email}):
            return "taken"
        given = {name: getattr(change, name) for name in UserChange.__dataclass_fields__}
        self.accounts.change(user_id, **{name: value for name, value in given.items() if value is not None})
        if change.email is not None or change.status is not None:
            self.accounts.turn(user_id)
        if leaves:
            self.accounts.end_others(user_id)
        self.accounts.tell(act, mail)
        return "changed"

    async def remove(
        self, user_id: str, act: Act, still: Still = anyhow
    ) -> Literal["removed", "gone", "last_administrator", "overtaken"]:
        self.accounts.switch.check()
        if refused := touched(self.accounts, user_id, still):
            return refused
        if self._alone(user_id):
            return "last_administrator"
        del self.accounts.users[user_id]
        self.accounts.factors.pop(user_id, None)
        self.accounts.acts.append(act)
        return "removed"

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
        self.accounts.switch.check()
        if refused := touched(self.accounts, user_id, still):
            return refused
        if version not in (None, self.accounts.users[user_id][0].credential_version):
            return "overtaken"
        self.accounts.turn(user_id)
        if version is None:
            for key in self.accounts.api_keys.values():
                key.revoked |= key.key.user_id == user_id
            for end in self.accounts.ends:
                end(user_id)
        user = replace(self.accounts.users[user_id][0], password_expires=expires_at)
        self.accounts.users[user_id] = (user, password_hash)
        self.accounts.end_others(user_id, keep)
        self.accounts.links = {name: link for name, link in self.accounts.links.items() if link[0] != user_id}
        self.accounts.tell(act, mail)
        return "set"

    async def reset_password(
        self,
        link_hash: bytes,
        password_hash: str,
        told: Callable[[User], tuple[Act, Mail | None]],
        device: tuple[bytes, str],
    ) -> User | None:
        self.accounts.switch.check()
        user = self.accounts.good_link("reset", link_hash)
        if user is None:
            return None
        act, mail = told(user)
        self.accounts.meet(user.id, *device)
        await self.set_password(user.id, password_hash, act, mail=mail)
        return user


@dataclass
class FakeFactors:
    accounts: FakeAccounts
    codes: dict[str, set[bytes]] = field(default_factory=dict)

    async def set_up(self, user_id: str, secret: str, salt: bytes, code_hashes: Sequence[bytes], act: Act) -> bool:
        self.accounts.switch.check()
        found = self.accounts.factors.get(user_id)
        if found and found.enabled:
            return False
        self.accounts.factors[user_id] = Factor(secret=secret, salt=salt, enabled=False)
        self.codes[user_id] = set(code_hashes)
        self.accounts.tell(act)
        return True

    async def factor(self, user_id: str) -> Factor | None:
        self.accounts.switch.check()
        return self.accounts.factors.get(user_id)

    async def enable(self, user_id: str, step: int, act: Act, mail: Mail | None) -> bool:
        self.accounts.switch.check()
        found = self.accounts.factors.get(user_id)
        if found is None or found.enabled:
            return False
        self.accounts.factors[user_id] = replace(found, enabled=True, last_step=step)
        self.accounts.turn(user_id)
        self.accounts.tell(act, mail)
        return True

    async def spend_step(self, user_id: str, step: int) -> bool:
        self.accounts.switch.check()
        found = self.accounts.factors.get(user_id)
        if found is None or not found.enabled or found.last_step >= step:
            return False
        self.accounts.factors[user_id] = replace(found, last_step=step)
        return True

    async def spend_code(self, user_id: str, code_hash: bytes, act: Act, mail: Mail | None) -> bool:
        self.accounts.switch.check()
        if code_hash not in self.codes.get(user_id, set()):
            return False
        self.codes[user_id].remove(code_hash)
        self.accounts.tell(act, mail)
        return True

    async def remove(
        self, user_id: str, act: Act, mail: Mail | None, still: Still = anyhow
    ) -> Literal["removed", "none", "gone", "overtaken"]:
        self.accounts.switch.check()
        if refused := touched(self.accounts, user_id, still):
            return refused
        if self.accounts.factors.pop(user_id, None) is None:
            return "none"
        self.codes.pop(user_id, None)
        self.accounts.turn(user_id)
        self.accounts.tell(act, mail)
        return "removed"


@dataclass
class FakeAttempts:
    """Tallies that outlive a gateway, as a store's do."""

    accounts: FakeAccounts
    tallies: dict[str, Tally] = field(default_factory=dict)

    async def weigh(self, subjects: Sequence[str], judge: Judge) -> Verdict:
        self.accounts.switch.check()
        seen: Mapping[str, Tally] = {name: self.tallies[name] for name in subjects if name in self.tallies}
        verdict = judge(seen, self.accounts.clock())
        self.tallies |= verdict.tallies
        self.tallies = {name: tally for name, tally in self.tallies.items() if tally.failures}
        if verdict.act:
            self.accounts.tell(verdict.act, verdict.mail)
        return verdict

    async def clear(
        self, user_id: str, beginning: str, act: Act, still: Still = anyhow
    ) -> Literal["cleared", "gone", "overtaken"]:
        self.accounts.switch.check()
        if refused := touched(self.accounts, user_id, still):
            return refused
        self.tallies = {name: tally for name, tally in self.tallies.items() if not name.startswith(beginning)}
        self.accounts.tell(act)
        return "cleared"
