"""A real browser for pages that are made by scripts: a bounded pool, every request of it through the guarding proxy."""
