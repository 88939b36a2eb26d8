-- What an insert of records costs: at level 1 ZSTD packs data as small as at level 3, in a third of the time.

alter table records modify column data String CODEC(ZSTD(1)) comment 'the clean record as JSON, exactly as published';
