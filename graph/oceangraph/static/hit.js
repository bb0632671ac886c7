// Which of very many points is under the pointer.

import { d3 } from "./data.js";

/** A finder of points by place: `x` and `y` give a point's place on the unzoomed plot, `weight` > 1 makes it easier to hit. */
export function finder(points, x, y, weight = () => 1) {
  const trees = d3.groups(points, weight).sort((a, b) => b[0] - a[0])
    .map(([w, some]) => [w, d3.quadtree().x(x).y(y).addAll(some.filter((p) => Number.isFinite(x(p)) && Number.isFinite(y(p))))]);
  /** The nearest point within `reach` pixels under d3's transform `zoom`, or null; those with more weight come first. */
  return (px, py, zoom, reach = 12) => {
    for (const [w, tree] of trees) {
      const found = tree.find(zoom.invertX(px), zoom.invertY(py), (reach * w) / zoom.k);
      if (found) return found;
    }
    return null;
  };
}
