-- In which way the document was read from AWS's answer; each kind counts its own. Another way of reading is no change of the resource.
alter table resources add column reading smallint not null default 1;
