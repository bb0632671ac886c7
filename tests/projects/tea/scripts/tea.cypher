// A small graph in the layout of Neo4j's published examples: constraints first, then what the tables say.
CREATE CONSTRAINT tea_name FOR (t:Tea) REQUIRE t.name IS UNIQUE;
CREATE CONSTRAINT region_name FOR (r:Region) REQUIRE r.name IS UNIQUE;
CREATE INDEX tea_kind FOR (t:Tea) ON (t.kind);

LOAD CSV WITH HEADERS FROM 'file:///teas.csv' AS row
MERGE (r:Region {name: row.region})
CREATE (t:Tea {name: row.name, kind: row.kind})-[:GROWS_IN]->(r)
SET t.since = toInteger(row.since);

LOAD CSV WITH HEADERS FROM 'file:///alike.csv' AS row
MATCH (a:Tea {name: row.one}), (b:Tea {name: row.other})
CREATE (a)-[:TASTES_LIKE {why: row.why}]->(b);
