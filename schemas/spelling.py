"""How one run writes its URLs: without session ids, and with the query parameters that its job wants.

Applied to canonical URLs, before they are known by their fingerprints. Session ids are those that Heritrix and pywb
take out of what they compare (`StripSessionIDs`, `AggressiveUrlCanonicalizer`): a site that writes one into each link
would otherwise be a new site on every visit. Names that only sessions have go whatever their value, those that others
use too (`sid`) only with a value that nobody typed.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

_ONLY_SESSIONS = "jsessionid|phpsessid|aspsessionid[a-z]*|cfid|cftoken|oscsid|zenid|xtcsid"
_SIGNS = ("sid", "sess", "cfid", "cftoken", "zenid")
"""One of these is in every name of a session's parameter: looking for them is cheaper than for the names."""

_IS_SESSION = re.compile(
    rf"(?:{_ONLY_SESSIONS})(?:=.*)?|(?:sid|sess|sessid|session|session_?id)=(?=[^=]*[0-9])[0-9a-z_-]{{20,}}",
    re.IGNORECASE,
).fullmatch
_IN_PATH = re.compile(
    rf";(?:{_ONLY_SESSIONS}|sid)=[^/;?]*|/\((?:[a-z]\([0-9a-z_-]{{20,}}\))+\)(?=/)", re.IGNORECASE
).sub


class Spelling:
    """`strip` names parameters that are taken out (`*` is all), `keep`, where given, the only ones that stay."""

    def __init__(self, strip: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
        self._strip = frozenset(strip)
        self._keep = frozenset(keep)
        self._chooses = bool(self._strip or self._keep)

    def of_link(self, url: str) -> str:
        """The run's spelling of a canonical URL that a page or a source names."""
        if "?" not in url and ";" not in url and "/(" not in url:
            return url
        if not self._chooses and "/(" not in url:
            lower = url.lower()
            for sign in _SIGNS:
                if sign in lower:
                    break
            else:
                return url
        head, _, query = url.partition("?")
        head = _IN_PATH("", head)
        kept = [pair for pair in query.split("&") if pair and self._wanted(pair) and not _IS_SESSION(pair)]
        return f"{head}?{'&'.join(kept)}" if kept else head

    def of_seed(self, url: str) -> str:
        """That of a URL that the job names: what the job says of parameters holds for it, but a session that a person
        wrote down is meant."""
        if "?" not in url or not self._chooses:
            return url
        head, _, query = url.partition("?")
        kept = [pair for pair in query.split("&") if self._wanted(pair)]
        return f"{head}?{'&'.join(kept)}" if kept else head

    def _wanted(self, pair: str) -> bool:
        if not self._chooses:
            return True
        name = pair.partition("=")[0]
        if "%" in name or "+" in name:
            name = unquote_plus(name)
        if self._keep:
            return name in self._keep and name not in self._strip
        return "*" not in self._strip and name not in self._strip
