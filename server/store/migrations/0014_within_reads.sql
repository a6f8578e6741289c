-- What AWS tells only resource by resource (the URLs of a function): when that was last read of a resource, and at which RevisionId of it.
create table within_reads (
    resource bigint constraint within_reads_resource references resources on delete cascade,
    -- of what is within it
    kind text,
    -- less than any moment: somebody asks for it
    at bigint not null,
    revision text,
    constraint within_reads_pk primary key (resource, kind)
);
