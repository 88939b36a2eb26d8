"""The language of a text, by the model of py3langid."""

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

_DEPTH = 6
"""Bytes of the longest sequence that the model knows: what it has read before them makes no difference to it."""


def language_of(text: str) -> str:
    """The ISO 639-1 code that is likeliest; the same text always has the same.

    The model (some 100 MB) is loaded when the first long text comes: a stage of short records never needs it.
    """
    return str(_identifier().classify(text)[0])


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    class Identifier(LanguageIdentifier):  # type: ignore[misc]
        """The same answers at two thirds of the cost: the library's automaton goes byte by byte, this takes six steps
        for all bytes at once, since no state depends on more; and the table is kept in the precision of its sums."""

        def _raw_score(self, text: bytes) -> npt.NDArray[np.float32]:
            seen = self._sequences(text)
            if not seen:
                return np.full(len(self.nb_classes), np.finfo(np.float32).min, dtype=np.float32)
            scores: npt.NDArray[np.float32] = self._sparse_score(Counter(seen), self.nb_ptc)
            return scores

        def _sequences(self, text: bytes) -> list[int]:
            """The known sequences that end at each byte, in order."""
            letters = np.frombuffer(bytes(_DEPTH - 1) + text, dtype=np.uint8).astype(np.intp)
            states: npt.NDArray[Any] = np.zeros(len(text), dtype=np.intp)
            for start in range(_DEPTH):
                states = moves.take(rows.take(states) + letters[start : start + len(text)])
            found = ends.take(states)
            known: list[int] = found[found >= 0].tolist()
            return known

    identifier = Identifier.from_model_file(MODEL_FILE)
    identifier.nb_ptc = identifier.nb_ptc.astype(np.float32)
    moves = np.frombuffer(identifier.tk_nextmove, dtype=np.uint32)
    rows, ends = np.asarray(identifier._rowbase, dtype=np.intp), np.asarray(identifier.tk_output, dtype=np.intp)
    return identifier
