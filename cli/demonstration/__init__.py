"""What `trawl demo` shows and holds itself to: a whole shop crawled, its deals watched, every sum checked."""
