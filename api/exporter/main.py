"""`trawl exporter`."""

import contextlib
from datetime import timedelta

from api.exporter.service import Exporter
from infra import notify
from infra.blobs.files import BlobFiles
from infra.blobs.store import Blobs
from infra.clickhouse.export_rows import ExportRows
from infra.kafka.publisher import Publisher
from infra.postgres.export_news import ExportMails, ExportNews
from infra.postgres.export_work import ExportWork, blob_of
from infra.postgres.mailbox import Mailbox
from infra.postgres.notifications import PostgresTellings
from infra.postgres.pool import Database
from infra.process import entered, process, reporting
from infra.sealing import Seal
from infra.settings import Settings
from streams.notifications.choosing import tellings

_LEASE_S = 15.0


async def serve(settings: Settings) -> None:
    """Makes files until SIGTERM; any number of these may run."""
    seal = Seal(lambda: settings.secret("seal_key"))
    async with process("exporter", settings) as stopping, contextlib.AsyncExitStack() as stack:
        postgres = settings.address("postgres")
        database = await entered(stack, lambda: Database(postgres, application_name="trawl-exporter"), "PostgreSQL")
        publisher = await entered(stack, lambda: Publisher(settings.address("kafka"), "exporter"), "Kafka")
        files = await stack.enter_async_context(BlobFiles(Blobs.of(settings.blobs, settings.data)))
        rows = await stack.enter_async_context(ExportRows(settings.address("clickhouse")))
        await stack.enter_async_context(reporting("exporter", publisher))
        keep = timedelta(days=settings.export_days)
        told = PostgresTellings(database, Mailbox(seal))
        work = ExportWork(
            database,
            seal,
            ExportNews(told, ExportMails(told, settings.home_url), tellings),
            lease=_LEASE_S,
            keep=keep.total_seconds(),
            most=settings.exports_per_user,
            most_bytes=settings.export_bytes_per_user,
        )
        exporter = Exporter(
            work,
            rows,
            files,
            folder=settings.data / "exporting",
            most_bytes=settings.export_bytes,
            place=blob_of,
            lease_s=_LEASE_S,
            # A day later than any row can still show it.
            sweep=lambda: files.sweep("exports", keep + timedelta(days=1)),
        )
        notify.ready("making files")
        await exporter.run(stopping)
