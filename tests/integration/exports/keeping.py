"""Both sides of what exports are kept in, as their mains put them together."""

import secrets

from infra.postgres.export_news import ExportMails, ExportNews
from infra.postgres.export_work import ExportWork
from infra.postgres.exports import PostgresExports
from infra.postgres.mailbox import Mailbox
from infra.postgres.notifications import PostgresTellings
from infra.postgres.pool import Database
from infra.sealing import Seal
from streams.notifications.choosing import tellings

SEAL_KEY = secrets.token_urlsafe(32)
SEAL = Seal(SEAL_KEY)
HOME = "https://trawl.test"


def mails_of(database: Database) -> ExportMails:
    return ExportMails(PostgresTellings(database, Mailbox(SEAL)), HOME)


def exports_of(database: Database) -> PostgresExports:
    return PostgresExports(database, SEAL, mails_of(database))


def work_of(database: Database, seal: Seal = SEAL) -> ExportWork:
    news = ExportNews(PostgresTellings(database, Mailbox(SEAL)), mails_of(database), tellings)
    return ExportWork(database, seal, news, lease=60, keep=60, most=9, most_bytes=10**9)
