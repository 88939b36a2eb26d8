"""Who is told of a happening, and in which words: pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.happenings import Happening
from schemas.ids import digest
from schemas.job.notify import Notifications
from schemas.mail import Mail, one_line
from schemas.webhooks import Audience, Telling, Webhook

_SUBJECTS = {
    "run.completed": "completed",
    "run.failed": "FAILED",
    "trend": "trend",
    "records.changed": "records changed",
}
_MOST_BODY = 60_000


def tellings(happened: Happening, audience: Audience) -> Iterator[Telling]:
    """One for each webhook and each address that asked for it."""
    try:
        wanted = Notifications.model_validate(audience.notifications)
    except ValidationError:  # a description from before its notifications had a form
        wanted = Notifications.model_validate({})
    named = {str(one) for one in wanted.webhooks}
    for webhook in audience.webhooks:
        if _wants(webhook, happened, named):
            yield _to_webhook(happened, audience, webhook)
    for address in dict.fromkeys(_addresses(happened, wanted)):
        yield _to_address(happened, audience, address)


def payload(event: str, at: str, data: dict[str, Any]) -> str:
    """What a webhook is sent: type, timestamp and data, as Standard Webhooks proposes."""
    body = orjson.dumps({"type": event, "timestamp": at, "data": data})
    if len(body) > _MOST_BODY:
        slim = {name: value for name, value in data.items() if name not in ("records", "url", "sentence")}
        body = orjson.dumps({"type": event, "timestamp": at, "data": slim | {"cut": True}})
    return body.decode()


def _wants(webhook: Webhook, happened: Happening, named: set[str]) -> bool:
    if webhook.disabled_at is not None or happened.event not in webhook.events:
        return False
    if webhook.created_at is not None and happened.at < webhook.created_at:
        return False
    if not (webhook.all_jobs or webhook.id in named):
        return False
    return happened.event != "trend" or _trend_fits(happened, webhook.kinds, webhook.min_confidence)


def _trend_fits(happened: Happening, kinds: Sequence[str], least: float) -> bool:
    return (not kinds or happened.kind in kinds) and happened.confidence >= least


def _addresses(happened: Happening, wanted: Notifications) -> list[str]:
    if happened.event == "trend":
        notice = wanted.on_trend
        return notice.to if _trend_fits(happened, notice.kinds, notice.min_confidence) else []
    return {
        "run.completed": wanted.on_success,
        "run.failed": wanted.on_failure,
        "records.changed": wanted.on_change,
    }.get(happened.event, [])


def _to_webhook(happened: Happening, audience: Audience, webhook: Webhook) -> Telling:
    target = f"webhook:{webhook.id}"
    data = {"job_id": audience.job_id, "job_name": audience.job_name, **happened.data}
    return Telling(
        id=digest(happened.event_id, target), event_id=happened.event_id, target=target, event=happened.event,
        job_id=audience.job_id, body=payload(happened.event, happened.at.isoformat(), data), webhook_id=webhook.id,
        host=webhook.host,
    )  # fmt: skip


def _to_address(happened: Happening, audience: Audience, address: str) -> Telling:
    target = f"mail:{address}"
    name, what = one_line(audience.job_name, 60), _SUBJECTS[happened.event]
    subject = one_line(f"[Trawl] {name}: {what}: {happened.summary}", 180)
    lines = [
        f"Job: {name} ({audience.job_id})",
        f"Run: {happened.run_id}",
        f"At: {happened.at.isoformat()}",
        "",
        happened.summary[:2000],
        "",
        "Who is told of this job stands in its description, under `notifications`.",
    ]
    mail = Mail(kind=happened.event.replace(".", "_"), recipient=address, subject=subject, text="\n".join(lines) + "\n")
    return Telling(
        id=digest(happened.event_id, target), event_id=happened.event_id, target=target, event=happened.event,
        job_id=audience.job_id, body=subject, mail=mail,
    )  # fmt: skip


def digest_mail(address: str, job_name: str, subjects: Sequence[str]) -> Mail:
    """One mail for all those that were held back."""
    name, count = one_line(job_name, 60), len(subjects)
    shown = [f"- {one_line(subject, 180)}" for subject in subjects[:100]]
    more = [f"- and {count - 100} more"] if count > 100 else []
    text = "\n".join([f"Job: {name}", f"{count} more notices came within an hour:", "", *shown, *more])
    return Mail(kind="digest", recipient=address, subject=f"[Trawl] {name}: {count} more notices", text=text + "\n")
