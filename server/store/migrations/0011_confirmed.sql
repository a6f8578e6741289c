-- When the person of a session last proved the password after signing in; null until then. Servers of before leave it null.
alter table sessions add column confirmed bigint;
