-- How many runs are under way or wait for a person is counted whenever one of them goes on (runs/reading.rs).
create index runs_open on runs (account, region, state) where state in ('checking', 'applying', 'undoing', 'stuck');
