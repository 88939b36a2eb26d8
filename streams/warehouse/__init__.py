"""clean-records, page-outcomes, trends, run-events, telemetry, dead-letters → ClickHouse, each exactly once."""
