-- An image of ECR is named by the host that AWS's answers name its registry by, whichever host it is pulled from. Task definitions never change,
-- so nothing else writes their arrows again.
with elsewhere as (
    delete from links where relation = 'image'
    and target ~ '^([0-9]{12}\.(dkr\.ecr-fips|dkr-ecr|dkr-ecr-fips)\.[a-z0-9-]+\.(amazonaws\.(com|com\.cn|eu)|on\.aws|on\.amazonwebservices\.(com\.cn|eu))/|ecr-public\.aws\.com/)'
    returning *
)
insert into links (source, relation, target, base, note)
select source, relation, own, own, note
from elsewhere, lateral (select regexp_replace(target, '^([0-9]+)\.dkr[.-]ecr(-fips)?\.', '\1.dkr.ecr.') as region) as a,
lateral (select regexp_replace(region, '^([^/]*)\.on\.aws/', '\1.amazonaws.com/') as worldwide) as b,
lateral (select regexp_replace(worldwide, '^([^/]*)\.on\.amazonwebservices\.', '\1.amazonaws.') as private) as c,
lateral (select regexp_replace(private, '^ecr-public\.aws\.com/', 'public.ecr.aws/') as own) as d
on conflict on constraint links_pk do nothing;
