"use strict";
// Moves and zooms a drawing that the server made, and marks what a search or a box is about. Without it the drawing
// scrolls, and all links work.
(() => {
  const frame = document.querySelector("[data-graph]");
  if (!frame) return;
  const svg = frame.querySelector("svg");
  const whole = svg.viewBox.baseVal;
  const size = { width: whole.width, height: whole.height };
  const boxes = [...svg.querySelectorAll(".box")];
  const arrows = [...svg.querySelectorAll(".arrow")];
  const LEAST = 0.04, MOST = 3, STEP = 60;
  const view = { x: 0, y: 0, scale: 1 };
  frame.classList.add("moving");
  frame.querySelector(".tools").hidden = false;

  const show = () => {
    const w = svg.clientWidth / view.scale, h = svg.clientHeight / view.scale;
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
  };
  const centre = (x, y) => {
    view.x = x - svg.clientWidth / view.scale / 2;
    view.y = y - svg.clientHeight / view.scale / 2;
    show();
  };
  const zoom = (factor, px = svg.clientWidth / 2, py = svg.clientHeight / 2) => {
    const next = Math.min(MOST, Math.max(LEAST, view.scale * factor));
    view.x += px / view.scale - px / next;
    view.y += py / view.scale - py / next;
    view.scale = next;
    show();
  };
  const whatFits = () => Math.min(svg.clientWidth / size.width, svg.clientHeight / size.height, 1);
  const fit = () => {
    view.scale = Math.max(whatFits(), LEAST);
    centre(size.width / 2, size.height / 2);
  };
  const look = (box) => {
    view.scale = Math.max(view.scale, 0.7);
    centre(+box.dataset.x + box.dataset.w / 2, +box.dataset.y + Math.min(box.dataset.h, 300) / 2);
  };

  let held = null, moved = false;
  svg.addEventListener("pointerdown", (e) => { held = { x: e.clientX, y: e.clientY }; moved = false; });
  addEventListener("pointermove", (e) => {
    if (!held) return;
    if (!moved && Math.hypot(e.clientX - held.x, e.clientY - held.y) < 4) return;
    moved = true;
    view.x -= (e.clientX - held.x) / view.scale;
    view.y -= (e.clientY - held.y) / view.scale;
    held = { x: e.clientX, y: e.clientY };
    show();
  });
  addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("click", (e) => { if (moved) e.preventDefault(); }, true);
  svg.addEventListener("dragstart", (e) => e.preventDefault());
  svg.addEventListener("wheel", (e) => {
    e.preventDefault();
    const at = svg.getBoundingClientRect();
    zoom(Math.exp(-e.deltaY / 500), e.clientX - at.left, e.clientY - at.top);
  }, { passive: false });

  const keys = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": () => fit(),
    ArrowLeft: () => { view.x -= STEP / view.scale; show(); }, ArrowRight: () => { view.x += STEP / view.scale; show(); },
    ArrowUp: () => { view.y -= STEP / view.scale; show(); }, ArrowDown: () => { view.y += STEP / view.scale; show(); },
  };
  frame.addEventListener("keydown", (e) => {
    const act = e.target.matches("input") || e.ctrlKey || e.metaKey ? null : keys[e.key];
    if (act) { e.preventDefault(); act(); }
  });
  for (const button of frame.querySelectorAll("[data-do]")) {
    const act = { in: () => zoom(1.25), out: () => zoom(0.8), fit: () => fit() }[button.dataset.do];
    button.addEventListener("click", act);
  }
  // a box that gets the focus by the keyboard comes into sight
  svg.addEventListener("focusin", (e) => {
    const box = e.target.closest(".box");
    if (box && !held && e.target.matches(":focus-visible")) look(box);
  });

  // what a box is connected to, while the pointer or the focus is on it
  const near = (number) => {
    svg.classList.toggle("about", number !== null);
    const kept = new Set([number]);
    for (const a of arrows) {
      const on = number !== null && (a.dataset.a === number || a.dataset.b === number);
      a.classList.toggle("on", on);
      if (on) kept.add(a.dataset.a).add(a.dataset.b);
    }
    for (const b of boxes) b.classList.toggle("on", number !== null && kept.has(b.dataset.n));
  };
  for (const box of boxes) {
    box.addEventListener("pointerenter", () => { if (!held) near(box.dataset.n); });
    box.addEventListener("pointerleave", () => near(null));
    box.addEventListener("focusin", () => near(box.dataset.n));
    box.addEventListener("focusout", () => near(null));
  }

  const field = frame.querySelector("[data-find]"), told = frame.querySelector("[data-told]");
  let found = [], at = 0;
  const search = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = words.length ? boxes.filter((b) => words.every((w) => b.dataset.find.toLowerCase().includes(w))) : [];
    svg.classList.toggle("finding", words.length > 0);
    for (const b of boxes) b.classList.toggle("found", found.includes(b));
    told.textContent = words.length ? String(found.length) : "";
    at = 0;
    if (found.length) look(found[0]);
  };
  field.addEventListener("input", search);
  field.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !found.length) return;
    e.preventDefault();
    at = (at + (e.shiftKey ? found.length - 1 : 1)) % found.length;
    look(found[at]);
  });

  // too small to read: begin at the left, where things come from
  const READABLE = 0.62;
  fit();
  if (view.scale < READABLE) {
    view.scale = READABLE;
    centre(Math.min(size.width, svg.clientWidth / READABLE) / 2, size.height / 2);
  }
  const focus = boxes.find((b) => b.hasAttribute("data-at")) || boxes.find((b) => b.classList.contains("start"));
  if (focus && view.scale > whatFits()) look(focus);
  addEventListener("resize", show);
  frame.dataset.ready = "1";
})();
