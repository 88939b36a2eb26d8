-- Where in Kafka each row was told: what a live listener has heard is a vector of offsets, and what Kafka no longer
-- keeps is read on from here. -1: stored before places were.

alter table records
    add column if not exists `partition` UInt16,
    add column if not exists `offset` Int64 default -1,
    add column if not exists `position` UInt32 comment 'which record of its message';

alter table trends add column if not exists `partition` UInt16, add column if not exists `offset` Int64 default -1;

alter table page_outcomes
    add column if not exists `partition` UInt16,
    add column if not exists `offset` Int64 default -1;

alter table run_events add column if not exists `partition` UInt16, add column if not exists `offset` Int64 default -1;
