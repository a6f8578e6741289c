-- The tries of a step that failed: when and why, the latest last. Servers of before leave the column as it is.
alter table run_steps add column tries jsonb not null default '[]';
