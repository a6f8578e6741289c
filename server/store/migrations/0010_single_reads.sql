-- What lists leave open of resources is read one by one: of such kinds each account and region has one more row, with a schedule and a lease of its own.
alter table collections add column singles boolean not null default false;
alter table collections drop constraint collections_scope;
alter table collections add constraint collections_scope unique (account, region, kind, singles);

-- What AWS refused to say of one resource. It is asked again from time to time; the row goes when it is answered.
create table refusals (
    resource bigint constraint refusals_pk primary key constraint refusals_resource references resources on delete cascade,
    -- refusals in a row
    times integer not null,
    retry_at bigint not null,
    problem jsonb not null
);
