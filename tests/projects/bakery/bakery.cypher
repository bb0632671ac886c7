// What is in the dump. make_dump.py runs this in an empty Neo4j and dumps it.
CREATE CONSTRAINT bread_name FOR (b:Bread) REQUIRE b.name IS UNIQUE;
CREATE CONSTRAINT ingredient_name FOR (i:Ingredient) REQUIRE i.name IS UNIQUE;
CREATE INDEX bread_minutes FOR (b:Bread) ON (b.minutes);
UNWIND [
  ['Roggenbrot', 60, [['rye flour', 500], ['water', 400], ['salt', 10]]],
  ['Roggenbrötchen', 22, [['rye flour', 200], ['wheat flour', 300], ['water', 300], ['salt', 9]]],
  ['Pumpernickel', 960, [['rye flour', 400], ['rye berries', 250], ['water', 350], ['salt', 10]]],
  ['Pain de campagne', 45, [['wheat flour', 450], ['rye flour', 100], ['water', 380], ['salt', 11]]],
  ['Baguette', 25, [['wheat flour', 500], ['water', 350], ['yeast', 3], ['salt', 10]]],
  ['Ciabatta', 28, [['wheat flour', 500], ['water', 420], ['olive oil', 20], ['yeast', 4], ['salt', 11]]],
  ['Focaccia', 24, [['wheat flour', 500], ['water', 400], ['olive oil', 60], ['yeast', 5], ['salt', 12]]],
  ['Challah', 32, [['wheat flour', 500], ['egg', 120], ['honey', 40], ['yeast', 8], ['salt', 9]]],
  ['Brioche', 30, [['wheat flour', 500], ['egg', 250], ['butter', 250], ['yeast', 10], ['salt', 10]]]
] AS row
CREATE (b:Bread {name: row[0], minutes: row[1]})
WITH b, row[2] AS parts
UNWIND parts AS part
MERGE (i:Ingredient {name: part[0]})
CREATE (b)-[:CONTAINS {grams: part[1]}]->(i);
MATCH (a:Bread), (b:Bread) WHERE a.name < b.name AND abs(a.minutes - b.minutes) <= 3
CREATE (a)-[:BAKED_LIKE]->(b);
