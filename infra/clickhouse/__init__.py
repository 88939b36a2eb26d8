"""ClickHouse: everything that is asked about. The only room that imports clickhouse_connect."""
