"""Virtual time for every test here."""

from tests.unit.fetch.virtual import clock, play

__all__ = ["clock", "play"]
