"""Malformed JSON, an unknown version, a wrong type on any topic: a dead letter, and the stage goes on."""

import itertools

import orjson
from confluent_kafka import Message, Producer

from schemas.topics import topics
from tests.acceptance.system import Site, System, until

READ = [name for name, topic in topics().items() if topic.struct is not None and name != "uploads"]
BAD = {
    "malformed": b'{"version": 1, "id": ',
    "unknown_version": b'{"version": 99}',
    "invalid": b'{"version": 1, "id": 7, "run_id": 7, "url": 7}',
    "not_text": b"\xff\xfe\x00poison",
}


def publish(system: System, topic: str, value: bytes) -> tuple[int, int]:
    """(partition, offset), as the broker gave them."""
    places: list[tuple[int, int]] = []

    def delivered(error: object, message: Message) -> None:
        assert error is None, error
        places.append((int(message.partition() or 0), int(message.offset() or 0)))

    producer = Producer({"bootstrap.servers": system.endpoint("kafka")})
    producer.produce(topic, value, on_delivery=delivered)
    producer.flush(30)
    return places[0]


def test_each_bad_message_is_a_dead_letter_and_each_stage_goes_on(system: System, site: Site) -> None:
    sent = {
        (topic, *publish(system, topic, value)): (kind, value)
        for topic, (kind, value) in itertools.product(READ, BAD.items())
    }

    def letters() -> dict[tuple[str, int, int], tuple[str, str, str, str]]:
        rows = system.query("select topic, partition, offset, stage, code, reason, value from dead_letters")
        found = {(topic, partition, offset): rest for topic, partition, offset, *rest in rows}
        assert len(rows) == len(found), "a letter is stored twice"
        missing = sent.keys() - found.keys()
        assert not missing, sorted(missing)[:5]
        return {place: tuple(rest) for place, rest in found.items()}

    found = until("every letter is stored", letters)
    for place, (kind, value) in sent.items():
        stage, code, reason, kept = found[place]
        assert stage and reason
        if kind != "not_text":
            assert kept.encode() == value
            assert code == kind, (place, code, reason)
        else:
            assert kept.startswith("base64:")
    job = system.ended(system.scrape({"url": f"{site.url}/", "dataset": "after", "options": {"delay": 0}}))
    assert job["status"] == "completed"
    assert job["counts"]["stored"] == 1


def test_a_wrong_job_names_every_wrong_field_in_its_letter(system: System) -> None:
    job = {"urls": ["ftp://example.com/"], "options": {"delay": -1}, "nonsense": True}
    topic = "scrape-requests"
    partition, offset = publish(system, topic, orjson.dumps({"version": 1, "job": job}))

    def letter() -> tuple[str, str] | None:
        rows = system.query(
            "select code, reason from dead_letters where topic = {t:String} and partition = {p:UInt16} "
            "and offset = {o:UInt64}", t=topic, p=partition, o=offset)  # fmt: skip
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    code, reason = until("the letter is stored", letter)
    assert code == "invalid_job"
    assert "urls.0" in reason
    assert "options.delay" in reason
    assert "nonsense" in reason
