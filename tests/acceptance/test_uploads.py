"""Records from outside: 10,000 in one call, SIGKILL to the stage that takes them, and exactly they are stored; a dead
letter is sent again."""

import json
import uuid

from confluent_kafka import Producer

from tests.acceptance.system import System, until


def test_what_was_answered_is_stored_once_whatever_is_killed(system: System) -> None:
    dataset = f"up-{uuid.uuid4().hex[:8]}"
    lines = [json.dumps({"sku": f"S-{n}", "cost": f"£{n}.50"}) for n in range(9_998)] + ['{"cost":"£1"}', "{oops"]
    with system.client() as client:
        answer = client.post(
            "/api/v1/records",
            params={"dataset": dataset, "key": "sku", "fields": "sku:text,cost:price"},
            content="\n".join(lines),
            headers={"Content-Type": "application/jsonl"},
            timeout=60,
        )
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["accepted"], told["rejected"], told["errors"][0]["line"]) == (9_999, 1, 10_000)
    pid = system.kill("uploads")

    job = system.ended(told["job_id"])
    until("uploads is back", lambda: system.restarted("uploads", pid))
    counts = job["counts"]
    assert (job["status"], counts["extracted"], counts["stored"], counts["rejected"]) == ("completed", 9_999, 9_999, 0)
    [(rows, distinct, keys, total)] = system.query(
        "select count(), uniqExact(id), uniqExact(key), sum(numbers['cost']) from records where dataset = {d:String}",
        d=dataset,
    )
    assert (int(rows), int(distinct), int(keys)) == (9_999, 9_999, 9_999)
    assert total == sum(n + 0.5 for n in range(9_998)) + 1
    [(worst, best)] = system.query(
        "select min(quality), max(completeness) from records where dataset = {d:String}", d=dataset
    )
    assert (float(worst) < 100, float(best)) == (True, 100.0)


def test_a_message_that_nobody_could_use_is_found_and_sent_again_once(system: System) -> None:
    reason = f"no dataset {uuid.uuid4().hex[:8]}"
    producer = Producer({"bootstrap.servers": system.endpoint("kafka")})
    producer.produce("uploads", json.dumps({"dataset": "", "records": [{"note": reason}]}).encode())
    producer.flush(30)
    with system.client() as client:

        def found() -> str | None:
            listed = client.get("/api/v1/dead-letters", params={"stage": "uploads"}).json()["letters"]
            whole = [client.get(f"/api/v1/dead-letters/{one['id']}").json() for one in listed]
            return next((one["id"] for one in whole if reason in one["value"]), None)

        letter = until("the letter is there", found)
    listed = system.trawl("dead-letters", "list", "--stage", "uploads", "--limit", "1000")
    assert listed.returncode == 0 and letter in listed.stdout, listed
    shown = system.trawl("dead-letters", "show", letter)
    assert shown.returncode == 0 and "topic: uploads" in shown.stdout and reason in shown.stdout, shown
    sent = [system.trawl("dead-letters", "replay", letter) for _ in range(2)]
    said = ["It is in uploads again since", "It was sent before; it is in uploads again since"]
    assert [once.stdout.partition(" 2")[0] for once in sent] == said, sent
    nobody = system.trawl("dead-letters", "show", str(uuid.uuid4()))
    assert nobody.returncode == 5 and nobody.stderr.startswith("trawl: "), nobody
    until("it failed once more, and only once", lambda: _letters(system, reason) == 2)


def _letters(system: System, reason: str) -> int:
    return int(
        system.query("select uniqExact(id) from dead_letters where position(value, {r:String}) > 0", r=reason)[0][0]
    )


def test_a_catalogue_that_is_sent_every_night_is_compared_with_the_night_before(system: System) -> None:
    dataset = f"nightly-{uuid.uuid4().hex[:8]}"

    def sent(prices: dict[str, str]) -> dict[str, list[str]]:
        """The keys of each kind of mark of one upload."""
        lines = "\n".join(["sku,cost", *(f"{sku},{price}" for sku, price in prices.items())])
        asked = {"dataset": dataset, "key": "sku", "fields": "cost:price", "memory": "true"}
        with system.client() as client:
            kind = {"Content-Type": "text/csv"}
            told = client.post("/api/v1/records", params=asked, content=lines, headers=kind).json()
            assert system.ended(told["job_id"])["counts"]["stored"] == len(prices)
            place = f"/api/v1/jobs/{told['job_id']}/marks"
            found = until("its marks are there", lambda: client.get(place).json()["marks"])
        states: dict[str, list[str]] = {}
        for mark in sorted(found, key=lambda mark: str(mark["key"])):
            states.setdefault(mark["state"], []).append(mark["key"])
        return states

    assert sent({"a": "£1", "b": "£2", "c": "£3"}) == {"new": ["a", "b", "c"]}
    assert sent({"a": "£1", "b": "£9", "d": "£4"}) == {"changed": ["b"], "new": ["d"]}
    producer = Producer({"bootstrap.servers": system.endpoint("kafka")})
    rules = {"key": ["sku"], "fields": {"cost": {"type": "price"}}, "trends": {"memory": True}}
    theirs = {"dataset": dataset, "records": [{"sku": "a", "cost": "£7"}], "rules": rules}
    named: dict[str, str | bytes | None] = {"ce_source": dataset, "ce_id": "1"}
    producer.produce("uploads", json.dumps(theirs).encode(), key=dataset.encode(), headers=named)
    producer.flush(30)
    asked = "select key, state from record_marks final where dataset = {d:String} and run_id not in"
    others = f"{asked} (select run_id from record_marks where dataset = {{d:String}} and state = 'changed')"
    until("an outsider's record is new to it", lambda: system.query(others, d=dataset).count(("a", "new")) == 2)
    assert sent({"a": "£1", "b": "£9", "c": "£3", "d": "£5"}) == {"changed": ["d"]}, (
        "and none of ours has changed by it"
    )
