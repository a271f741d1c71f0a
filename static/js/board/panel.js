// The panel over the board: the card's own page, opened beside its card.

import { ajax } from "../ajax.js";
import { flash, settle } from "./arrivals.js";
import { allCards, between, cardById, placeOf } from "./cards.js";
import { setActive } from "./focus.js";
import { fetchCard, send } from "./send.js";
import { say, toast } from "../say.js";
import { gettext } from "../words.js";
import { whatWentWrong } from "./failing.js";
import { askMissing } from "./missing.js";
import { followUp, remember, undo } from "./undo.js";

const panel = () => document.getElementById("panel");
const shownId = () => panel().querySelector("[data-id]")?.dataset.id;
const parameter = () => (document.getElementById("board").dataset.cards === "deals" ? "deal" : "lead");

export async function openPanel(url) {
  const wasOpen = panel().open;
  await ajax("GET", url, { source: panel(), target: "#panel", swap: "innerHTML" });
  if (wasOpen && !panel().open) return panel().replaceChildren(); // it was closed meanwhile
  if (!panel().querySelector(".panelbox")) return;
  if (!panel().open) panel().showModal();
  document.getElementById("panel-title")?.focus();
  address(shownId());
  showWays();
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
  const other = event.target.closest("#panel [data-opens-panel]");
  if (other && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    return openPanel(other.getAttribute("href"));
  }
  const goes = event.target.closest("#panel [data-goes]");
  if (goes) go(goes.dataset.goes === "next" ? 1 : -1);
});

function beside(direction) {
  const cards = allCards();
  const here = cards.findIndex((card) => card.dataset.id === shownId());
  return here < 0 ? undefined : cards[here + direction];
}

function go(direction) {
  const next = beside(direction);
  if (next) openPanel(next.dataset.url);
}

// With focus in the head of the panel, arrows go through the cards of the board; in its body they scroll.
panel()?.addEventListener("keydown", (event) => {
  const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!event.target.closest(".panelhead") || event.target.closest("input, select, textarea, [popover]")) return;
  event.preventDefault();
  go(direction);
});

/** At the first and the last card there is nothing to go on to. */
function showWays() {
  for (const button of panel().querySelectorAll("[data-goes]")) {
    button.setAttribute("aria-disabled", !beside(button.dataset.goes === "next" ? 1 : -1));
  }
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

function step(form) {
  form.closest("[popover]")?.hidePopover();
  return take(form.closest(".panelbox"), form.getAttribute("action"), Object.fromEntries(new FormData(form)));
}

async function take(box, url, fields) {
  const shown = cardById(box.dataset.id);
  const from = shown ? between(placeOf(shown)) : {};
  const answer = await send(url, fields);
  const card = settle(box.dataset.id);
  if (answer.status === 200) {
    flash(card);
    announce(answer, box, from);
    const { happening, sent } = answer;
    const tookBack = /\/(stage|undoing)\/$/.test(url);
    if (happening && !happening.undo) followUp(box.dataset.id, sent.version, happening.version, { tookBack });
  } else if (answer.status === 422) {
    const missing = await askMissing(answer.refusal, card);
    if (missing) return take(box, url, { ...fields, ...missing });
    if (missing === undefined) explain(box, url, fields, answer);
  } else explain(box, url, fields, answer);
  if (shownId() === box.dataset.id) openPanel(box.dataset.url); // people may have gone on meanwhile
}

function announce({ happening, sent }, box, from) {
  if (!happening) return;
  say(happening.say);
  if (!happening.undo) return toast(happening.say, { kind: "move" });
  const { undo: url, version } = happening;
  const step = { url, id: box.dataset.id, version, seen: sent.version, name: nameIn(box), ...from };
  remember(step);
  const run = () => undo(step).then(() => shownId() === box.dataset.id && openPanel(box.dataset.url));
  toast(happening.say, { kind: "move", action: gettext("Undo"), run });
}

/** Why it was not done; the way out sends it again, with what is known by now where somebody else was quicker. */
function explain(box, url, fields, answer) {
  const { words, wayOut, sameAgain } = whatWentWrong(answer, nameIn(box), "");
  const run = () => {
    const isShown = shownId() === box.dataset.id;
    const now = isShown ? panel().querySelector(".panelbox") : cardById(box.dataset.id);
    const version = now?.dataset.version ?? fields.version;
    take(isShown ? now : box, url, sameAgain ? answer.sent : { ...fields, version });
  };
  toast(words, { bad: true, ...(wayOut && { action: wayOut, run }) });
  say(words, { loud: true });
}

const nameIn = (box) => box.querySelector("#panel-title").textContent;

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
