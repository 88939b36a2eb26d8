-- What people ask of records: by site, by word, by typed field, and how many came when. The sums are for live pages and
-- rates; what must be exact is counted in the base tables. Hours and days are added up from minutes when they are asked for:
-- a table of their own would be one more part to write for each insert.

alter table records
    add column if not exists domain LowCardinality(String) materialized domain(url),
    add column if not exists strings Map(LowCardinality(String), String) materialized cast(
        arrayFilter(pair -> length(pair.2) <= 256, JSONExtractKeysAndValues(data, 'String')),
        'Map(LowCardinality(String), String)') comment 'its short texts by field; numbers has its numbers',
    add index if not exists by_run run_id type bloom_filter(0.01) granularity 4,
    add index if not exists by_domain domain type set(1000) granularity 4,
    add index if not exists by_moment ingested_at type minmax granularity 1,
    add index if not exists by_word data type text(tokenizer = 'splitByNonAlpha');

create table if not exists records_by_minute (
    at        DateTime('UTC') CODEC(Delta, ZSTD(1)),
    dataset   LowCardinality(String),
    domain    LowCardinality(String),
    data_type LowCardinality(String),
    records   UInt64,
    bytes     UInt64,
    quality   Float64 comment 'the sum; divided by records it is the mean'
) engine = SummingMergeTree((records, bytes, quality))
partition by toYYYYMM(at)
order by (dataset, at, domain, data_type)
ttl at + interval 400 day
settings non_replicated_deduplication_window = 10000;

create materialized view if not exists records_to_minutes to records_by_minute as
select toStartOfMinute(toDateTime(ingested_at, 'UTC')) as at, dataset, domain(url) as domain, data_type,
    count() as records, sum(length(data)) as bytes, sum(quality) as quality
from records group by at, dataset, domain, data_type;

create view if not exists records_by_hour as
select toStartOfHour(at) as hour, dataset, domain, data_type, sum(records) as records, sum(bytes) as bytes,
    sum(quality) as quality
from records_by_minute group by hour, dataset, domain, data_type;

create view if not exists records_by_day as
select toStartOfDay(at) as day, dataset, domain, data_type, sum(records) as records, sum(bytes) as bytes,
    sum(quality) as quality
from records_by_minute group by day, dataset, domain, data_type;

create table if not exists pages_by_minute (
    at         DateTime('UTC') CODEC(Delta, ZSTD(1)),
    dataset    LowCardinality(String),
    host       LowCardinality(String),
    outcome    LowCardinality(String),
    klass      LowCardinality(String),
    pages      UInt64,
    bytes      UInt64,
    elapsed_ms Float64
) engine = SummingMergeTree((pages, bytes, elapsed_ms))
partition by toYYYYMM(at)
order by (dataset, at, host, outcome, klass)
ttl at + interval 400 day
settings non_replicated_deduplication_window = 10000;

create materialized view if not exists pages_to_minutes to pages_by_minute as
select toStartOfMinute(toDateTime(ingested_at, 'UTC')) as at, dataset, host, outcome, klass, count() as pages,
    sum(body_size) as bytes, sum(elapsed_ms) as elapsed_ms
from page_outcomes where final group by at, dataset, host, outcome, klass;

create view if not exists pages_by_hour as
select toStartOfHour(at) as hour, dataset, host, outcome, klass, sum(pages) as pages, sum(bytes) as bytes,
    sum(elapsed_ms) as elapsed_ms
from pages_by_minute group by hour, dataset, host, outcome, klass;

create view if not exists pages_by_day as
select toStartOfDay(at) as day, dataset, host, outcome, klass, sum(pages) as pages, sum(bytes) as bytes,
    sum(elapsed_ms) as elapsed_ms
from pages_by_minute group by day, dataset, host, outcome, klass;
