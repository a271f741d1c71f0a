// The board by keyboard. Keys act on the card that has focus, and a held card follows the arrows until it is put down;
// Z, / and ? need no card.

import { say } from "../say.js";
import { fill, gettext } from "../words.js";
import { cancelled, cardsIn, columnOf, columns, isSorted, nameOf, nameOfColumn } from "./cards.js";
import { placeAt, placeOf, putBack, samePlace, whereabouts } from "./cards.js";
import { commit } from "./commit.js";
import { setActive } from "./focus.js";
import { fold, isFolded } from "./folding.js";
import { layDown, takeInHand } from "./hand.js";
import { give, planFor } from "./facts.js";
import { openMenu } from "./menu.js";
import { extend, toggle } from "./selecting.js";
import { undoLast } from "./undo.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LETTERS = {
  m: openCardMenu,
  n: addHere,
  x: toggle,
  e: give,
  d: planFor,
  "[": (card) => stepBy(card, -1),
  "]": (card) => stepBy(card, +1),
};
let held = null; // { card, from }

export const isHolding = () => held !== null;

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("#board .card");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!card) return pageKeys(event);
  if (event.target.closest("input, textarea, select")) return;
  const arrow = ARROWS[event.key];
  if (arrow) return handled(event, () => (held ? carry(...arrow) : go(card, ...arrow, event.shiftKey)));
  if (event.key === "Escape" && held) return handled(event, cancel);
  if ((event.key === " " || event.key === "Enter") && held) return handled(event, putDown);
  if (event.target.closest("button")) return;
  if (event.key === " ") return handled(event, () => pickUp(card));
  if (event.key === "Home") return handled(event, () => setActive(cardsIn(columnOf(card))[0], { focus: true }));
  if (event.key === "End") return handled(event, () => setActive(cardsIn(columnOf(card)).at(-1), { focus: true }));
  const act = lettersOn() && !held && LETTERS[event.key];
  if (act) return handled(event, () => act(card));
  pageKeys(event);
});

// Losing focus restores a held card.
document.addEventListener("focusout", () => {
  if (held) setTimeout(() => held && !held.card.contains(document.activeElement) && !held.moving && cancel(), 0);
});

function handled(event, act) {
  event.preventDefault();
  act();
}

function pageKeys(event) {
  if (!lettersOn() || held || event.target.closest?.("input, textarea, select, dialog, [popover]")) return;
  if (event.key === "z" && document.getElementById("board")) handled(event, undoLast);
  if (event.key === "/") handled(event, () => document.getElementById("q")?.focus());
  if (event.key === "?") handled(event, () => document.getElementById("help")?.showModal());
}

const lettersOn = () => document.getElementById("board")?.dataset.letters !== "off";

function go(card, dx, dy, selects) {
  const next = dy ? cardsIn(columnOf(card))[cardsIn(columnOf(card)).indexOf(card) + dy] : beside(card, dx);
  if (!next) return;
  setActive(next, { focus: true });
  if (selects) extend(card, next);
}

function beside(card, dx) {
  const here = columnOf(card);
  const filled = columns().filter((column) => cardsIn(column).length && !isFolded(column));
  const there = filled[filled.indexOf(here) + dx];
  return there && cardsIn(there)[Math.min(cardsIn(here).indexOf(card), cardsIn(there).length - 1)];
}

function pickUp(card) {
  held = { card, from: placeOf(card) };
  takeInHand(card);
  card.classList.add("grabbed");
  const words = gettext("Picked up %(name)s, %(stage)s. Arrow keys to move, Space to put down, Escape to cancel.");
  say(fill(words, { name: nameOf(card), stage: nameOfColumn(columnOf(card)) }));
}

function carry(dx, dy) {
  const { card } = held;
  const here = columnOf(card);
  const index = cardsIn(here).indexOf(card);
  if (dx) {
    const there = columns()[columns().indexOf(here) + dx];
    if (!there) return say(dx < 0 ? gettext("First stage.") : gettext("Last stage."));
    if (isFolded(there)) fold(there, false);
    moveWithFocus(card, there, Math.min(index, cardsIn(there).length));
  } else {
    if (isSorted()) return say(gettext("The board is sorted."));
    if (index + dy < 0) return say(gettext("Top of the stage."));
    if (index + dy >= cardsIn(here).length) return say(gettext("Bottom of the stage."));
    moveWithFocus(card, here, index + dy);
  }
  say(`${whereabouts(card)}.`);
}

function moveWithFocus(card, column, index) {
  held.moving = true;
  placeAt(card, column, index);
  setActive(card, { focus: true });
  held.moving = false;
}

function putDown() {
  const { card, from } = held;
  release();
  if (samePlace(card, from)) return say(gettext("Put down where it was."));
  const column = columnOf(card);
  commit(card, { column, index: cardsIn(column).indexOf(card) }, from, { focus: true });
}

function cancel() {
  const { card, from } = held;
  release();
  putBack(card, from);
  setActive(card, { focus: true });
  say(cancelled(card, from));
}

function release() {
  held.card.classList.remove("grabbed");
  held = null;
  layDown();
}

function stepBy(card, dx) {
  const column = columns()[columns().indexOf(columnOf(card)) + dx];
  if (column) commit(card, { column, index: 0 }, placeOf(card), { focus: true });
}

function openCardMenu(card) {
  openMenu(card.querySelector(".more"));
}

function addHere(card) {
  columnOf(card).querySelector("[data-adds]")?.click();
}
