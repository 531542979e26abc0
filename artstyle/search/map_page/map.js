"use strict";
// Works in two dimensions: thumbnails on a canvas, which the mouse, fingers and keys move.
(() => {
  const data = JSON.parse(document.getElementById("works").textContent);
  const { works, sheets, tile, columns, perSheet } = data;
  const canvas = document.getElementById("map");
  const context = canvas.getContext("2d");
  const details = document.getElementById("details");
  const legend = document.getElementById("legend");
  const choice = document.getElementById("colour");
  const still = matchMedia("(prefers-color-scheme: dark)");
  const FIELDS = { style: "style", predicted: "style, by the model", artist: "artist", verdict: "verdict of the model" };
  const PALETTE = 8, MOST_ZOOM = 60, UNKNOWN = "unknown", OTHER = "others";
  const view = { zoom: 1, x: 0.5, y: 0.5 };
  let chosen = -1, only = null, field = "", colours = new Map(), size = { w: 1, h: 1 }, asked = 0;

  const images = sheets.map((source) => {
    const image = new Image();
    image.onload = redraw;
    image.src = source;
    return image;
  });

  const value = (work) => work[field] || UNKNOWN;
  const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function colourBy(name) {
    field = name;
    only = null;
    const counts = new Map();
    for (const work of works) counts.set(value(work), (counts.get(value(work)) || 0) + 1);
    const ranked = [...counts.keys()].filter((key) => key !== UNKNOWN)
      .sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
    const room = ranked.length > PALETTE ? PALETTE - 1 : PALETTE;
    colours = new Map(ranked.map((key, at) => [key, at < room ? `--c${at}` : "--faint"]));
    colours.set(UNKNOWN, "--faint");
    const named = ranked.slice(0, room).map((key) => [key, counts.get(key), (work) => value(work) === key]);
    const rest = ranked.slice(room);
    if (rest.length) {
      const among = new Set(rest);
      const total = rest.reduce((sum, key) => sum + counts.get(key), 0);
      named.push([`${rest.length} ${OTHER}`, total, (work) => among.has(value(work)), "--faint"]);
    }
    if (counts.has(UNKNOWN)) named.push([UNKNOWN, counts.get(UNKNOWN), (work) => value(work) === UNKNOWN]);
    legend.replaceChildren(...named.map(entry));
    redraw();
  }

  function entry([name, count, holds, colour]) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const dot = document.createElement("i");
    dot.style.background = `var(${colour || colours.get(name)})`;
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.append(dot, `${name} (${count})`);
    button.onclick = () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      for (const other of legend.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", String(on));
      only = on ? holds : null;
      redraw();
    };
    item.append(button);
    return item;
  }

  // A whole thumbnail has room at each edge.
  const scale = () => view.zoom * (Math.min(size.w, size.h) - tile);
  const stretch = () => Math.min(1.6, Math.max(size.w, size.h) / Math.min(size.w, size.h));
  // The longer side of the board is used too, up to a point.
  const across = () => scale() * (size.w > size.h ? stretch() : 1);
  const down = () => scale() * (size.h > size.w ? stretch() : 1);
  const place = (work) => [(work.x - view.x) * across() + size.w / 2, (work.y - view.y) * down() + size.h / 2];
  const side = () => Math.min(tile, Math.max(9, 0.8 * Math.sqrt((size.w * size.h) / works.length)) * view.zoom ** 0.7);

  function redraw() {
    if (!asked) asked = requestAnimationFrame(draw);
  }

  function draw() {
    asked = 0;
    const ratio = devicePixelRatio || 1;
    size = { w: canvas.clientWidth, h: canvas.clientHeight };
    canvas.width = Math.round(size.w * ratio);
    canvas.height = Math.round(size.h * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const palette = new Map([...new Set(colours.values())].map((name) => [name, variable(name)]));
    const edge = side();
    works.forEach((work, at) => {
      const [x, y] = place(work);
      if (x < -edge || y < -edge || x > size.w + edge || y > size.h + edge) return;
      const shown = !only || only(work);
      context.globalAlpha = shown ? 1 : 0.12;
      paint(context, at, x, y, edge, palette.get(colours.get(value(work))));
    });
    context.globalAlpha = 1;
    if (chosen >= 0) {
      const [x, y] = place(works[chosen]);
      const large = Math.max(edge, 40);
      paint(context, chosen, x, y, large, palette.get(colours.get(value(works[chosen]))));
      context.strokeStyle = variable("--accent");
      context.lineWidth = 3;
      context.strokeRect(x - large / 2 - 4, y - large / 2 - 4, large + 8, large + 8);
    }
  }

  function source(at) {
    const within = at % perSheet;
    return [images[Math.floor(at / perSheet)], (within % columns) * tile, Math.floor(within / columns) * tile];
  }

  function paint(target, at, x, y, edge, colour) {
    const [image, left, top] = source(at);
    const [w, h] = [works[at].w / tile * edge, works[at].h / tile * edge];
    if (colour) {
      const rim = Math.max(1.5, edge * 0.08);
      target.fillStyle = colour;
      target.fillRect(x - w / 2 - rim, y - h / 2 - rim, w + 2 * rim, h + 2 * rim);
    }
    if (image.complete && image.naturalWidth) {
      target.drawImage(image, left, top, works[at].w, works[at].h, x - w / 2, y - h / 2, w, h);
    }
  }

  function choose(at) {
    if (at === chosen || at < 0) return;
    chosen = at;
    const work = works[at];
    const picture = document.createElement("canvas");
    const [image, left, top] = source(at);
    picture.width = 2 * work.w;
    picture.height = 2 * work.h;
    picture.getContext("2d").drawImage(image, left, top, work.w, work.h, 0, 0, 2 * work.w, 2 * work.h);
    const list = document.createElement("dl");
    const facts = { work: work.name, style: work.style, artist: work.artist, "by the model": work.predicted, verdict: work.verdict, file: work.path };
    for (const [name, said] of Object.entries(facts)) {
      if (!said) continue;
      const pair = document.createElement("div"), term = document.createElement("dt"), fact = document.createElement("dd");
      term.textContent = name;
      fact.textContent = said;
      pair.append(term, fact);
      list.append(pair);
    }
    details.replaceChildren(picture, list);
    redraw();
  }

  function nearest(x, y) {
    const reach = Math.max(side(), 24);
    let best = -1, least = reach * reach;
    works.forEach((work, at) => {
      if (only && !only(work)) return;
      const [left, top] = place(work);
      const distance = (left - x) ** 2 + (top - y) ** 2;
      if (distance < least) [best, least] = [at, distance];
    });
    return best;
  }

  function step(dx, dy) {
    if (chosen < 0) {
      choose(works.findIndex((work) => !only || only(work)));
      return;
    }
    const [x, y] = place(works[chosen]);
    let best = -1, least = Infinity;
    works.forEach((work, at) => {
      if (at === chosen || (only && !only(work))) return;
      const [left, top] = place(work);
      const along = (left - x) * dx + (top - y) * dy, aside = Math.abs((left - x) * dy) + Math.abs((top - y) * dx);
      if (along > 0 && aside <= along && along + aside < least) [best, least] = [at, along + aside];
    });
    choose(best);
    keepInView();
  }

  function keepInView() {
    const [x, y] = place(works[chosen]);
    const margin = 30;
    if (x < margin || y < margin || x > size.w - margin || y > size.h - margin) {
      view.x = works[chosen].x;
      view.y = works[chosen].y;
    }
    redraw();
  }

  function zoomAt(factor, x, y) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
    const before = [(x - size.w / 2) / across() + view.x, (y - size.h / 2) / down() + view.y];
    view.zoom = zoom;
    if (zoom === 1) Object.assign(view, { x: 0.5, y: 0.5 });
    else {
      view.x = before[0] - (x - size.w / 2) / across();
      view.y = before[1] - (y - size.h / 2) / down();
    }
    redraw();
  }

  const zoomMiddle = (factor) => {
    const [x, y] = chosen >= 0 ? place(works[chosen]) : [size.w / 2, size.h / 2];
    zoomAt(factor, x, y);
  };
  const whole = () => zoomAt(0, 0, 0);

  const fingers = new Map();
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
    choose(nearest(event.offsetX, event.offsetY));
  };
  canvas.onpointermove = (event) => {
    const here = [event.offsetX, event.offsetY];
    const before = fingers.get(event.pointerId);
    if (!before) {
      choose(nearest(...here));
      return;
    }
    if (fingers.size === 1) {
      view.x -= (here[0] - before[0]) / across();
      view.y -= (here[1] - before[1]) / down();
    } else {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const apart = (at) => Math.max(1, Math.hypot(at[0] - other[0], at[1] - other[1]));
      zoomAt(apart(here) / apart(before), other[0], other[1]);
    }
    fingers.set(event.pointerId, here);
    redraw();
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }, { passive: false });
  const KEYS = {
    ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
    "+": () => zoomMiddle(1.5), "=": () => zoomMiddle(1.5), "-": () => zoomMiddle(1 / 1.5), 0: whole,
  };
  canvas.onkeydown = (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    KEYS[event.key]();
  };
  document.getElementById("closer").onclick = () => zoomMiddle(1.5);
  document.getElementById("further").onclick = () => zoomMiddle(1 / 1.5);
  document.getElementById("whole").onclick = whole;
  still.onchange = redraw;
  new ResizeObserver(redraw).observe(canvas);

  const usable = Object.keys(FIELDS).filter((name) => works.some((work) => work[name]));
  choice.replaceChildren(...usable.map((name) => new Option(FIELDS[name], name)));
  choice.onchange = () => colourBy(choice.value);
  colourBy(usable[0]);
})();
