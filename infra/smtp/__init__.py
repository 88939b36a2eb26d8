"""Mail outward: one server, spoken to over TLS wherever it can."""
