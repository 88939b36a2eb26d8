"""Sitemaps and feeds: lists of pages that are seeds. They give links, never records."""

from streams.extraction.sources.entries import MAX_ENTRIES, MAX_NESTED, Entry, Source, read_source

__all__ = ["MAX_ENTRIES", "MAX_NESTED", "Entry", "Source", "read_source"]
