"""Media types: which one a response says that it is, and which a job wants."""

from collections.abc import Sequence


def media_type(headers: Sequence[tuple[str, str]]) -> str:
    """What a response declares itself to be, without parameters, in lower case; empty where it does not say."""
    declared = next((value for name, value in headers if name.lower() == "content-type"), "")
    return declared.partition(";")[0].strip().lower()


def unwanted(headers: Sequence[tuple[str, str]], wanted: Sequence[str]) -> str:
    """Why the job does not want a page of this type, as a sentence; empty where it does, or leaves it open.

    `wanted` are media types, or all of a kind (`image/*`). A page that does not say what it is is looked at.
    """
    media = media_type(headers)
    if not wanted or not media:
        return ""
    if media in wanted or f"{media.partition('/')[0]}/*" in wanted:
        return ""
    return f"The page is {media[:100]}; the job wants {', '.join(wanted)}."
