-- An image with a tag and a digest is named by its digest alone. Task definitions never change, so nothing else writes their arrows again.
-- A colon before the last slash is a registry's port; without a registry before its name an image stays as it is.
with tagged as (
    delete from links where relation = 'image' and target ~ '^[^/@]*[.:][^/@]*/[^@]*:[^:/@]*@' returning *
)
insert into links (source, relation, target, base, note)
select source, relation, pinned, pinned, note
from tagged, lateral (select regexp_replace(target, '^([^@]*):[^:/@]*@', '\1@') as pinned) as t
on conflict on constraint links_pk do nothing;
