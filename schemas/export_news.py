"""What is told of a file that is made, or will not be: pure."""

from datetime import datetime

from schemas.exports import Export
from schemas.happenings import Happening
from schemas.ids import digest
from schemas.mail import Mail, one_line
from schemas.moments import rfc3339
from schemas.webhooks import EventName, Telling


def ended(export: Export) -> Happening:
    """Its end. The one of a file is one event, however often it is told."""
    event: EventName = "export.completed" if export.state == "completed" else "export.failed"
    at = export.finished_at or export.asked_at
    return Happening(
        event_id=digest(export.id, event), event=event, run_id=export.run_id, at=at, summary=_summary(export),
        data=_data(export, at),
    )  # fmt: skip


def to_asker(export: Export, address: str, home: str) -> Telling:
    """The mail to an account that asked for it. `home` is where the gateway is reached; who follows the address signs
    in there."""
    happened, target = ended(export), f"mail:{address}"
    subject = one_line(f"[Trawl] {one_line(export.name, 60)}: {happened.summary}", 180)
    lines = [f"Job: {one_line(export.name)} ({export.job_id})", f"Run: {export.run_id}", "", *_lines(export, home)]
    kind = happened.event.replace(".", "_")
    return Telling(
        id=digest(happened.event_id, target), event_id=happened.event_id, target=target, event=happened.event,
        job_id=export.job_id, body=subject,
        mail=Mail(kind=kind, recipient=address, subject=subject, text="\n".join(lines) + "\n"),
    )  # fmt: skip


def _summary(export: Export) -> str:
    if export.state == "completed":
        return f"the export {export.filename} is ready"
    return f"the export {export.filename} was NOT made: {export.why}"


def _lines(export: Export, home: str) -> list[str]:
    if export.state != "completed":
        return [f"{export.filename} was not made: {one_line(export.why, 1000)}"]
    lines = [f"{home}{export.path}", "", f"It has {export.records} records and {export.bytes} bytes."]
    if export.expires_at:
        lines.append(f"Sign in to download it. It is kept until {rfc3339(export.expires_at)}.")
    if export.encrypted:
        lines.append("It opens with the password that it was asked for with, which is not kept.")
    return lines


def _data(export: Export, at: datetime) -> dict[str, object]:
    whole = export.state == "completed"
    return {
        "conversion_id": export.id,
        "run_id": export.run_id,
        "job_id": export.job_id,
        "dataset": export.dataset,
        "format": export.format,
        "filename": export.filename,
        "status": export.state,
        "download_url": export.path if whole else None,
        "media_type": export.media_type,
        "size_bytes": export.bytes if whole else None,
        "records": export.records if whole else None,
        "sha256": export.sha256 if whole else None,
        "encrypted": export.encrypted,
        "expires_at": rfc3339(export.expires_at) if export.expires_at else None,
        "error": export.why or None,
        "at": rfc3339(at),
    }
