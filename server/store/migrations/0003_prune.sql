-- What is old enough to be deleted is found without reading everything (prune.rs).
create index resources_gone on resources (gone) where gone is not null;
create index history_at on history (at);
