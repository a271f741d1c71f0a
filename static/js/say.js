// What the page tells people: in a corner for the eyes, in live regions for screen readers.

import { gettext } from "./words.js";

const ICONS = document.documentElement.dataset.icons;

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

const toasts = document.getElementById("toasts");
const regions = [toasts, document.getElementById("say"), document.getElementById("shout")].filter(Boolean);

/** Outside a modal dialog nothing can be clicked or heard: what the page tells people stands inside the one on top. */
function standWithPeople() {
  const place = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (regions.every((region) => region.parentElement === place)) return;
  place.append(...regions);
  if (toasts?.childElementCount) raise(toasts);
}

for (const event of ["focusin", "close", "htmx:afterSwap"]) document.addEventListener(event, standWithPeople, true);

/** Announce to screen readers: politely, or at once when something went wrong. */
export function say(words, { loud = false } = {}) {
  standWithPeople();
  const region = document.getElementById(loud ? "shout" : "say");
  region.textContent = "";
  setTimeout(() => (region.textContent = words), 60);
}

/**
 * A short message in the corner. Good news leaves after `ms`, waiting while it is pointed at or focused; bad news
 * stays. `action` names a button that calls `run`, or a link where `href` is given; `note` is a second line.
 */
export function toast(words, { bad = false, kind = "", note = "", action = "", run = null, href = "", ms = 8000 } = {}) {
  standWithPeople();
  const box = toasts;
  if (kind) box.querySelectorAll(`[data-kind="${kind}"]`).forEach((older) => older.remove());
  while (box.children.length > 2) box.firstElementChild.remove();

  const item = document.createElement("div");
  item.className = bad ? "toast bad" : "toast";
  item.dataset.kind = kind;
  const text = document.createElement("p");
  text.textContent = words;
  if (note) text.append(smallPrint(note));
  item.append(icon(bad ? "triangle-alert" : "circle-check"), text);
  if (action && href) item.append(link(action, href));
  else if (action) item.append(button(action, () => (item.remove(), run())));
  item.append(dismissal(() => item.remove()));

  if (!bad) leaveAfter(item, ms);
  box.append(item);
  raise(box);
  return item;
}

/** A popover shown again lies above dialogs that were opened since. */
function raise(box) {
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
}

function smallPrint(words) {
  const small = document.createElement("small");
  small.textContent = words;
  return small;
}

function button(words, run) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn small";
  made.textContent = words;
  made.addEventListener("click", run);
  return made;
}

function link(words, href) {
  const made = document.createElement("a");
  made.className = "btn small";
  made.href = href;
  made.textContent = words;
  return made;
}

function dismissal(run) {
  const made = button("", run);
  made.className = "btn icon small";
  made.setAttribute("aria-label", gettext("Dismiss"));
  made.append(icon("x"));
  return made;
}

function leaveAfter(item, ms) {
  let timer;
  const stay = () => clearTimeout(timer);
  const wait = () => {
    stay();
    timer = setTimeout(() => item.remove(), ms);
  };
  for (const event of ["pointerenter", "focusin"]) item.addEventListener(event, stay);
  for (const event of ["pointerleave", "focusout"]) item.addEventListener(event, wait);
  wait();
}
