// What the map draws, projected once: land, sea areas, sections, trajectories.

import "/assets/topojson-client/dist/topojson-client.min.js";
import { d3 } from "./data.js";

/** Outlines as paths of the projected world, with a point at which each can be picked and named. */
export function shapesOf(atlas, outlines, projection) {
  const path = (shape) => new Path2D(d3.geoPath(projection)(shape) ?? "");
  const lines = (one) => ({ type: "MultiLineString", coordinates: one.lines });
  const points = (one, label) => one.lines.flat().map((at) => { const [x, y] = projection(at) ?? [NaN, NaN]; return { label, id: one.id, name: one.name, x, y }; });
  return {
    sphere: path({ type: "Sphere" }), graticule: path(d3.geoGraticule10()), land: path(globalThis.topojson.feature(atlas, atlas.objects.land)),
    areas: outlines.areas.map((a) => {
      const [x, y] = projection(d3.geoCentroid({ type: "MultiPoint", coordinates: a.lines.flat() })) ?? [NaN, NaN];
      return { id: a.id, name: a.name, path: path(lines(a)), points: points(a, "SeaArea"), middle: { label: "SeaArea", id: a.id, name: a.name, x, y } };
    }),
    sections: outlines.sections.map((s) => ({ id: s.id, path: path(lines(s)), points: points(s, "Section") })),
  };
}

/** A float's profiles as points of the projected world, and its trajectory as a path. */
export function trackOf(float, projection) {
  const coordinates = float.ids.map((_, i) => [float.longitude[i], float.latitude[i]]);
  const profiles = float.ids.map((id, i) => {
    const [x, y] = projection(coordinates[i]) ?? [NaN, NaN];
    return { id, wmo: float.wmo, cycle: Number(id.split("/")[1]), latitude: float.latitude[i], longitude: float.longitude[i], x, y };
  });
  return { wmo: float.wmo, profiles, path: new Path2D(d3.geoPath(projection)({ type: "LineString", coordinates }) ?? "") };
}
