-- A time range or a text is looked for in the index alone, without reading the documents beside it (history.rs).
drop index history_of_fleet;
create index history_of_fleet on history (id) include (at, resource, name) where not initial;
