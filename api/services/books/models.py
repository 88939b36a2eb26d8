"""Training and scoring: pure, and slow enough to be done in a thread.

Two kinds are tried by cross-validation and the better one is kept: ridge regression, and gradient-boosted trees. Beside
every score stands that of always saying the mean, so that nobody takes a model for more than it is (prices and
ratings of books.toscrape.com are drawn at random: nothing can predict them).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from api.services.books.features import Features, Target, answer_of, learnt_from

LEAST_BOOKS = 20
FOLDS = 5
_GENERATION = "1"
"""Changes with the way of training, so that a version names one model for ever."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model of one target. `scores` were cross-validated: mae, rmse, r2 and `baseline_mae`, that of the mean."""

    target: Target
    version: str
    kind: str
    scores: dict[str, float]
    books: int
    model: Any

    def say(self, features: Sequence[Features]) -> list[float]:
        """A value for each."""
        return [float(value) for value in self.model.predict([learnt_from(one, self.target) for one in features])]


def version_of(features: Sequence[Features], target: Target) -> str:
    """The same for the same books and way of training: 12 hexadecimal digits."""
    return xxhash.xxh3_64_hexdigest(repr((_GENERATION, target, features)).encode())[:12]


def trained(features: Sequence[Features], target: Target) -> Trained | None:
    """The better kind of model, by mean absolute error over five folds; None with fewer than 20 books that have an
    answer."""
    from sklearn.model_selection import KFold, cross_val_predict  # a second to load, for the few who ask for it

    known = [(learnt_from(one, target), answer) for one in features if (answer := answer_of(one, target)) is not None]
    if len(known) < LEAST_BOOKS:
        return None
    given, answers = [one for one, _ in known], np.array([answer for _, answer in known])
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    tried = [
        (score(answers, cross_val_predict(model, given, answers, cv=folds)), kind, model)
        for kind, model in _kinds().items()
    ]
    scores, kind, model = min(tried, key=lambda one: one[0]["mae"])
    return Trained(target, version_of(features, target), kind, scores, len(known), model.fit(given, answers))


def score(answers: Any, said: Any) -> dict[str, float]:
    """Mean absolute error, root of the mean squared error, share of the variance explained (1 is all, 0 that of the
    mean), and the mean absolute error of always saying the mean."""
    answers, said = np.asarray(answers, float), np.asarray(said, float)
    missed = answers - said
    spread = float(np.sum((answers - answers.mean()) ** 2))
    found = {
        "mae": float(np.mean(np.abs(missed))),
        "rmse": math.sqrt(float(np.mean(missed**2))),
        "r2": 1.0 - float(np.sum(missed**2)) / spread if spread else 0.0,
        "baseline_mae": float(np.mean(np.abs(answers - answers.mean()))),
    }
    return {name: round(value, 4) for name, value in found.items()}


def _kinds() -> dict[str, Any]:
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    # Of the two kinds of boosted trees the one without threads of its own: those would take the gateway's cores.
    trees = GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=0)
    return {
        "ridge": make_pipeline(DictVectorizer(sparse=False), MaxAbsScaler(), Ridge()),
        "trees": make_pipeline(DictVectorizer(sparse=False), trees),
    }
