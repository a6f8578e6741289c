-- People, what they prove who they are with (only hashes), and what they did.

create table people (
    id bigint generated always as identity constraint people_pk primary key,
    name text not null,
    -- an argon2 hash in PHC form
    password text not null,
    role text not null constraint people_role check (role in ('viewer', 'operator', 'administrator')),
    since bigint not null,
    seen bigint
);
create unique index people_name on people (lower(name));

create table sessions (
    id bigint generated always as identity constraint sessions_pk primary key,
    person bigint not null constraint sessions_person references people on delete cascade,
    -- SHA-256 of the id in the cookie
    hash bytea not null constraint sessions_hash unique constraint sessions_hash_length check (length(hash) = 32),
    since bigint not null,
    used bigint not null,
    agent text not null
);
create index sessions_of_person on sessions (person);

create table tokens (
    id bigint generated always as identity constraint tokens_pk primary key,
    person bigint not null constraint tokens_person references people on delete cascade,
    name text not null,
    -- SHA-256 of the token's text
    hash bytea not null constraint tokens_hash unique constraint tokens_hash_length check (length(hash) = 32),
    role text not null constraint tokens_role check (role in ('viewer', 'operator', 'administrator')),
    since bigint not null,
    until bigint not null,
    used bigint,
    constraint tokens_name unique (person, name)
);

-- One-time links that create the first administrator.
create table welcomes (
    hash bytea constraint welcomes_pk primary key constraint welcomes_hash_length check (length(hash) = 32),
    until bigint not null
);

create table login_failures (
    -- "name:…" or "address:…"
    subject text not null,
    at bigint not null
);
create index login_failures_subject on login_failures (subject, at);

create table audit (
    id bigint generated always as identity constraint audit_pk primary key,
    at bigint not null,
    person bigint,
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null,
    -- SHA-256 over the previous entry's hash and this entry
    hash bytea not null
);
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using errcode = 'restrict_violation', constraint = 'audit_append_only';
end $$;
create trigger audit_append_only before update or delete on audit for each row execute function audit_is_append_only();
create trigger audit_not_truncated before truncate on audit for each statement execute function audit_is_append_only();

-- What an installation decides once: the sealing key.
create table settings (
    name text constraint settings_pk primary key,
    value bytea not null
);
