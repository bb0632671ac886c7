// Who named which sheet, and when. A semicolon in a note; is part of the string.
MATCH (s:Sheet)
WITH s, toInteger(substring(s.barcode, 1)) AS number
MATCH (t:Taxon)
WITH s, number, t ORDER BY t.name
WITH s, number, collect(t) AS taxa
WITH s, taxa[number % size(taxa)] AS taxon
CREATE (s)-[:IDENTIFIED_AS {year: s.collected.year, by: 'collector'}]->(taxon);

/* Two sheets were looked at again;
   the second name stands beside the first. */
MATCH (s:Sheet {barcode: 'H0007'}), (t:Taxon {name: 'Gentiana clusii'})
CREATE (s)-[:IDENTIFIED_AS {year: 2019, by: 'revision', note: 'calyx; not corolla'}]->(t);
MATCH (s:Sheet {barcode: 'H0013'}), (t:Taxon {name: 'Gentiana acaulis'})
CREATE (s)-[:IDENTIFIED_AS {year: 2021, by: 'revision'}]->(t);
