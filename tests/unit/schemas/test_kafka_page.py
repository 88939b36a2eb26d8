"""docs/kafka.md: every block of it is true. Shell blocks run against real engines elsewhere; here they are read."""

import json
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from schemas import codec
from schemas.examples import example
from schemas.ids import outsider_run_id
from schemas.job import JobDescription
from schemas.topics import DEAD_LETTERS, SCRAPE_REQUESTS, TRENDS
from tests.unit.schemas.validating import validator

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "kafka.md").read_text()
LANGUAGES = {"example": "sh", "message": "json", "headers": "json", "python": "python", "text": "text"}
MARKED = re.findall(r"<!-- (\w+): ([\w-]+) -->\n```(\w+)\n(.*?)```\n", PAGE, re.DOTALL)
BLOCKS = {(kind, name): text for kind, name, _, text in MARKED}


def part_of(part: Any, whole: Any) -> bool:
    """Whether everything in `part` stands in `whole`, at the same place."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and part_of(part[name], whole[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) <= len(whole) and all(map(part_of, part, whole))
    return bool(part == whole)


def test_every_block_is_marked() -> None:
    assert PAGE.count("```") == 2 * len(MARKED)
    assert len(BLOCKS) == len(MARKED)
    assert all(LANGUAGES[kind] == language for kind, _, language, _ in MARKED)


@pytest.mark.parametrize("topic", [name for kind, name in BLOCKS if kind == "message"])
def test_messages_are_events_that_their_schemas_take(topic: str) -> None:
    text = BLOCKS["message", topic]
    codec.decode(topic, text.encode())
    validator(f"{topic}.v1").validate(json.loads(text))


def test_the_request_is_a_job_that_intake_takes() -> None:
    job = JobDescription.model_validate(json.loads(BLOCKS["message", SCRAPE_REQUESTS])["job"])
    assert job.urls == example(SCRAPE_REQUESTS).value["job"]["urls"]


def test_the_records_and_the_dead_letter_are_taken_from_the_examples() -> None:
    assert part_of(json.loads(BLOCKS["message", "clean-records"]), example("clean-records").value)
    assert part_of(json.loads(BLOCKS["headers", DEAD_LETTERS]), example(DEAD_LETTERS).headers)
    assert BLOCKS["text", TRENDS] == example(TRENDS).value["sentence"] + "\n"


def test_the_run_id_is_the_one_that_intake_gives() -> None:
    found: dict[str, Any] = {}
    exec(BLOCKS["python", "run_id"], found)
    assert found["run_id"]("/price-watch", "7") == outsider_run_id("/price-watch", "7")


class Heard:
    """A message as confluent-kafka hands it over."""

    def __init__(self, value: bytes) -> None:
        self.value = lambda: value
        self.error = lambda: None


def test_the_program_for_trends_prints_their_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting, asked = [Heard(example(TRENDS).wire)], []

    class Consumer:
        def __init__(self, settings: dict[str, str]) -> None:
            asked.append(settings["bootstrap.servers"])

        def subscribe(self, topics: list[str]) -> None:
            asked.extend(topics)

        def poll(self, timeout: float) -> Heard | None:
            return waiting.pop() if waiting else None

        def close(self) -> None:
            asked.append("closed")

    client = ModuleType("confluent_kafka")
    vars(client)["Consumer"] = Consumer
    monkeypatch.setitem(sys.modules, "confluent_kafka", client)
    monkeypatch.setenv("TRAWL_KAFKA", "broker:9092")
    exec(BLOCKS["python", "trends"], {})
    assert asked == ["broker:9092", "trends", "closed"]
    assert capsys.readouterr().out == BLOCKS["text", "trends"]


def test_shell_blocks_run_programs_that_are_there() -> None:
    blocks = "".join(text for kind, text in BLOCKS.items() if kind[0] == "example")
    programs = [word for word in shlex.split(blocks, comments=True) if word.startswith("examples/")]
    assert programs == ["examples/publish_request.py", "examples/read_records.py"]
    assert all((ROOT / program).is_file() for program in programs)


def test_the_codes_of_the_page_are_those_of_codec_and_intake() -> None:
    told = {
        code for row in re.findall(r"^\| (`[a-z_`, ]+) \|", PAGE, re.MULTILINE) for code in re.findall(r"[a-z_]+", row)
    }
    known = set()
    for source in ("schemas/codec.py", "streams/intake/stage.py"):
        known |= set(re.findall(r'(?:CodecError|_Refused)\("([a-z_]+)"', (ROOT / source).read_text()))
    assert told == known
