// The map: land, sea areas, sections, trajectories, stations and profiles. Everything is projected once; zooming moves it.

import { el } from "/static/dom.js";
import { d3 } from "./data.js";
import { finder } from "./hit.js";
import { ocean, patiently } from "./ocean.js";
import { halo, onFrame, plate, ring, sharp, specks, theme } from "./paint.js";
import { saving } from "./save.js";
import { shapesOf, trackOf } from "./world.js";

const LAYERS = [["areas", "Sea areas"], ["sections", "Sections"], ["tracks", "Trajectories"], ["profiles", "Profiles"]];
const DEFAULT = "sections,tracks,profiles";
const BASE = { width: 960, height: 480 }; // what is projected once, in units of its own

/** Mount the panel. */
export async function mount(element, page) {
  const note = el("p", { class: "quiet small" });
  const canvas = el("canvas", { class: "map-canvas", role: "application", "aria-roledescription": "map", tabindex: "0" });
  const tip = el("div", { class: "tip", hidden: true });
  const world = el("button", { type: "button" }, "World");
  const line = el("button", { type: "button" }, "Section");
  const layers = el("div", { class: "filters", role: "group", "aria-label": "Layers of the map" });
  const save = saving(() => "map", { picture: () => ({ title: `Stations of ${sea.data.cruise.name} and Argo profiles`, canvases: [canvas], print: `Land: Natural Earth. ${sea.data.cruise.citation ?? ""}` }), table });
  element.append(el("header", { class: "card-head" }, el("div", {}, el("h2", {}, "Map"), note), el("div", { class: "tools" }, line, world, ...save)), layers, el("div", { class: "canvas-box" }, canvas, tip));
  const sea = await ocean(page);
  const [atlas, places, outlines] = await patiently(() => Promise.all([
    fetch("/assets/world-atlas/land-50m.json").then((r) => { if (!r.ok) throw new Error("the land outlines are missing"); return r.json(); }),
    page.api("panels/map/places"), page.api("panels/map/outlines")]), page);
  const middle = d3.mean(sea.data.stations, (s) => s.east) ?? 0;
  const projection = d3.geoNaturalEarth1().rotate([-middle, 0]).fitExtent([[4, 4], [BASE.width - 4, BASE.height - 4]], { type: "Sphere" });
  const shapes = shapesOf(atlas, outlines, projection);
  const tracks = places.floats.map((f) => trackOf(f, projection));
  const profiles = tracks.flatMap((t) => t.profiles);
  const [px, py] = [Float64Array.from(profiles, (p) => p.x), Float64Array.from(profiles, (p) => p.y)];
  let stations = placed(sea.data.stations);
  let zoom = d3.zoomIdentity;
  let fitted = { k: 1, x: 0, y: 0 };
  let mark = null;

  const shownLayers = () => new Set((page.state.get("layers") ?? DEFAULT).split(","));
  const findProfile = finder(profiles, (p) => p.x, (p) => p.y);
  let findStation = finder(stations, (s) => s.at[0], (s) => s.at[1]);
  const findOutline = finder([...shapes.sections.flatMap((s) => s.points), ...shapes.areas.map((a) => a.middle)], (p) => p.x, (p) => p.y);

  function placed(all) {
    return all.map((s) => ({ s, at: projection([s.longitude, s.latitude]) })).filter((one) => one.at);
  }

  // From the projected world to the canvas: fitted into it, then d3's zoom.
  const view = () => ({ k: fitted.k * zoom.k, x: zoom.applyX(fitted.x), y: zoom.applyY(fitted.y) });
  function fit() {
    const { clientWidth: w, clientHeight: h } = canvas;
    if (w < 10) return;
    const k = Math.min(w / BASE.width, h / BASE.height);
    fitted = { k, x: (w - k * BASE.width) / 2, y: (h - k * BASE.height) / 2 };
    behaviour.translateExtent([[0, 0], [w, h]]).extent([[0, 0], [w, h]]);
  }
  // The transform under which these points fill most of the map.
  function onto(points, most = 8) {
    const { clientWidth: w, clientHeight: h } = canvas;
    const [x0, x1] = d3.extent(points, (p) => fitted.x + fitted.k * p[0]);
    const [y0, y1] = d3.extent(points, (p) => fitted.y + fitted.k * p[1]);
    if (x0 === undefined) return d3.zoomIdentity;
    const k = Math.max(1, Math.min(most, 0.82 * Math.min(w / Math.max(1, x1 - x0), h / Math.max(1, y1 - y0))));
    return d3.zoomIdentity.translate(w / 2, h / 2).scale(k).translate(-(x0 + x1) / 2, -(y0 + y1) / 2);
  }

  const draw = onFrame(canvas, () => {
    const { context, width, height } = sharp(canvas);
    const css = theme();
    const v = view();
    const ratio = canvas.width / width;
    const show = shownLayers();
    const record = page.selected();
    context.setTransform(ratio * v.k, 0, 0, ratio * v.k, ratio * v.x, ratio * v.y);
    context.fillStyle = css.sea;
    context.fill(shapes.sphere);
    context.lineWidth = 0.6 / v.k;
    context.strokeStyle = css.line;
    context.stroke(shapes.graticule);
    for (const area of shapes.areas) {
      const chosen = record?.label === "SeaArea" && record.key[0] === area.id;
      if (!chosen && !show.has("areas")) continue;
      context.globalAlpha = chosen ? 0.25 : 0.07;
      context.fillStyle = css.accent;
      context.fill(area.path);
      context.globalAlpha = 1;
      context.lineWidth = (chosen ? 1.6 : 0.7) / v.k;
      context.strokeStyle = css.accent;
      context.stroke(area.path);
    }
    context.fillStyle = css.land;
    context.fill(shapes.land);
    for (const one of shapes.sections) {
      const chosen = (record?.label === "Section" && record.key[0] === one.id) || (one.id === sea.data.cruise.section && show.has("sections"));
      if (!chosen && !show.has("sections")) continue;
      context.lineWidth = (chosen ? 2 : 0.8) / v.k;
      context.strokeStyle = chosen ? css.accent : css.strong;
      context.stroke(one.path);
    }
    const float = sea.float();
    for (const track of tracks) {
      if (track.wmo !== float && !show.has("tracks")) continue;
      context.lineWidth = (track.wmo === float ? 1.6 : 0.6) / v.k;
      context.globalAlpha = track.wmo === float ? 1 : 0.6;
      context.strokeStyle = css.profile;
      context.stroke(track.path);
      context.globalAlpha = 1;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (show.has("profiles")) {
      const [xs, ys] = [new Float64Array(px.length), new Float64Array(py.length)];
      for (let i = 0; i < px.length; i++) { xs[i] = v.x + v.k * px[i]; ys[i] = v.y + v.k * py[i]; }
      context.globalAlpha = 0.75;
      specks(context, xs, ys, css.profile, 2.4);
      context.globalAlpha = 1;
    }
    specks(context, stations.map((one) => v.x + v.k * one.at[0]), stations.map((one) => v.y + v.k * one.at[1]), css.ink, 3.6);
    names(context, css, v, show, width, height);
    marks(context, css, v, width);
  });

  function names(context, css, v, show, width, height) {
    if (!show.has("areas")) return;
    context.font = css.font;
    context.fillStyle = css.quiet;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const taken = [];
    for (const { name, middle: m } of shapes.areas) {
      const [x, y] = [v.x + v.k * m.x, v.y + v.k * m.y];
      if (x < 0 || x > width || y < 0 || y > height || taken.some(([a, b]) => Math.abs(a - x) < 90 && Math.abs(b - y) < 16)) continue;
      taken.push([x, y]);
      context.fillText(name, x, y);
    }
  }

  function marks(context, css, v, width) {
    const here = sea.station();
    const to = (at) => [v.x + v.k * at[0], v.y + v.k * at[1]];
    context.font = css.font;
    const profile = profiles.find((p) => p.id === sea.profile());
    const place = here && stations.find((one) => one.s.id === here.id);
    if (place) {
      const [x, y] = to(place.at);
      context.beginPath();
      context.arc(x, y, 4.5, 0, 7);
      context.fillStyle = css.accent;
      context.fill();
      ring(context, x, y, "#fff", 7);
      plate(context, `Station ${here.station}`, x, y - 16, { ...css, width, colour: css.accent });
    }
    if (profile) {
      const [x, y] = to([profile.x, profile.y]);
      ring(context, x, y, "#fff", 7);
      plate(context, `Float ${profile.wmo}, cycle ${profile.cycle}`, x, y + 16, { ...css, width, colour: css.accent });
    } else {
      const track = tracks.find((t) => t.wmo === sea.float());
      const last = page.selected()?.label === "Float" ? track?.profiles.at(-1) : null;
      if (last) plate(context, `Float ${track.wmo}`, ...to([last.x, last.y]), { ...css, width, colour: css.accent });
    }
    const pointed = mark ?? whereIs(page.pointed() ?? null);
    if (pointed) halo(context, ...to(pointed));
    canvas.dataset.station = here?.station ?? "";
    canvas.dataset.pointed = pointed ? "true" : "";
    canvas.dataset.profile = profile?.id ?? "";
    canvas.dataset.points = String(profiles.length + stations.length);
  }

  // The place of a record that the map knows, before zooming; null for every other one.
  function whereIs(record) {
    if (!record) return null;
    if (["Station", "Cast", "Bottle"].includes(record.label)) return stations.find((one) => record.key[0] === one.s.id || record.key[0].startsWith(`${one.s.id}/`))?.at ?? null;
    const id = record.label === "Profile" ? record.key[0] : record.label === "Level" ? record.key[0].split("/").slice(0, 3).join("/") : null;
    const p = id && profiles.find((one) => one.id === id);
    return p ? [p.x, p.y] : null;
  }

  function pick(event) {
    const v = view();
    const transform = { k: v.k, invertX: (x) => (x - v.x) / v.k, invertY: (y) => (y - v.y) / v.k };
    const at = d3.pointer(event, canvas);
    const show = shownLayers();
    const s = findStation(...at, transform, 9);
    if (s) return { label: "Station", id: s.s.id, says: `Station ${s.s.station}`, at: s.at, open: () => sea.openStation(s.s) };
    const p = show.has("profiles") || show.has("tracks") ? findProfile(...at, transform, 8) : null;
    if (p) return { label: "Profile", id: p.id, says: `Float ${p.wmo}, cycle ${p.cycle}`, at: [p.x, p.y], open: () => page.select("Profile", p.id) };
    const o = findOutline(...at, transform, 14);
    if (o && show.has(o.label === "Section" ? "sections" : "areas")) return { label: o.label, id: o.id, says: o.name, at: null, open: () => page.select(o.label, o.id) };
    return null;
  }

  function point(found, event) {
    tip.hidden = !found;
    canvas.style.cursor = found ? "pointer" : "grab";
    mark = found?.at ?? null;
    if (found) {
      tip.replaceChildren(el("strong", {}, found.says));
      const [x, y] = d3.pointer(event, canvas);
      tip.style.left = `${Math.max(4, Math.min(x + 14, canvas.clientWidth - 190))}px`;
      tip.style.top = `${Math.max(4, y - 44)}px`;
      page.point(found.label, found.id);
    } else page.point(null);
    draw();
  }

  function table() {
    return { columns: ["kind", "id", "latitude (degree_north)", "longitude (degree_east)"], rows: [
      ...stations.map(({ s }) => ["station", s.id, s.latitude, s.longitude]), ...profiles.map((p) => ["profile", p.id, p.latitude, p.longitude])] };
  }

  function describeMap() {
    note.textContent = `${stations.length} stations, ${profiles.length.toLocaleString("en")} Argo profiles of ${tracks.length} floats`;
    const show = shownLayers();
    layers.replaceChildren(...LAYERS.map(([name, text]) => el("label", { class: "filter" }, el("input", { type: "checkbox", value: name, checked: show.has(name), onchange: setLayers }), text)));
    canvas.setAttribute("aria-label", `Map of ${note.textContent}. Left and right go along the section, plus and minus zoom.`);
  }
  function setLayers() {
    const on = [...layers.querySelectorAll("input:checked")].map((i) => i.value).join(",");
    page.state.set({ layers: on === DEFAULT ? null : on || "none" }, { replace: true });
  }

  const behaviour = d3.zoom().scaleExtent([1, 60]).on("zoom", (event) => { zoom = event.transform; draw(); })
    .on("end", (event) => { if (event.sourceEvent) page.state.set({ map: written() }, { replace: true }); });
  behaviour.filter((event) => !event.ctrlKey && !event.button && !(event.type === "touchstart" && event.touches.length < 2));
  const selection = d3.select(canvas).call(behaviour).on("dblclick.zoom", null);
  const go = (transform) => selection.call(behaviour.transform, transform);
  // In the address: how far in, and the middle in the projected world's own units, so that any canvas shows the same place.
  function written() {
    const v = view();
    return [zoom.k.toFixed(2), ((canvas.clientWidth / 2 - v.x) / v.k).toFixed(1), ((canvas.clientHeight / 2 - v.y) / v.k).toFixed(1)].join(",");
  }
  function named() {
    const [k, x, y] = (page.state.get("map") ?? "").split(",").map(Number);
    if (![k, x, y].every(Number.isFinite) || k < 1 || k > 60) return null;
    const of = (middle, offset, length) => length / 2 - fitted.k * k * middle - k * offset;
    return d3.zoomIdentity.translate(of(x, fitted.x, canvas.clientWidth), of(y, fitted.y, canvas.clientHeight)).scale(k);
  }
  const ontoSection = () => onto(stations.map((one) => one.at));
  let settled = false;
  new ResizeObserver(() => { fit(); if (!settled && canvas.clientWidth > 10) { settled = true; go(named() ?? ontoSection()); if (!named()) bring(page.selected()); } draw(); }).observe(canvas);
  world.addEventListener("click", () => { page.state.set({ map: "1,480,240" }, { replace: true }); go(d3.zoomIdentity); });
  line.addEventListener("click", () => { page.state.set({ map: null }, { replace: true }); go(ontoSection()); });
  canvas.addEventListener("pointermove", (event) => { if (!event.buttons) point(pick(event), event); });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => pick(event)?.open());
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "-") { selection.call(behaviour.scaleBy, event.key === "+" ? 1.5 : 1 / 1.5); return; }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const order = [...sea.data.stations].sort((a, b) => a.x - b.x);
    const next = order[order.indexOf(sea.station()) + step];
    if (next) { sea.openStation(next); page.say(`Station ${next.station}`); }
  });
  page.state.subscribe((changed) => { if (changed.has("layers")) { describeMap(); draw(); } });
  sea.onChange((what) => {
    if (what.data) { stations = placed(sea.data.stations); findStation = finder(stations, (s) => s.at[0], (s) => s.at[1]); describeMap(); }
    if (what.selected) bring(page.selected());
    draw();
  });
  // What was opened elsewhere is brought into sight where it is not.
  function bring(record) {
    if (!record || canvas.clientWidth < 10) return false;
    const track = record.label === "Float" ? tracks.find((t) => t.wmo === record.key[0]) : null;
    const outline = { SeaArea: shapes.areas, Section: shapes.sections }[record.label]?.find((one) => one.id === record.key[0]);
    const points = outline ? outline.points.map((p) => [p.x, p.y]).filter(([x]) => Number.isFinite(x)) : track ? track.profiles.map((p) => [p.x, p.y]) : [whereIs(record)].filter(Boolean);
    if (!points.length) return false;
    const v = view();
    const inside = points.every(([x, y]) => v.x + v.k * x > 0 && v.x + v.k * x < canvas.clientWidth && v.y + v.k * y > 0 && v.y + v.k * y < canvas.clientHeight);
    if (!inside) go(onto(points, track ? 12 : outline ? 8 : 4));
    return !inside;
  }
  describeMap();
}
