-- An endpoint that fails is left alone for a while, and what waits is found by endpoint: a sender shares its places
-- among owners, whatever one of them has waiting.

alter table webhooks
    -- Tries in a row that failed, and until when nothing is posted to it.
    add column failures   integer not null default 0,
    add column rest_until timestamptz;

create index deliveries_waiting on deliveries (webhook_id, next_try) where state = 'pending';
drop index deliveries_due;
