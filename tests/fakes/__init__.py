"""In-memory twins of the stores; each passes the contract tests of the real one (tests/contract)."""
