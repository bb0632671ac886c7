// Which light is seen from which; one was seen again after it had been dark.
UNWIND [
  ['Neuwerk light', 'Gull rock', 1871], ['Old head', 'Gull rock', 1880], ['Old head', 'Salt point', 1902],
  ['Three sisters', 'Salt point', 1890], ['Mole light', 'Sandbar', 1925], ['Mole light', 'Sandbar', 1951]
] AS row
MATCH (a:Lighthouse {name: row[0]}), (b:Lighthouse {name: row[1]})
CREATE (a)-[:SEEN_FROM {since: row[2]}]->(b);
