-- The format that a run was planned in: no server drives or reads what it does not know (runs.rs). Servers of before write format 1.
alter table runs add column format int not null default 1;
update runs set format = (plan ->> 'format')::int where plan ? 'format';
-- What there was instead of what was reviewed, where a run stopped because of that.
alter table run_steps add column found jsonb;
