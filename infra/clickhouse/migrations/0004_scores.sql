-- What cleaning says of each record beside its data: how complete and how good it is, and what it is about.

alter table records
    add column if not exists completeness Float32 default 100 comment '0 to 100: fields that have a value',
    add column if not exists quality Float32 default 100 comment '0 to 100, by the formula in docs/records.md',
    add column if not exists language LowCardinality(String) comment 'ISO 639-1, empty where too little text says it',
    add column if not exists word_count UInt32,
    add column if not exists category LowCardinality(String) comment 'technology, science …',
    add column if not exists data_type LowCardinality(String) comment 'news, social_media, ecommerce, research, other';
