// Brings the page's slots to what the server pushes, keeps relative times current, and says when the server is gone.
"use strict";

const STALE_MS = 3500;
const RETRY_MS = 2000;

// Makes `old` equal to `wanted` by touching only what differs: links stay clickable, bars glide, selections survive.
function morph(old, wanted) {
  const keyed = new Map();
  for (const child of old.children) {
    if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  }
  let at = old.firstChild;
  for (const next of [...wanted.childNodes]) {
    const same = next.dataset && next.dataset.key !== undefined ? keyed.get(next.dataset.key) : undefined;
    if (same && same !== at) old.insertBefore(same, at);
    const here = same || at;
    if (!here || here.nodeType !== next.nodeType || here.nodeName !== next.nodeName || (!same && (isKeyed(here) || isKeyed(next)))) {
      old.insertBefore(next, here || null);
      at = here || null;
      continue;
    }
    at = here.nextSibling;
    if (here.nodeType === Node.TEXT_NODE) {
      if (here.data !== next.data) here.data = next.data;
    } else if (here.nodeType === Node.ELEMENT_NODE && !here.isEqualNode(next)) {
      attributes(here, next);
      morph(here, next);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function isKeyed(node) {
  return node.dataset !== undefined && node.dataset.key !== undefined;
}

function attributes(old, wanted) {
  for (const { name } of [...old.attributes]) {
    if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...wanted.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

let beatAt = Date.now();

function fill(slot, html) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  relativeTimes(wanted.content);
  for (const place of document.querySelectorAll(`[data-slot="${CSS.escape(slot)}"]`)) morph(place, wanted.content.cloneNode(true));
  if (slot === "pulse") {
    beatAt = Date.now();
    if (wanted.content.querySelector("[data-over]")) location.reload();
  }
}

function span(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function clock(seconds) {
  const two = (part) => String(Math.floor(part)).padStart(2, "0");
  const whole = Math.max(0, seconds);
  return whole < 3600 ? `${Math.floor(whole / 60)}:${two(whole % 60)}` : `${Math.floor(whole / 3600)}:${two((whole % 3600) / 60)}:${two(whole % 60)}`;
}

function relativeTimes(within) {
  const now = Date.now();
  for (const time of within.querySelectorAll("time[data-ago]")) write(time, `${span((now - Date.parse(time.dateTime)) / 1000)} ago`);
  for (const time of within.querySelectorAll("[data-since]")) write(time, clock((now - Date.parse(time.dataset.since)) / 1000));
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A server that does not beat is gone, or the connection is: say so, and begin anew as soon as it answers.
function watch() {
  relativeTimes(document);
  if (Date.now() - beatAt < STALE_MS) return;
  const pulse = document.querySelector(".pulse");
  if (!pulse) return;
  pulse.className = "pulse lost";
  write(pulse.querySelector("b"), "lost");
  const words = pulse.querySelector(".clock");
  if (words) write(words, "reconnecting…");
}

async function comeBack() {
  if (Date.now() - beatAt > 2 * STALE_MS && !document.hidden) {
    try {
      const answer = await fetch("/health", { cache: "no-store" });
      if (answer.ok) return location.reload();
    } catch {
      // Still away.
    }
  }
  setTimeout(comeBack, RETRY_MS);
}

function follow(doc) {
  const fragments = doc.get_model_by_name("fragments");
  const all = () => {
    const { slot, html } = fragments.data;
    slot.forEach((name, row) => fill(name, html[row]));
  };
  fragments.properties.data.change.connect(all);
  fragments.patching.connect((rows) => rows.forEach((row) => fill(fragments.data.slot[row], fragments.data.html[row])));
  all();
  const choice = doc.get_model_by_name("choice");
  if (choice) {
    document.addEventListener("click", (event) => {
      const link = event.target instanceof Element && event.target.closest("[data-choose]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      choice.data = { trend: [link.dataset.choose] };
      history.replaceState(null, "", link.getAttribute("href"));
      document.querySelector("main").scrollIntoView({ block: "start", behavior: "smooth" });
    });
  }
  document.documentElement.dataset.connected = "1";
}

function begin() {
  const [doc] = (window.Bokeh && window.Bokeh.documents) || [];
  if (doc && doc.get_model_by_name("fragments")) follow(doc);
  else setTimeout(begin, 30);
}

begin();
relativeTimes(document);
setInterval(watch, 1000);
comeBack();
