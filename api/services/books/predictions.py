"""Predictions: by models that are trained here when they are first asked for, and by those of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict, invalid
from api.ports import Editions
from api.services.books.apprentice import Learnt
from api.services.books.catalogue import Catalogue
from api.services.books.features import Features, Target, answer_of, features_of
from api.services.books.models import LEAST_BOOKS, score, version_of
from api.services.books.workshop import Workshop
from schemas.books import Edition, ModelRow

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model of ours said: which one, and a value for each book."""

    target: Target
    version: str
    learnt: Learnt
    pairs: list[tuple[Features, float]]


class Predictions:
    """One model of each target is kept, that of the newest catalogue; it is learnt when it is first asked for."""

    def __init__(self, catalogue: Catalogue, editions: Editions, workshop: Workshop) -> None:
        self._catalogue = catalogue
        self._editions = editions
        self._workshop = workshop

    async def of_books(self, target: Target, book_ids: Sequence[int], visit: Visit) -> Spoken:
        """What the model says of books of the catalogue. ApiError 422 for one that is not in it."""
        edition, features = await self._features()
        wanted = [_known(features, book_id, f"book_ids.{place}") for place, book_id in enumerate(book_ids)]
        return await self._spoken(target, edition, features, wanted, visit)

    async def of_features(self, target: Target, wanted: Sequence[Features], visit: Visit) -> Spoken:
        """What the model says of books that nobody has yet."""
        edition, features = await self._features()
        return await self._spoken(target, edition, features, wanted, visit)

    async def _spoken(
        self, target: Target, edition: Edition, features: Mapping[int, Features], wanted: Sequence[Features],
        visit: Visit,
    ) -> Spoken:  # fmt: skip
        """ApiError 409 with too few books to learn from."""
        everything = list(features.values())
        version = version_of(everything, target)
        answer = await self._workshop.ask(target, version, everything, wanted)
        if answer is None:
            raise conflict("target", f"A model needs {LEAST_BOOKS} books whose {target} is known; read more.")
        learnt, said = answer
        row = _row(f"books-{target}", version, target, edition, learnt.scores, learnt.books)
        act = visit.act(SYSTEM, "model_trained", f"{row.name} {row.version}", **learnt.scores)
        await self._editions.add_model(SYSTEM, replace(row, origin="trained"), {}, act)
        return Spoken(target, version, learnt, list(zip(wanted, said, strict=True)))

    async def outside(
        self, caller: Caller, target: Target, name: str, version: str, said: Mapping[int, float], visit: Visit
    ) -> tuple[ModelRow, list[tuple[Features, float]]]:
        """Keeps and scores what somebody else's model said of books of the catalogue. ApiError 422 for a book that is
        not in it or whose answer nobody knows, 409 for a version that the caller has sent before."""
        edition, features = await self._features()
        pairs, answers = [], []
        for place, (book_id, value) in enumerate(said.items()):
            known = _known(features, book_id, f"predictions.{place}.book_id")
            answer = answer_of(known, target)
            if answer is None:
                raise invalid(f"predictions.{place}.book_id", f"The {target} of this book is not known.")
            pairs.append((known, value))
            answers.append(answer)
        scores = score(answers, [value for _, value in pairs])
        row = _row(name, version, target, edition, scores, len(pairs))
        act = visit.act(caller.user_id, "model_submitted", f"{name} {version}"[:200], predicts=target, **scores)
        if not await self._editions.add_model(caller.user_id, row, said, act):
            raise conflict("model.version", "You have sent predictions of this version before; give it a new one.")
        return row, pairs

    async def models(self, caller: Caller, limit: int, offset: int) -> tuple[list[ModelRow], int]:
        """Versions that are the product's or the caller's, the newest first, and how many there are; everybody's for
        who sees everything."""
        owners = None if caller.owner_filter is None else (SYSTEM, caller.user_id)
        return await self._editions.models(owners, limit, offset)

    async def _features(self) -> tuple[Edition, dict[int, Features]]:
        edition, books = await (await self._catalogue.shelf()).all()
        return edition, {book.id: features_of(book) for book in books}


def _known(features: Mapping[int, Features], book_id: int, place: str) -> Features:
    if book_id not in features:
        raise invalid(place, f"There is no book {book_id} in the catalogue.", "NOT_FOUND")
    return features[book_id]


def _row(
    name: str, version: str, target: Target, edition: Edition, scores: Mapping[str, float], books: int
) -> ModelRow:
    return ModelRow(
        name=name,
        version=version,
        target=target,
        origin="outside",
        run_id=edition.run_id,
        scores=dict(scores),
        books=books,
    )
