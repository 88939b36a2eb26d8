"""Mail that waits to be sent, written in the transaction of what it tells about, and handed to its sender."""

from uuid import uuid4

import orjson

from infra.errors import StoreRefused
from infra.patience import patiently
from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.mail import Mail, MailState, WaitingMail


class Mailbox:
    """Takes mail; the notifications process sends it. The text is sealed under the row's id until then."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    async def post(self, connection: Connection, mail: Mail) -> None:
        """The mail goes out once the transaction is committed, or never was."""
        mail_id = str(uuid4())
        content = orjson.dumps({"subject": mail.subject, "text": mail.text})
        await connection.execute(
            queries("mail")["post"],
            {
                "id": mail_id,
                "kind": mail.kind,
                "recipient": mail.recipient,
                "key_id": self._seal.key_id,
                "sealed": self._seal.seal(content, f"mail {mail_id}"),
            },
        )
        await connection.execute(queries("mail")["wake"])


async def tell(connection: Connection, mailbox: Mailbox | None, act: Act, mail: Mail | None) -> None:
    """What was done is told in the transaction that did it: to the audit log, and by mail where there is a mailbox."""
    await record(connection, act)
    if mail and mailbox:
        await mailbox.post(connection, mail)


class Outgoing:
    """The sender's side. Several senders may take at once: each mail is one's for the time of its lease, and after
    that anybody's who is still there. Outages are waited out."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._sql = queries("mail")

    async def take(self, most: int, lease: float) -> list[WaitingMail]:
        """Up to `most` mails whose turn it is, held for `lease` seconds. What cannot be opened is given up."""
        rows = await self._database.fetch(self._sql["take"], {"most": most, "lease": lease})
        found = []
        for row in rows:
            try:
                plain = orjson.loads(self._seal.open(bytes(row["sealed"]), f"mail {row['id']}", row["key_id"]))
            except StoreRefused as problem:
                await self.give_up(row["id"], str(problem))
                continue
            mail = Mail(kind=row["kind"], recipient=row["recipient"], subject=plain["subject"], text=plain["text"])
            found.append(WaitingMail(id=row["id"], mail=mail, tries=row["tries"], age_s=row["age_s"]))
        return found

    async def sent(self, mail_id: str) -> None:
        """Its server has it; the text is erased."""
        await self._say("sent", id=mail_id)

    async def later(self, mail_id: str, wait: float, why: str) -> None:
        """It is tried again in `wait` seconds."""
        await self._say("later", id=mail_id, wait=wait, why=why[:1000])

    async def give_up(self, mail_id: str, why: str) -> None:
        """It will not be sent; the text is erased and the reason kept."""
        await self._say("give_up", id=mail_id, why=why[:1000])

    async def state(self) -> MailState:
        """What waits."""
        return MailState(**(await self._database.fetch(self._sql["state"]))[0])

    async def expire(self, older: float, why: str) -> int:
        """Gives up what has waited for more than `older` seconds; how many."""
        return len(await self._database.fetch(self._sql["expire"], {"older": older, "why": why}))

    async def forget(self) -> int:
        """Rows of what was over a month ago."""
        return len(await self._database.fetch(self._sql["forget"]))

    async def _say(self, statement: str, **values: object) -> None:
        await patiently(lambda: self._database.fetch(self._sql[statement], values), "note what became of a mail")
