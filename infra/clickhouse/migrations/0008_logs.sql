-- Logs of all processes: which copy of a process said it, and finding what was said lately without reading everything.

alter table logs
    add column if not exists instance LowCardinality(String) comment 'host:pid',
    add index if not exists by_moment at type minmax granularity 1,
    add index if not exists by_run run_id type bloom_filter(0.01) granularity 4;

alter table request_logs
    add index if not exists by_request request_id type bloom_filter(0.01) granularity 4;
