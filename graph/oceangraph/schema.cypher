// Indexes of the ocean graph beside the identity constraints, which kgshare makes from the manifest.
// Every statement can be run again.

// Search box: names, codes and remarks of everything that a person would look for by word; levels and single values are
// not, they have only numbers.
CREATE FULLTEXT INDEX search IF NOT EXISTS
FOR (n:Float|Ship|Deployment|Sensor|Profile|Station|Cast|Bottle|Cruise|Section|Person|Programme|Institution|PlatformType|SensorType|SensorModel|SeaArea|WaterMass|Derivation|Parameter|StandardName|FlagScheme|QCFlag|Greylisting|Revision|SamplingEvent|Occurrence|Taxon|Dataset|Publication)
ON EACH [n.name, n.id, n.code, n.wmo, n.expocode, n.description, n.comment, n.citation];

// "Which profiles are near here": distance and bounding box.
CREATE POINT INDEX profile_position IF NOT EXISTS FOR (p:Profile) ON (p.position);
CREATE POINT INDEX station_position IF NOT EXISTS FOR (s:Station) ON (s.position);
CREATE POINT INDEX sampling_position IF NOT EXISTS FOR (e:SamplingEvent) ON (e.position);

// The bottles of a station without a walk through its casts, and those of a cruise in one go.
CREATE RANGE INDEX bottle_station IF NOT EXISTS FOR (b:Bottle) ON (b.expocode, b.station);

// The section plot asks for flagged values: "all CFC-12 with flag 4".
CREATE RANGE INDEX bottle_cfc_12_qc IF NOT EXISTS FOR (b:Bottle) ON (b.cfc_12_qc);

// Time ranges: what was measured in this month.
CREATE RANGE INDEX profile_date IF NOT EXISTS FOR (p:Profile) ON (p.date);
CREATE RANGE INDEX station_date IF NOT EXISTS FOR (s:Station) ON (s.date);

// "Which levels are flagged bad": few of many.
CREATE RANGE INDEX level_psal_adjusted_qc IF NOT EXISTS FOR (l:Level) ON (l.psal_adjusted_qc);
