// The map: land, the stations of the section, the positions of Argo profiles; the selected one stands out.

import "/assets/topojson-client/dist/topojson-client.min.js";
import { el } from "/static/dom.js";
import { d3, load, openStation, station } from "./data.js";
import { onFrame, plate, ring, sharp, theme } from "./paint.js";

/** Mount the panel. */
export async function mount(element, page) {
  const note = el("p", { class: "quiet small" });
  const canvas = el("canvas", { class: "map-canvas", role: "img", tabindex: "0", "aria-label": "Map of stations and Argo profiles" });
  const world = el("button", { type: "button" }, "World");
  const line = el("button", { type: "button" }, "Section");
  element.append(el("header", { class: "card-head" }, el("div", {}, el("h2", {}, "Map"), note), el("div", { class: "tools" }, line, world)), el("div", { class: "canvas-box" }, canvas));
  const [atlas, places, first] = await Promise.all([
    fetch("/assets/world-atlas/land-50m.json").then((r) => { if (!r.ok) throw new Error("the land outlines are missing"); return r.json(); }),
    page.api("panels/map/places"), load(page)]);
  let data = first;
  const land = globalThis.topojson.feature(atlas, atlas.objects.land);
  const profiles = places.ids.map((id, i) => ({ id, at: [places.longitude[i], places.latitude[i]] }));
  note.textContent = `${data.stations.length} stations, ${profiles.length.toLocaleString("en")} Argo profiles`;
  const middle = d3.mean(data.stations, (s) => s.east) ?? 0;
  const projection = d3.geoNaturalEarth1().rotate([-middle, 0]);
  const track = { type: "MultiPoint", coordinates: data.stations.map((s) => [s.longitude, s.latitude]) };
  let zoom = d3.zoomIdentity;
  let base = { scale: 100, translate: [0, 0] };

  function fit() {
    const { width, height } = canvas.getBoundingClientRect();
    if (width < 10) return;
    projection.fitExtent([[6, 6], [width - 6, height - 6]], { type: "Sphere" });
    base = { scale: projection.scale(), translate: projection.translate() };
    behaviour.translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]]);
  }

  // The transform under which the stations fill most of the map.
  function onto() {
    const { width, height } = canvas.getBoundingClientRect();
    projection.scale(base.scale).translate(base.translate);
    const [[x0, y0], [x1, y1]] = d3.geoPath(projection).bounds(track);
    const k = Math.min(8, 0.86 * Math.min(width / (x1 - x0), height / (y1 - y0)));
    return d3.zoomIdentity.translate(width / 2, height / 2).scale(k).translate(-(x0 + x1) / 2, -(y0 + y1) / 2);
  }

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    const css = theme();
    projection.scale(base.scale * zoom.k).translate([zoom.applyX(base.translate[0]), zoom.applyY(base.translate[1])]);
    const path = d3.geoPath(projection.clipExtent([[-5, -5], [width + 5, height + 5]]), context);
    fill(context, path, { type: "Sphere" }, css.sea);
    context.beginPath();
    path(d3.geoGraticule10());
    context.strokeStyle = css.line;
    context.lineWidth = 0.6;
    context.stroke();
    fill(context, path, land, css.land);
    dots(context, profiles.map((p) => p.at), 1.5, css.profile, 0.75);
    dots(context, data.stations.map((s) => [s.longitude, s.latitude]), 2.4, css.ink, 1);
    marks(context, css, width);
  });

  function dots(context, all, radius, colour, alpha) {
    context.fillStyle = colour;
    context.globalAlpha = alpha;
    context.beginPath();
    for (const at of all) {
      const [x, y] = projection(at) ?? [];
      if (x === undefined) continue;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 7);
    }
    context.fill();
    context.globalAlpha = 1;
  }

  function marks(context, css, width) {
    const here = station(data, page);
    context.font = css.font;
    if (here) {
      const [x, y] = projection([here.longitude, here.latitude]);
      context.beginPath();
      context.arc(x, y, 4.5, 0, 7);
      context.fillStyle = css.accent;
      context.fill();
      ring(context, x, y, "#fff", 7);
      plate(context, `Station ${here.station}`, x, y - 16, { ...css, width, colour: css.accent });
    }
    const record = page.selected();
    const profile = record?.label === "Profile" ? profiles.find((p) => p.id === record.key[0]) : null;
    if (profile) {
      const [x, y] = projection(profile.at);
      ring(context, x, y, "#fff", 7);
      plate(context, profile.id, x, y + 16, { ...css, width, colour: css.accent });
    }
    if (record?.label === "Float") {
      const own = profiles.filter((p) => p.id.startsWith(`${record.key[0]}_`));
      dots(context, own.map((p) => p.at), 3, css.accent, 1);
      const last = own.length ? projection(own.at(-1).at) : null;
      if (last) plate(context, `Float ${record.key[0]}`, last[0], last[1], { ...css, width, colour: css.accent });
    }
    canvas.dataset.station = here?.station ?? "";
  }

  function pick(event) {
    const [px, py] = d3.pointer(event, canvas);
    const near = (at, reach) => { const [x, y] = projection(at) ?? [1e9, 1e9]; const d = Math.hypot(x - px, y - py); return d < reach ? d : Infinity; };
    const s = d3.least(data.stations, (one) => near([one.longitude, one.latitude], 10));
    const p = d3.least(profiles, (one) => near(one.at, 8));
    const [ds, dp] = [s ? near([s.longitude, s.latitude], 10) : Infinity, p ? near(p.at, 8) : Infinity];
    if (ds === Infinity && dp === Infinity) return null;
    return ds <= dp ? { station: s } : { profile: p };
  }

  const behaviour = d3.zoom().scaleExtent([1, 40]).on("zoom", (event) => { zoom = event.transform; draw(); });
  behaviour.filter((event) => !event.ctrlKey && !event.button && !(event.type === "touchstart" && event.touches.length < 2));
  const selection = d3.select(canvas).call(behaviour);
  let settled = false;
  new ResizeObserver(() => { fit(); if (!settled && canvas.clientWidth > 10) { settled = true; selection.call(behaviour.transform, onto()); } draw(); }).observe(canvas);
  world.addEventListener("click", () => selection.call(behaviour.transform, d3.zoomIdentity));
  line.addEventListener("click", () => selection.call(behaviour.transform, onto()));
  canvas.addEventListener("pointermove", (event) => {
    const found = pick(event);
    canvas.style.cursor = found ? "pointer" : "grab";
    canvas.title = found?.station ? `Station ${found.station.station}` : found?.profile ? `Profile ${found.profile.id}` : "";
  });
  canvas.addEventListener("click", (event) => {
    const found = pick(event);
    if (found?.station) openStation(page, found.station);
    else if (found?.profile) page.select("Profile", found.profile.id);
  });
  canvas.addEventListener("keydown", (event) => {
    const order = [...data.stations].sort((a, b) => a.x - b.x);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = order[order.indexOf(station(data, page)) + step];
    if (next) { openStation(page, next); page.say(`Station ${next.station}`); }
  });
  page.state.subscribe(async (changed) => {
    if (changed.has("cruise") || changed.has("parameter")) data = await load(page).catch(() => data);
    draw();
  });
  // What was opened elsewhere is brought into sight: the whole world, if it lies outside of what is shown.
  page.onSelect((record) => {
    const wanted = record && (record.label === "Profile" || record.label === "Float") ? profiles.findLast((p) => p.id === record.key[0] || p.id.startsWith(`${record.key[0]}_`)) : null;
    const [x, y] = wanted ? (projection(wanted.at) ?? [-1, -1]) : [1, 1];
    if (wanted && (x < 0 || y < 0 || x > canvas.clientWidth || y > canvas.clientHeight)) selection.call(behaviour.transform, d3.zoomIdentity);
    draw();
  });
}

function fill(context, path, shape, colour) {
  context.beginPath();
  path(shape);
  context.fillStyle = colour;
  context.fill();
}
