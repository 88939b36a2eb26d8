"""Mail that waits to be sent, written in the transaction of what it tells about."""

from uuid import uuid4

import orjson

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.mail import Mail


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
