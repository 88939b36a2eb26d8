-- What found a trend, whether it begins or ends something, and by which of the job's rules.

alter table trends
    add column if not exists detector LowCardinality(String) default 'point',
    add column if not exists phase LowCardinality(String) default 'began',
    add column if not exists closes String CODEC(ZSTD(1)) comment 'the id of the trend that this one closes',
    add column if not exists rule String CODEC(ZSTD(1)) comment 'the rule of the job in words';

-- Which records are new, changed, gone, or repeat another; records that are as they were have no row.

create table if not exists record_marks (
    id          UUID comment 'of the message that told it, with all marks of its batch',
    record_id   UUID,
    state       LowCardinality(String) comment 'new, changed, repeat, similar, gone',
    key         String,
    other       String CODEC(ZSTD(1)) comment 'the id of the record that it follows, repeats or resembles',
    fields      String CODEC(ZSTD(1)) comment 'JSON: field → [from, to]',
    dataset     LowCardinality(String),
    run_id      UUID,
    job_id      UUID,
    at          DateTime64(3, 'UTC'),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
) engine = ReplacingMergeTree
partition by toYYYYMM(ingested_at)
order by (dataset, run_id, key, record_id, state)
settings non_replicated_deduplication_window = 10000;
