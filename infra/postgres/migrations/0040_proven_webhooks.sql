-- Whether a webhook's address has answered: who only has others that never did shares places with those that fail.
alter table webhooks add column proven boolean not null default false;
update webhooks w set proven = exists (select from deliveries d where d.webhook_id = w.id and d.state = 'delivered');
