// The panel over the board: the card's own page, opened beside its card.

import { flash, settle } from "./arrivals.js";
import { allCards, cardById } from "./cards.js";
import { setActive } from "./focus.js";
import { fetchCard, send } from "./send.js";
import { say, toast } from "../say.js";
import { gettext } from "../words.js";
import { remember, undoLast } from "./undo.js";

const panel = () => document.getElementById("panel");
const shownId = () => panel().querySelector("[data-id]")?.dataset.id;
const parameter = () => (document.getElementById("board").dataset.cards === "deals" ? "deal" : "lead");

export async function openPanel(url) {
  await htmx.ajax("GET", url, { source: panel(), target: "#panel", swap: "innerHTML" });
  if (!panel().querySelector(".panelbox")) return;
  if (!panel().open) panel().showModal();
  document.getElementById("panel-title")?.focus();
  address(shownId());
}

function address(id) {
  const url = new URL(location);
  if (id) url.searchParams.set(parameter(), id);
  else url.searchParams.delete(parameter());
  history.replaceState(history.state, "", url);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#board [data-opens-card]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    return openPanel(link.getAttribute("href"));
  }
  if (event.target === panel() || event.target.closest("#panel [data-closes]")) return panel().close();
  const goes = event.target.closest("#panel [data-goes]");
  if (goes) go(goes.dataset.goes === "next" ? 1 : -1);
});

function go(direction) {
  const cards = allCards();
  const next = cards[cards.findIndex((card) => card.dataset.id === shownId()) + direction];
  if (next) openPanel(next.dataset.url);
}

document.getElementById("panel")?.addEventListener("close", () => {
  const card = cardById(shownId());
  address(null);
  panel().replaceChildren();
  if (card) setActive(card, { focus: true });
});

// The stepper, Won, Lost and Undo are plain forms; over the board they go the way of a drag.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("#panel form[data-step]");
  if (!form) return;
  event.preventDefault();
  step(form);
});

async function step(form) {
  const box = form.closest(".panelbox");
  const fields = Object.fromEntries(new FormData(form));
  const { status, happening, refusal } = await send(form.getAttribute("action"), fields);
  const card = settle(box.dataset.id);
  if (status === 200) {
    flash(card);
    announce(happening, box);
  } else {
    const words = refusal?.message ?? gettext("The server could not save that. Nothing was changed.");
    toast(words, { bad: true });
    say(words, { loud: true });
  }
  openPanel(box.dataset.url);
}

function announce(happening, box) {
  if (!happening) return;
  say(happening.say);
  const name = box.querySelector("#panel-title").textContent;
  if (happening.undo) remember({ url: happening.undo, id: box.dataset.id, version: happening.version, name });
  const undo = () => undoLast().then(() => panel().open && openPanel(box.dataset.url));
  toast(happening.say, { kind: "move", ...(happening.undo && { action: gettext("Undo"), run: undo }) });
}

// A fact, a note or a next step changed inside the panel: the card shows it too.
document.addEventListener("card-changed", async ({ detail }) => {
  const card = cardById(detail.id);
  if (!card) return;
  await fetchCard(`${card.dataset.url}card/`);
  settle(detail.id);
});

// After a form of the panel was answered, the keyboard goes on from its title.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target === panel() && document.activeElement === document.body) document.getElementById("panel-title")?.focus();
});

const asked = new URL(location).searchParams.get(document.getElementById("board") ? parameter() : "");
if (asked) openPanel(`/${document.getElementById("board").dataset.cards}/${encodeURIComponent(asked)}/`);
