-- How far the call of a step is that carries an image, while it is under way; null otherwise. Servers of before leave the column as it is.
alter table run_steps add column transfer jsonb;
