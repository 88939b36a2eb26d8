-- Booleans, dates and lists of short texts among a record's fields, as its run's rules type them: to choose and to sort
-- by, as `numbers` is. Records that were stored before have none.

alter table records
    add column if not exists flags Map(LowCardinality(String), Bool) comment 'its boolean fields',
    add column if not exists moments Map(LowCardinality(String), DateTime64(3, 'UTC')) comment 'its date fields',
    add column if not exists lists Map(LowCardinality(String), Array(String)) CODEC(ZSTD(1))
        comment 'its lists of short texts';
