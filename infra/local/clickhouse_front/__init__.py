"""ClickHouse's HTTP interface over the engine in the chdb package, which otherwise lives inside one Python process.

Enough of the interface that clickhouse-connect, and every query, is the same as against a server (ClickHouse
documentation, "HTTP Interface"): queries and inserts in any format, settings and `param_x` in the URL, compressed
bodies, exceptions with their codes. Not there: sessions, temporary tables, users, external data, and compressed
answers, which on loopback cost more time than they save.
"""
