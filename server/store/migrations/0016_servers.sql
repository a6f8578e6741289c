-- The servers that run on this database: each says from time to time that it lives. What any of them wants is collected (collections.enabled).
create table servers (
    id text constraint servers_pk primary key,
    -- when it last said so
    seen bigint not null
);

create table server_wants (
    server text not null constraint server_wants_server references servers on delete cascade,
    account text not null,
    region text not null,
    kind text not null,
    singles boolean not null,
    constraint server_wants_pk primary key (server, account, region, kind, singles)
);
create index server_wants_of_collection on server_wants (account, region, kind, singles);
