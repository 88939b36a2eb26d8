"""The engines of `trawl up` and the supervisor that keeps them and the processes alive.

Kafka, PostgreSQL and ClickHouse run from packages, on loopback, in one data folder, with generated secrets. Nothing
here is needed where servers run elsewhere; the processes cannot tell the difference.
"""
