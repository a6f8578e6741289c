-- What exists in AWS, what it points to, how it changed, and who collects it when.
-- Moments are UTC milliseconds since 1970 (bigint), as in domain::Millis: the server's clock is passed in, the database's is never asked.

-- One number per batch that changed something. Taken under an advisory lock that is held until commit (see resources.rs), so versions
-- become visible in order and "version > last" never skips one.
create sequence resource_version;

create table resources (
    id bigint generated always as identity constraint resources_pk primary key,
    key text not null constraint resources_key unique,
    kind text not null,
    account text not null,
    region text not null,
    -- the key of what it lives in, as the document says
    parent text,
    -- AWS's document, secrets sealed
    doc jsonb not null,
    -- SHA-256 of the document as it was last delivered, before fields were kept from an earlier one
    hash bytea not null,
    version bigint not null,
    first_seen bigint not null,
    seen bigint not null,
    changed bigint not null,
    gone bigint,
    -- the single read (see domain::describe::kept): when it was last made, and for which RevisionId
    fetched bigint,
    fetched_revision text
) with (fillfactor = 85);
-- "seen" is in no index: bumping it touches no index page
create index resources_version on resources (version, id);
create index resources_scope on resources (kind, account, region);
create index resources_parent on resources (parent) where parent is not null;

create table history (
    id bigint generated always as identity constraint history_pk primary key,
    resource bigint not null constraint history_resource references resources on delete cascade,
    at bigint not null,
    change text not null constraint history_change check (change in ('appeared', 'changed', 'gone', 'returned')),
    name text not null,
    -- the document right after
    doc jsonb not null,
    -- domain::history::FieldChange, noise left out
    fields jsonb not null,
    -- appeared in the first collect of its scope: no news to the fleet
    initial boolean not null default false
);
create index history_of_resource on history (resource, id);
create index history_of_fleet on history (id) where not initial;

create table links (
    source bigint not null constraint links_source references resources on delete cascade,
    relation text not null,
    target text not null,
    -- the target without what only qualifies it: the version or alias of a function's ARN, the ":*" of a log group's
    base text not null,
    -- one more fact about the arrow: "batch 10"
    note text,
    constraint links_pk primary key (source, relation, target)
);
create index links_target on links (target);
create index links_base on links (base);

create table refs (
    ref text not null,
    resource bigint not null constraint refs_resource references resources on delete cascade,
    constraint refs_pk primary key (ref, resource)
);
create index refs_of_resource on refs (resource);

-- What is to be collected: one row per account, region and kind, with its schedule and its lease.
create table collections (
    id bigint generated always as identity constraint collections_pk primary key,
    account text not null,
    region text not null,
    kind text not null,
    -- configured now
    enabled boolean not null default true,
    owner text,
    lease_until bigint,
    -- grows with each claim; a write that carries an older one is refused
    fencing bigint not null default 0,
    due_at bigint not null default 0,
    started bigint,
    complete_at bigint,
    -- when the last complete collect began: everything not gone was seen since
    covers bigint,
    failing_since bigint,
    failures integer not null default 0,
    problem jsonb,
    -- when somebody asked for it
    requested bigint,
    constraint collections_scope unique (account, region, kind)
);
create index collections_due on collections (due_at) where enabled;
