// The open panel follows what colleagues change in its card, and leaves alone what is being written.

import { say, toast } from "../say.js";
import { tab } from "../tab.js";
import { fill, gettext } from "../words.js";
import { merge } from "./merging.js";

const TOGETHER = 150; // milliseconds in which several changes of the card become one look
const box = () => document.querySelector("dialog#panel[open] .panelbox");
let waiting = 0;

document.addEventListener("card-touched", ({ detail }) => {
  const isShown = box()?.dataset.id === String(detail.id);
  if (isShown && !detail.mine && !(Number(box().dataset.version) >= detail.version)) soon();
});

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(look, TOGETHER);
}

async function look() {
  const shown = box();
  if (!shown || document.hidden) return;
  const headers = { "HX-Request": "true", "HX-Current-URL": location.href, "X-Tab": tab };
  const response = await fetch(shown.dataset.url, { headers, redirect: "manual" }).catch(() => null);
  if (shown !== box() || !response) return;
  if (response.status === 404) return notOurs(shown);
  if (!response.ok) return;
  const fresh = panelIn(await response.text());
  if (!fresh || shown !== box()) return;
  for (const part of merge(shown, fresh, { told })) lightUp(part);
}

const panelIn = (html) => new DOMParser().parseFromString(html, "text/html").querySelector(".panelbox");

/** A colleague changed what is being edited here: a word beside it; saving asks which of the two it shall be. */
function told(mine, theirs) {
  const shown = theirs.querySelector("[data-shown]")?.textContent.trim();
  const before = mine.querySelector("[data-shown]");
  if (shown === undefined || !before || shown === before.textContent.trim()) return;
  before.textContent = shown;
  mine.querySelector(".contested")?.remove();
  const words = document.createElement("p");
  words.className = "contested";
  words.textContent = fill(gettext("A colleague changed this to %(value)s."), { value: shown });
  mine.querySelector("form").prepend(words);
  say(words.textContent);
}

function lightUp(part) {
  part.classList.add("flash");
  setTimeout(() => part.classList.remove("flash"), 1700);
}

function notOurs(shown) {
  const name = shown.querySelector("#panel-title").textContent;
  const words = fill(gettext("%(name)s is not yours to see any more."), { name });
  document.getElementById("panel").close();
  toast(words, { bad: true });
  say(words, { loud: true });
}

// The answer to one form of the panel leaves what is being written in the others.
document.addEventListener("htmx:beforeSwap", ({ detail, target }) => {
  if (target.id !== "panel" || !box() || ![200, 409, 422].includes(detail.xhr.status)) return;
  const fresh = panelIn(detail.xhr.responseText);
  if (!fresh || fresh.dataset.id !== box().dataset.id) return;
  detail.shouldSwap = false;
  detail.isError = false;
  merge(box(), fresh, { sent: detail.requestConfig.elt.closest("form"), told });
  if (document.activeElement === document.body) document.getElementById("panel-title")?.focus();
});

document.addEventListener("visibilitychange", () => !document.hidden && box() && soon());
