// Choosing several cards: X, Shift with arrows, Ctrl- or Shift-click, the box on a card, or its menu.

import { say } from "../say.js";
import { fill, gettext } from "../words.js";
import { allCards, board, cardById, cardsIn, columnOf, nameOf } from "./cards.js";
import { inHand } from "./hand.js";
import { remember, undo } from "./undo.js";

const chosen = new Set();
let last = null; // the id that a range goes on from

const served = {
  cards: () => chosenCards().map((card) => `${card.dataset.id}:${card.dataset.version}`),
  choose: (ids) => {
    chosen.clear();
    ids.forEach((id) => chosen.add(id));
    showChosen();
  },
  target: "#board",
  remember,
  undo,
};
let loaded = null;

/** What acts on the chosen cards comes with the first choice. */
export function bulk() {
  loaded ??= import("../bulk.js").then((module) => (module.serveBulk(served), module));
  return loaded;
}

document.addEventListener("focusin", () => import("../bulk.js"), { once: true });

const countChosen = () => (loaded || chosen.size) && bulk().then((module) => module.countChosen());
export const chosenCards = () => [...chosen].map(cardById).filter((card) => card && !card.classList.contains("away"));
export const isChosen = (card) => chosen.has(card.dataset.id);

export function toggle(card) {
  set(card, !isChosen(card));
  const words = isChosen(card) ? gettext("Selected %(name)s. %(n)s selected.") : gettext("Not selected: %(name)s. %(n)s selected.");
  say(fill(words, { name: nameOf(card), n: chosenCards().length }));
}

/** Choose both cards, and where they stand in one column, all between them. */
export function extend(from, to) {
  const cards = cardsIn(columnOf(to));
  const [start, end] = [cards.indexOf(from), cards.indexOf(to)].sort((one, other) => one - other);
  const range = start < 0 ? [from, to] : cards.slice(start, end + 1);
  range.forEach((card) => set(card, true));
  say(fill(gettext("%(n)s selected."), { n: chosenCards().length }));
}

function set(card, yes) {
  if (yes) chosen.add(card.dataset.id);
  else chosen.delete(card.dataset.id);
  last = card.dataset.id;
  mark(card);
  countChosen();
}

/** Show on each card whether it is chosen: cards come anew with every answer. */
export function showChosen() {
  allCards().forEach(mark);
  countChosen();
}

function mark(card) {
  const yes = isChosen(card);
  if (!yes && !card.classList.contains("selected")) return;
  card.classList.toggle("selected", yes);
  boxOf(card).checked = yes;
}

/** The box is put on a card when it is needed first: pointed at, or chosen. */
function boxOf(card) {
  const there = card.querySelector(".pick");
  if (there) return there;
  const box = document.createElement("input");
  box.type = "checkbox";
  box.className = "pick";
  box.tabIndex = -1;
  box.setAttribute("aria-label", fill(gettext("Select %(name)s"), { name: nameOf(card) }));
  card.querySelector(".more").before(box);
  return box;
}

document.addEventListener("pointerover", ({ target, pointerType }) => {
  const card = pointerType === "mouse" && target.closest?.("#board .card");
  if (card) boxOf(card);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("#board .pick")) toggle(target.closest(".card"));
});

// A tap chooses too, once something is chosen; a plain click of a mouse always opens.
document.addEventListener(
  "click",
  (event) => {
    const card = event.target.closest?.("#board .card");
    if (!card || event.target.closest("button, input")) return;
    const isTap = event.pointerType === "touch" && chosenCards().length;
    if (!(event.ctrlKey || event.metaKey || event.shiftKey || isTap)) return;
    event.preventDefault();
    event.stopPropagation();
    const from = event.shiftKey && last && cardById(last);
    if (from) extend(from, card);
    else toggle(card);
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !chosen.size || inHand()) return;
  if (event.target.closest?.("dialog, [popover], input:not(.pick), textarea, select")) return;
  chosen.clear();
  showChosen();
  say(gettext("Nothing is selected any more."));
});

// Cards come anew with answers, changes of colleagues and filters; what is shown on them is put on again at once.
new MutationObserver((changes) => {
  if (chosen.size && changes.some(({ target }) => target.closest("#board") || target.querySelector("#board"))) showChosen();
}).observe(board().parentElement, { childList: true, subtree: true });
