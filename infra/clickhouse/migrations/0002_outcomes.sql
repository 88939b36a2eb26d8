-- What a visit saw, with what became of its page: where the answer came from, how long each part took, what was said.

alter table page_outcomes
    add column if not exists kind LowCardinality(String) default 'page',
    add column if not exists hops UInt16,
    add column if not exists retry_at Nullable(DateTime64(3, 'UTC')) comment 'when it is tried again, if it is',
    add column if not exists address String CODEC(ZSTD(1)),
    add column if not exists http_version LowCardinality(String),
    add column if not exists tls_version LowCardinality(String),
    add column if not exists dns_ms Nullable(Float64) comment 'null on a connection that was kept open',
    add column if not exists connect_ms Nullable(Float64),
    add column if not exists tls_ms Nullable(Float64),
    add column if not exists first_byte_ms Nullable(Float64),
    add column if not exists wire_size UInt64,
    add column if not exists content_type LowCardinality(String),
    add column if not exists content_hash String CODEC(ZSTD(1)),
    add column if not exists headers Array(Tuple(String, String)) CODEC(ZSTD(3)),
    add column if not exists body_ref String CODEC(ZSTD(1)),
    add column if not exists screenshot_ref String CODEC(ZSTD(1));
