"""However cleaning is made faster, it answers a corpus of every kind of batch with the same bytes."""

from tests.unit.cleaning.corpus import batch, fingerprint

SAID = "1780d26c835dbef91f72305edbeb88705f6ac6371cfdd1b48e88fe0055767305"
"""Of the cleaning that went record by record. A change of what cleaning says changes it: say why in the commit."""


def test_a_corpus_of_every_kind_of_batch_has_the_bytes_that_it_had() -> None:
    assert sum(len(batch(seed).records) for seed in range(120)) > 1000
    assert fingerprint(range(120)) == SAID
