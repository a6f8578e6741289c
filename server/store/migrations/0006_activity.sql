-- Forms that people have begun and not yet applied (drafts.rs): their own, whichever browser they go on in.
create table drafts (
    person bigint not null constraint drafts_person references people on delete cascade,
    wizard text not null,
    body jsonb not null,
    saved bigint not null,
    constraint drafts_pk primary key (person, wizard)
);
-- The audit trail is looked through from its end, by time, by what was done and by whom (audit.rs).
create index audit_at on audit (at);
create index audit_action on audit (action text_pattern_ops, id desc);
create index audit_actor on audit (lower(actor), id desc);
