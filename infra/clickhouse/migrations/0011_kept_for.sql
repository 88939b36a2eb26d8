-- How long history is kept: what became of pages and runs as long as the sums by the minute, dead letters for a quarter.
-- Records, their marks and trends stay.

alter table page_outcomes modify ttl toDateTime(ingested_at) + interval 400 day;

alter table run_events modify ttl toDateTime(ingested_at) + interval 400 day;

alter table dead_letters modify ttl toDateTime(ingested_at) + interval 90 day;
