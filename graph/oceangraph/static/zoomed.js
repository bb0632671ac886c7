// A zoomed part of a plot as text for the address: how far in, and where its middle lies as shares of the plot.

import { d3 } from "./data.js";

/** d3's transform as text, null where nothing is zoomed; `size` is the plot's width and height. */
export function write({ k, x, y }, [width, height]) {
  if (k <= 1.001) return null;
  const share = (offset, length) => (length / 2 - offset) / (k * length);
  return [k.toFixed(2), share(x, width).toFixed(4), share(y, height).toFixed(4)].join(",");
}

/** The transform that the text names for a plot of this size; the whole plot where it names none. */
export function read(text, [width, height]) {
  const [k, u, v] = (text ?? "").split(",").map(Number);
  if (![k, u, v].every(Number.isFinite) || k < 1 || k > 60) return d3.zoomIdentity;
  const inside = (offset, length) => Math.min(0, Math.max(length * (1 - k), offset));
  return d3.zoomIdentity.translate(inside(width / 2 - k * u * width, width), inside(height / 2 - k * v * height, height)).scale(k);
}
