-- What a collect reads only of new resources (the tags of a repository) is read again of these.
alter table resources add column reread boolean not null default false;
