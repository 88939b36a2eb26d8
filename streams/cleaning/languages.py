"""The language of a text, by py3langid."""


def language_of(text: str) -> str:
    """The ISO 639-1 code that is likeliest; the same text always has the same.

    The model (some 40 MB) is loaded when the first long text comes: a stage of short records never needs it.
    """
    from py3langid import classify  # type: ignore[import-untyped]

    return str(classify(text)[0])
