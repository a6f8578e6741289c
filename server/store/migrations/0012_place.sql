-- Where the next collect goes on, of a kind that is more than one collect may ask for: made and read by its collector.
alter table collections add column place jsonb;
