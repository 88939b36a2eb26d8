"""Two of everything that is sealed in the database, each written by the part that keeps it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from infra.postgres.cookies import RunCookies
from infra.postgres.credentials import SiteCredentials
from infra.postgres.exports import PostgresExports
from infra.postgres.factors import PostgresFactors
from infra.postgres.idempotency import IdempotencyKeys
from infra.postgres.jobs import PostgresJobs
from infra.postgres.mailbox import Mailbox
from infra.postgres.pool import Database
from infra.postgres.signing import PostgresSigningKeys
from infra.postgres.webhooks import PostgresWebhooks
from infra.sealing import Seal
from schemas.accounts import Act, Claim
from schemas.cookies import Cookie, KeptCookie
from schemas.credentials import SiteCredential, SiteSecret
from schemas.exports import ExportAsked
from schemas.idempotency import KeptAnswer
from schemas.ledger import Opening
from schemas.mail import Mail
from schemas.signing import SigningKey
from schemas.webhooks import Webhook
from tests.integration.exports.keeping import mails_of

ACT = Act(actor="test", action="test")
ANSWER = KeptAnswer(200, {}, b"a secret answer")
KIDS = ("kid", "kid 2")


@dataclass
class Owned:
    """What one account has that is sealed."""

    user: str = field(default_factory=lambda: str(uuid4()))
    claim: Claim = field(default_factory=lambda: Claim(str(uuid4()), str(uuid4())))
    kept: KeptCookie = field(
        default_factory=lambda: KeptCookie(run_id=str(uuid4()), site="shop.test", cookie=session("session"))
    )


def session(name: str) -> Cookie:
    return Cookie(name=name, value="c", domain="shop.test", path="/", host_only=True, secure=True, http_only=True,
                  created=1.0)  # fmt: skip


async def post(database: Database, seal: Seal, count: int = 1) -> None:
    async with database.transaction() as connection:
        for _ in range(count):
            await Mailbox(seal).post(connection, Mail(kind="x", recipient="a@example.com", subject="s", text="secret"))


async def everything(database: Database, seal: Seal) -> tuple[Owned, Owned]:
    """Two accounts with one of each, and the two keys that tokens are signed with."""
    one, other = Owned(), Owned()
    for each in (one, other):
        await _of_accounts(database, seal, each)
        await _of_crawls(database, seal, each)
    current = SigningKey(kid=KIDS[0], private=bytes(32), state="current", since=datetime.now(UTC))
    coming = replace(current, kid=KIDS[1], state="next")
    await PostgresSigningKeys(database, seal).begin(current, current, coming, ACT)
    return one, other


async def _of_accounts(database: Database, seal: Seal, owned: Owned) -> None:
    user = owned.user
    await database.fetch("insert into users (id, username, password_hash) values (%s, %s, '')", (user, user))
    await PostgresFactors(database, seal).set_up(user, "JBSWY3DP", b"salt", [b"h"], ACT)
    idempotency = IdempotencyKeys(database, seal)
    await idempotency.claim(owned.claim, b"hash", str(uuid4()))
    await idempotency.answer(owned.claim, ANSWER)
    hook = Webhook(id=str(uuid4()), owner=user, name="n", url="https://x.test/", host="x.test", events=[])
    await PostgresWebhooks(database, seal).add(hook, "first", ACT, 50)
    await PostgresWebhooks(database, seal).rotate(hook, "second", 60.0, ACT)
    await post(database, seal)


async def _of_crawls(database: Database, seal: Seal, owned: Owned) -> None:
    known = SiteCredential(id=str(uuid4()), owner=owned.user, name="one", kind="basic", host="shop.test")
    await SiteCredentials(database, seal).add(known, SiteSecret(secret="s"), ACT, 200)
    await RunCookies(database, seal).save([owned.kept])
    job = Opening(run_id=str(uuid4()), job_id=str(uuid4()), owner=owned.user, name="shop", dataset="shop",
                  description={"url": "http://shop.test/"}, priority=0, max_pages=1)  # fmt: skip
    await PostgresJobs(database).create(job, ACT)
    await database.fetch("update runs set state = 'completed', finished_at = now() where id = %s", (job.run_id,))
    asked = ExportAsked(job_id=job.job_id, run_id=job.run_id, format="csv", password="locked")
    await PostgresExports(database, seal, mails_of(database)).ask(asked, 9, 10**9, ACT)
