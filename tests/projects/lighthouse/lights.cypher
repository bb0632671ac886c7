// Names and heights are made up.
CREATE CONSTRAINT lighthouse_name FOR (l:Lighthouse) REQUIRE l.name IS UNIQUE;
CREATE CONSTRAINT coast_name FOR (c:Coast) REQUIRE c.name IS UNIQUE;
UNWIND [
  ['Neuwerk light', 39, 'North'], ['Old head', 30, 'North'], ['Gull rock', 22, 'North'],
  ['Salt point', 18, 'West'], ['Three sisters', 26, 'West'], ['Mole light', 9, 'South'], ['Sandbar', 12, 'South']
] AS row
MERGE (c:Coast {name: row[2]})
CREATE (:Lighthouse {name: row[0], metres: row[1]})-[:STANDS_ON]->(c);
