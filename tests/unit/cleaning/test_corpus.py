"""However cleaning is made faster, it answers a corpus of every kind of batch with the same bytes."""

from tests.unit.cleaning.corpus import batch, fingerprint

SAID = "aed558b2a9cb2aa98ed9114e9da915c62b5eacd3e59f25db5b215568f17a1489"
"""Of the cleaning that went record by record, but for the language: that of one long text. A change of what cleaning
says changes it: say why in the commit."""


def test_a_corpus_of_every_kind_of_batch_has_the_bytes_that_it_had() -> None:
    assert sum(len(batch(seed).records) for seed in range(120)) > 1000
    assert fingerprint(range(120)) == SAID
