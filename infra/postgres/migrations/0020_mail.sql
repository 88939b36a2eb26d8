-- Mail that is to be sent: written in the transaction of what it tells about. The text is sealed, for it may hold a
-- one-time link; the recipient's address is not a secret of ours.
create table mails (
    id         uuid primary key,
    kind       text not null,
    recipient  text not null,
    key_id     text not null,
    sealed     bytea,
    created_at timestamptz not null default now(),
    next_try   timestamptz not null default now(),
    tries      integer not null default 0,
    sent_at    timestamptz,
    given_up   timestamptz,
    why        text not null default ''
);
create index mails_waiting on mails (next_try) where sent_at is null and given_up is null;
grant select, insert, update, delete on mails to trawl_app;
