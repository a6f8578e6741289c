-- The role in which somebody began a run: AWS is told of it where a connection says so. Of runs before, nobody knows it.
alter table runs add column role text constraint runs_role check (role in ('viewer', 'operator', 'administrator'));
