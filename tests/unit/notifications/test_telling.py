"""What is worth telling, to whom, in which words; and how it is signed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import orjson
import pytest
from pydantic import ValidationError

from schemas.events import RecordMarks, RunEvent, Trend
from schemas.events.marks import Mark
from schemas.export_news import ended, to_asker
from schemas.exports import Export
from schemas.happenings import happening
from schemas.job import JobDescription
from schemas.webhooks import Audience, EventName, Telling, Webhook, new_secret, signature, signed_headers
from streams.notifications.choosing import digest_mail, tellings

AT = "2026-07-01T10:00:00.000Z"
MADE = datetime(2026, 6, 1, tzinfo=UTC)
EVERYTHING = list(get_args(EventName))


def run_event(state: Any = "failed", kind: Any = "state", reason: str = "no page was fetched") -> RunEvent:
    return RunEvent(id="e1", run_id="r", job_id="j", dataset="d", kind=kind, state=state, at=AT, reason=reason)


def trend(kind: Any = "spike", phase: Any = "began", confidence: float = 0.8) -> Trend:
    return Trend(id="t1", dataset="d", run_id="r", record_key="k", field="price", series="s", kind=kind, direction="up",
                 score=9.0, confidence=confidence, before=1.0, after=2.0, change=1.0, at=AT, record_id="x", phase=phase,
                 sentence="price of k rose from 1 to 2")  # fmt: skip


def marks(*states: Any) -> RecordMarks:
    found = [Mark(record_id=str(n), key=str(n), state=state) for n, state in enumerate(states)]
    return RecordMarks(id="m1", dataset="d", run_id="r", job_id="j", at=AT, marks=found)


def audience(notifications: dict[str, Any] | None = None, *webhooks: Webhook, name: str = "shop") -> Audience:
    return Audience(run_id="r", job_id="j", job_name=name, notifications=notifications or {}, webhooks=list(webhooks))


def webhook(**change: Any) -> Webhook:
    usual = {"id": "w1", "owner": "o", "name": "ops", "url": "https://x.test/", "host": "x.test", "events": EVERYTHING,
             "created_at": MADE}  # fmt: skip
    return Webhook(**{**usual, **change})


def told(event: object, who: Audience) -> list[Telling]:
    found = happening(event)
    return list(tellings(found, who)) if found else []


@pytest.mark.parametrize(
    "event",
    [run_event("running"), run_event("completed", "progress"), trend(phase="ended"), marks(),
     marks("repeat", "similar"), object()],
)  # fmt: skip
def test_what_is_not_worth_telling(event: object) -> None:
    assert happening(event) is None


def test_addresses_are_told_of_what_they_asked_for() -> None:
    who = audience({"on_success": ["a@x.test"], "on_failure": ["b@x.test", "c@x.test", "b@x.test"],
                    "on_trend": ["d@x.test"], "on_change": "e@x.test"})  # fmt: skip

    def addresses(event: object) -> list[str]:
        return [one.target for one in told(event, who)]

    assert addresses(run_event("completed")) == ["mail:a@x.test"]
    assert addresses(run_event("failed")) == ["mail:b@x.test", "mail:c@x.test"]
    assert addresses(run_event("cancelled")) == []
    assert addresses(trend()) == ["mail:d@x.test"]
    assert addresses(marks("new", "gone", "changed", "changed")) == ["mail:e@x.test"]
    (mail,) = [one.mail for one in told(marks("new", "gone", "changed", "changed"), who)]
    assert mail and mail.subject == "[Trawl] shop: records changed: 2 changed, 1 gone, 1 new"


def test_trends_are_chosen_by_kind_and_confidence() -> None:
    notice = {"on_trend": {"to": ["a@x.test"], "kinds": ["shift"], "min_confidence": 0.7}}
    hook = webhook(kinds=["shift"], min_confidence=0.7)
    for kind, confidence, count in (("shift", 0.8, 2), ("spike", 0.8, 0), ("shift", 0.6, 0)):
        assert len(told(trend(kind, confidence=confidence), audience(notice, hook))) == count


def test_webhooks_are_told_of_their_events_and_jobs_since_they_were_made() -> None:
    named = {"webhooks": ["0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"]}
    own = webhook(id="0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10", all_jobs=False)
    assert len(told(run_event(), audience({}, webhook()))) == 1
    assert len(told(run_event(), audience(named, own))) == 1
    for silent in (
        own,
        webhook(events=["trend"]),
        webhook(disabled_at=MADE),
        webhook(created_at=MADE + timedelta(days=60)),
    ):
        assert told(run_event(), audience({}, silent)) == [], silent


def export(**change: Any) -> Export:
    usual = {"id": "x1", "job_id": "j", "run_id": "r", "owner": "o", "dataset": "d", "name": "shop", "format": "csv",
             "variant": "", "filename": "shop.csv", "state": "completed", "asked_by": "o", "asked_at": MADE,
             "finished_at": MADE + timedelta(days=1), "expires_at": MADE + timedelta(days=8), "records": 3, "bytes": 99,
             "sha256": "ff"}  # fmt: skip
    return Export(**{**usual, **change})


def test_the_end_of_a_file_is_told_to_webhooks_that_ask_for_it() -> None:
    broken = export(state="failed", why="too large")
    for one, name in ((export(), "export.completed"), (broken, "export.failed")):
        (hook,) = tellings(ended(one), audience({"on_success": ["a@x.test"]}, webhook(events=[name])))
        assert list(tellings(ended(one), audience({}, webhook(events=["run.completed"])))) == []
        body = orjson.loads(hook.body)
        assert (body["type"], body["data"]["conversion_id"], body["data"]["job_name"]) == (name, "x1", "shop")
        assert hook.id == next(tellings(ended(one), audience({}, webhook()))).id, "the same, however often"
    assert body["data"]["download_url"] is None and body["data"]["error"] == "too large"
    made = ended(export()).data
    assert (made["download_url"], made["records"]) == ("/api/v1/exports/j/shop.csv", 3)


def test_whoever_asked_is_mailed_the_address_and_how_long_it_is_kept() -> None:
    mail = to_asker(export(encrypted=True), "a@x.test", "https://trawl.test").mail
    assert mail and mail.recipient == "a@x.test" and mail.subject == "[Trawl] shop: the export shop.csv is ready"
    for part in (
        "https://trawl.test/api/v1/exports/j/shop.csv\n",
        "Sign in",
        "until 2026-06-09T00:00:00.000Z",
        "password",
    ):
        assert part in mail.text
    broken = to_asker(export(state="failed", why="too\r\nlarge"), "a@x.test", "https://trawl.test").mail
    assert broken and "/api/" not in broken.text and "too large" in broken.text and broken.subject.isprintable()
    assert to_asker(export(), "a@x.test", "x").id == to_asker(export(), "a@x.test", "x").id


def test_an_event_told_again_is_the_same_telling() -> None:
    who = audience({"on_failure": ["a@x.test"]}, webhook())
    assert [one.id for one in told(run_event(), who)] == [one.id for one in told(run_event(), who)]
    assert len({one.id for one in told(run_event(), who)}) == 2
    (hook, _) = told(run_event(), who)
    body = orjson.loads(hook.body)
    assert body["type"] == "run.failed" and body["data"]["job_name"] == "shop" and body["data"]["reason"]


def test_somebodys_words_cannot_break_out_of_a_mail() -> None:
    evil = "shop\r\nBcc: all@x.test\u2028\x00"
    who = audience({"on_failure": ["a@x.test"]}, name=evil)
    ((one),) = told(run_event(reason=evil * 100), who)
    assert one.mail and one.mail.subject.isprintable() and len(one.mail.subject) <= 200
    summed = digest_mail("a@x.test", evil, [evil] * 150)
    assert summed.subject.isprintable() and "150 more" in summed.subject and "and 50 more" in summed.text


def test_a_large_body_is_cut_and_says_so() -> None:
    many = [Mark(record_id=str(n), key="k" * 4000, state="new") for n in range(30)]
    event = RecordMarks(id="m", dataset="d", run_id="r", job_id="j", at=AT, marks=many)
    (one,) = told(event, audience({}, webhook()))
    assert len(one.body) < 60_000 and orjson.loads(one.body)["data"]["cut"] is True


def test_signatures_are_those_of_standard_webhooks() -> None:
    # The example of the specification's reference libraries.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    old, new = new_secret(), new_secret()
    assert old != new and len(base64.b64decode(old.removeprefix("whsec_"))) == 32
    headers = dict(signed_headers([new, old], "id", 5, body))
    wanted = hmac.new(base64.b64decode(old[6:]), b"id.5." + body, hashlib.sha256).digest()
    assert headers["webhook-signature"].split(" ")[1] == "v1," + base64.b64encode(wanted).decode()


@pytest.mark.parametrize(
    "given",
    [{"on_success": ["a@x.test\r\nBcc: b@x.test"]}, {"on_success": ["nobody"]}, {"on_success": ["a@x.test"] * 21},
     {"on_trend": {"to": ["a@x.test"], "kinds": ["dip"]}}, {"webhooks": ["not an id"]}, {"sms": ["1"]},
     {"on_trend": 5}],
)  # fmt: skip
def test_what_is_no_notification_is_refused_with_its_field(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        JobDescription.model_validate({"url": "http://x.test/", "notifications": given})
    assert all(error["loc"][0] == "notifications" for error in refused.value.errors())
