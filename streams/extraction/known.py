"""The links that need not be told again: the frontier is known to hold their rows.

On a usual site nearly every link of a page leads to a page that is already known, and to say so to PostgreSQL 45 times
a page is most of what closing a task costs. A row is never taken out of the frontier, so what was once written stays
true, whoever else writes; what is forgotten here is only told once more.
"""

from collections import OrderedDict
from dataclasses import replace

from schemas.closings import Closing

MOST_LINKS = 200_000
"""Links remembered over all runs: some 40 MB."""


class KnownLinks:
    """Per run the fingerprints of rows and the depth at which they were told; the run used least lately is forgotten
    first, and a run that fills it alone begins anew."""

    def __init__(self, most: int = MOST_LINKS) -> None:
        self._most = most
        self._runs: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._size = 0

    def unknown(self, closing: Closing) -> Closing:
        """The closing with those links alone that are new, or nearer to a seed than they were known to be."""
        known = self._runs.get(closing.run_id)
        if not known or not closing.links:
            return closing
        return replace(
            closing, links=[link for link in closing.links if link.depth < known.get(link.url_fp, link.depth + 1)]
        )

    def written(self, closing: Closing) -> None:
        """The transaction that held this closing is committed."""
        if not closing.links:
            return
        known = self._runs.setdefault(closing.run_id, {})
        self._runs.move_to_end(closing.run_id)
        self._size -= len(known)
        known |= {link.url_fp: link.depth for link in closing.links}
        self._size += len(known)
        while self._size > self._most:
            self._size -= len(self._runs.popitem(last=False)[1])
