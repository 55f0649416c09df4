"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svgSpace = "http://www.w3.org/2000/svg";
  const [width, height] = data.size;
  // Names and sentences come from strangers: they are only ever set as text.
  const make = (tag, words, into) => {
    const node = document.createElement(tag);
    if (words !== undefined) node.textContent = words;
    if (into) into.append(node);
    return node;
  };
  document.title = data.t.title + " · " + data.name;
  document.getElementById("headline").textContent = data.headline;
  document.getElementById("about").textContent = data.name + " · " + width + "×" + height + " · " + data.t.how;
  document.getElementById("listed").textContent = data.t.evidence;

  // Panes: the photo, and the original in step with it.
  const panes = document.getElementById("panes");
  const layers = [];
  const pane = (source, caption) => {
    const frame = make("figure", undefined, panes);
    frame.className = "pane";
    frame.style.margin = "0";
    frame.style.aspectRatio = width + " / " + height;
    const layer = make("div", undefined, frame);
    const image = make("img", undefined, layer);
    image.alt = caption;
    image.src = source;
    image.draggable = false;
    make("figcaption", caption, frame);
    layers.push(layer);
    return { frame, layer };
  };
  const photo = pane(data.photo, data.name);
  const overlay = make("img", undefined, photo.layer);
  overlay.id = "map";
  overlay.alt = "";
  overlay.hidden = true;
  const rings = document.createElementNS(svgSpace, "svg");
  rings.setAttribute("viewBox", "0 0 " + width + " " + height);
  rings.setAttribute("preserveAspectRatio", "none");
  photo.layer.append(rings);
  for (const original of data.originals) pane(original.image, data.t.original + " " + original.name);

  // Zoom and pan, the same in all panes: in shares of a pane, so that their sizes do not matter.
  let zoom = 1, left = 0, top = 0;
  const show = () => {
    zoom = Math.min(32, Math.max(1, zoom));
    left = Math.min(0, Math.max(1 - zoom, left));
    top = Math.min(0, Math.max(1 - zoom, top));
    for (const layer of layers) {
      layer.style.transform = "translate(" + left * 100 + "%," + top * 100 + "%) scale(" + zoom + ")";
    }
    rings.style.setProperty("--zoom", zoom);
    document.body.dataset.zoom = zoom.toFixed(3);
  };
  const zoomAt = (x, y, factor) => {
    const before = zoom;
    zoom = Math.min(32, Math.max(1, zoom * factor));
    left = x - (x - left) * (zoom / before);
    top = y - (y - top) * (zoom / before);
    show();
  };
  const at = (frame, event) => {
    const box = frame.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const fingers = new Map();
  for (const frame of panes.children) {
    frame.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoomAt(...at(frame, event), Math.exp(-event.deltaY / 400));
    }, { passive: false });
    frame.addEventListener("pointerdown", (event) => {
      frame.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(frame, event));
    });
    frame.addEventListener("pointermove", (event) => {
      const from = fingers.get(event.pointerId);
      if (!from) return;
      const to = at(frame, event);
      const other = [...fingers].find(([id]) => id !== event.pointerId);
      if (other) {
        const apart = (p) => Math.hypot(p[0] - other[1][0], p[1] - other[1][1]);
        zoomAt((to[0] + other[1][0]) / 2, (to[1] + other[1][1]) / 2, apart(to) / Math.max(1e-3, apart(from)));
      } else {
        left += to[0] - from[0];
        top += to[1] - from[1];
        show();
      }
      fingers.set(event.pointerId, to);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      frame.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
  }

  // Tools: which map, how strong, whose rings.
  const tools = document.getElementById("tools");
  const labelled = (words, node) => {
    const label = make("label", undefined, tools);
    make("span", words, label);
    label.append(node);
    return node;
  };
  const choice = labelled(data.t.map, make("select"));
  choice.id = "which";
  make("option", data.t.no_map, choice).value = "";
  data.maps.forEach((one, i) => { make("option", one.name, choice).value = String(i); });
  const strength = labelled(data.t.strength, make("input"));
  strength.id = "strength";
  strength.type = "range";
  strength.min = "0";
  strength.max = "100";
  strength.value = "70";
  const shade = () => {
    const one = data.maps[choice.value === "" ? -1 : Number(choice.value)];
    overlay.hidden = !one;
    if (one && overlay.src !== one.image) overlay.src = one.image;
    overlay.style.opacity = String(Number(strength.value) / 100);
  };
  choice.addEventListener("change", shade);
  strength.addEventListener("input", shade);

  const drawn = new Map();
  for (const ring of data.rings) {
    const shape = document.createElementNS(svgSpace, "polygon");
    shape.setAttribute("points", ring.points.map((p) => p.join(",")).join(" "));
    shape.classList.add(ring.role);
    rings.append(shape);
    if (!drawn.has(ring.detector)) drawn.set(ring.detector, []);
    drawn.get(ring.detector).push({ shape, points: ring.points });
  }
  const known = new Map(data.evidence.map((row) => [row.detector, row.name]));
  const boxes = new Map();
  const ringsOf = (detector, on) => {
    for (const { shape } of drawn.get(detector) || []) shape.style.display = on ? "" : "none";
  };
  for (const detector of drawn.keys()) {
    const box = labelled(data.t.rings + " " + (known.get(detector) || detector), make("input"));
    box.type = "checkbox";
    box.dataset.detector = detector;
    box.checked = detector === "localize" || !drawn.has("localize");
    box.addEventListener("change", () => ringsOf(detector, box.checked));
    boxes.set(detector, box);
    ringsOf(detector, box.checked);
  }
  const reset = make("button", data.t.reset, tools);
  reset.addEventListener("click", () => { zoom = 1; left = top = 0; light(null); show(); });

  // Evidence: a row shows the place that it speaks of, and its map.
  const head = make("tr", undefined, document.querySelector("#evidence thead"));
  for (const name of ["looked", "saw", "weight"]) make("th", data.t[name], head);
  const rows = [];
  const light = (detector) => {
    for (const [name, list] of drawn) for (const { shape } of list) shape.classList.toggle("lit", name === detector);
    for (const { row, of } of rows) row.classList.toggle("lit", of === detector);
    if (detector === null) return;
    const index = data.maps.findIndex((one) => one.detector === detector);
    if (index >= 0) { choice.value = String(index); shade(); }
    if (boxes.has(detector)) { boxes.get(detector).checked = true; ringsOf(detector, true); }
    const points = (drawn.get(detector) || []).flatMap((one) => one.points);
    if (!points.length) return;
    const xs = points.map((p) => p[0] / width), ys = points.map((p) => p[1] / height);
    const low = [Math.min(...xs), Math.min(...ys)], high = [Math.max(...xs), Math.max(...ys)];
    zoom = Math.min(8, 0.6 / Math.max(0.02, high[0] - low[0], high[1] - low[1]));
    zoom = Math.max(1, zoom);
    left = 0.5 - zoom * (low[0] + high[0]) / 2;
    top = 0.5 - zoom * (low[1] + high[1]) / 2;
    show();
  };
  for (const one of data.evidence) {
    const row = make("tr", undefined, document.querySelector("#evidence tbody"));
    for (const words of [one.name, one.sentence, one.weight]) make("td", words, row);
    row.dataset.detector = one.detector;
    rows.push({ row, of: one.detector });
    if (drawn.has(one.detector) || data.maps.some((map) => map.detector === one.detector)) {
      row.className = "placed";
      row.tabIndex = 0;
      row.addEventListener("click", () => light(one.detector));
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") light(one.detector); });
    }
  }
  show();
  document.body.dataset.ready = "yes";
})();
