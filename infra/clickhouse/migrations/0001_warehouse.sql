-- What the streams store. Each table remembers the tokens of its last 10,000 inserts, so that an insert whose answer
-- was lost can be sent again (the window is 0 by default, and tokens then do nothing). Partitions are by month of
-- ingestion: one insert is one block in one partition, it lands whole or not at all.

create table if not exists records (
    id          UUID,
    dataset     LowCardinality(String),
    run_id      UUID,
    job_id      UUID,
    batch_id    UUID,
    key         String,
    url         String CODEC(ZSTD(1)),
    data        String CODEC(ZSTD(3)) comment 'the clean record as JSON, exactly as published',
    numbers     Map(LowCardinality(String), Float64) comment 'its numeric fields, for series and aggregates',
    fetched_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    index by_key key type bloom_filter(0.01) granularity 4,
    index by_id id type bloom_filter(0.01) granularity 4
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (dataset, run_id, key, id)
settings non_replicated_deduplication_window = 10000;

create table if not exists batches (
    id          UUID,
    dataset     LowCardinality(String),
    run_id      UUID,
    job_id      UUID,
    url         String CODEC(ZSTD(1)),
    counted_in  UInt32,
    stored      UInt32,
    rejected    UInt32,
    filtered    UInt32,
    partition   UInt16,
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (run_id, id)
settings non_replicated_deduplication_window = 10000;

create table if not exists page_outcomes (
    id          UUID,
    run_id      UUID,
    job_id      UUID,
    dataset     LowCardinality(String),
    url         String CODEC(ZSTD(1)),
    url_fp      UUID,
    host        LowCardinality(String),
    outcome     LowCardinality(String),
    klass       LowCardinality(String),
    final       Bool,
    status      Nullable(UInt16),
    depth       UInt16,
    attempt     UInt16,
    records     UInt32,
    links       UInt32,
    new_links   UInt32,
    body_size   UInt64,
    elapsed_ms  Float64,
    fetched_at  DateTime64(3, 'UTC'),
    reason      String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (run_id, url_fp, id)
settings non_replicated_deduplication_window = 10000;

create table if not exists trends (
    id          UUID,
    dataset     LowCardinality(String),
    run_id      UUID,
    record_key  String,
    field       LowCardinality(String),
    series      String,
    kind        LowCardinality(String),
    direction   LowCardinality(String),
    score       Float64,
    confidence  Float64,
    before      Float64,
    after       Float64,
    change      Float64,
    at          DateTime64(3, 'UTC'),
    record_id   UUID,
    url         String,
    values      Array(Float64),
    sentence    String,
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (dataset, series, at, id)
settings non_replicated_deduplication_window = 10000;

create table if not exists run_events (
    id          UUID,
    run_id      UUID,
    job_id      UUID,
    dataset     LowCardinality(String),
    kind        LowCardinality(String),
    state       LowCardinality(String),
    at          DateTime64(3, 'UTC'),
    counts      Map(LowCardinality(String), Int64),
    reason      String,
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (run_id, at, id)
settings non_replicated_deduplication_window = 10000;

create table if not exists metrics (
    id          UUID,
    process     LowCardinality(String),
    instance    String,
    at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    values      Map(LowCardinality(String), Float64),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (process, at, id)
ttl toDateTime(ingested_at) + interval 14 day
settings non_replicated_deduplication_window = 10000;

create table if not exists request_logs (
    id          UUID,
    at          DateTime64(3, 'UTC'),
    method      LowCardinality(String),
    path        String CODEC(ZSTD(1)),
    route       LowCardinality(String),
    status      UInt16,
    elapsed_ms  Float64,
    user        String,
    request_id  String,
    address     String,
    user_agent  String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (at, id)
ttl toDateTime(ingested_at) + interval 90 day
settings non_replicated_deduplication_window = 10000;

create table if not exists logs (
    id          UUID,
    at          DateTime64(3, 'UTC'),
    level       LowCardinality(String),
    process     LowCardinality(String),
    event       String CODEC(ZSTD(1)),
    run_id      String,
    fields      String CODEC(ZSTD(1)) comment 'JSON',
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (process, at, id)
ttl toDateTime(ingested_at) + interval 30 day
settings non_replicated_deduplication_window = 10000;

create table if not exists dead_letters (
    id          UUID,
    topic       LowCardinality(String),
    partition   UInt16,
    offset      UInt64,
    stage       LowCardinality(String),
    code        LowCardinality(String),
    reason      String CODEC(ZSTD(1)),
    run_id      String,
    value       String CODEC(ZSTD(3)) comment 'the original bytes',
    at          DateTime64(3, 'UTC'),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (topic, partition, offset, id)
settings non_replicated_deduplication_window = 10000;
