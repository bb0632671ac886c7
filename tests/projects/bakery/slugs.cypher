// A seed step after the dump, with what the manifest allows of APOC.
MATCH (b:Bread) SET b.slug = apoc.text.slug(b.name);
