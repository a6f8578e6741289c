-- Runs of plans and the journal of their steps (runs.rs). A run is driven by the server that holds its lease; every write carries the
-- lease's fencing number, so that a server that was away cannot write after another one went on.
create table runs (
    id text primary key,
    title text not null,
    account text not null,
    region text not null,
    -- What was reviewed, and the answers it came from.
    plan jsonb not null,
    answers jsonb not null,
    state text not null,
    cancelled boolean not null default false,
    problem jsonb,
    person bigint,
    by_name text not null,
    made bigint not null,
    ended bigint,
    owner text,
    lease_until bigint,
    fence bigint not null default 0
);
create index runs_live on runs (made) where state in ('checking', 'applying', 'undoing');
create index runs_made on runs (made desc, id desc);

create table run_steps (
    run text not null references runs (id) on delete cascade,
    n int not null,
    state text not null,
    attempts int not null default 0,
    after jsonb,
    problem jsonb,
    note text,
    request_ids text[] not null default '{}',
    began bigint,
    ended bigint,
    primary key (run, n)
);
