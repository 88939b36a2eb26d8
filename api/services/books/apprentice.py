"""A process of its own that learns one model and then says what it is asked: libraries that take seconds to load and
processors to learn must not hold up the gateway's requests.

Lines of JSON: first `{"target", "features"}`, answered with the model's kind, scores and number of books, or null where
there is too little to learn from; then lists of features, each answered with the list of values. It ends with its
input, and so with whoever began it.
"""

import sys
from typing import BinaryIO

import msgspec

from api.services.books.features import Features, Target
from api.services.books.models import trained


class Lesson(msgspec.Struct):
    """What is to be learnt."""

    target: Target
    features: list[Features]


class Learnt(msgspec.Struct):
    """What came of it."""

    kind: str
    scores: dict[str, float]
    books: int


def serve(asked: BinaryIO, told: BinaryIO) -> None:
    """Until the input ends."""
    lesson = msgspec.json.decode(asked.readline(), type=Lesson)
    model = trained(lesson.features, lesson.target)
    _tell(told, Learnt(model.kind, model.scores, model.books) if model else None)
    while model and (line := asked.readline()):
        _tell(told, model.say(msgspec.json.decode(line, type=list[Features])))


def _tell(told: BinaryIO, answer: object) -> None:
    told.write(msgspec.json.encode(answer) + b"\n")
    told.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
