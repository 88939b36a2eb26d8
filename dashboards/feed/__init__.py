"""One reader of the topics for all pages: events are folded into bounded memory, pages are told at each tick."""
