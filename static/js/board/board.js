// The board's page: everything that makes its plain links and forms quick.

import "./adding.js";
import "./folding.js";
import "./keyboard.js";
import "./live.js";
import "./menu.js";
import "./panel.js";
import "./pointer.js";
import "./selecting.js";
import { flash } from "./arrivals.js";
import { board, cardById, columns, listOf } from "./cards.js";
import { makeReachable, setActive } from "./focus.js";
import { watchColumns } from "./tabs.js";

makeReachable();
watchColumns();
goToNamed();

/** An address may name a card: #at-12. */
function goToNamed() {
  const card = location.hash.startsWith("#at-") && cardById(location.hash.slice(4));
  if (!card) return;
  setActive(card, { focus: true });
  flash(card);
}

// A board that was rendered anew shows the same part of itself.
let scrolled = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== board()) return;
  const lists = columns().map((column) => [column.dataset.stage, listOf(column).scrollTop]);
  scrolled = { left: board().scrollLeft, lists: new Map(lists) };
});

document.addEventListener("htmx:afterSettle", ({ target }) => {
  makeReachable();
  if (target.id !== "board") return;
  watchColumns();
  if (!scrolled) return;
  board().scrollLeft = scrolled.left;
  for (const column of columns()) listOf(column).scrollTop = scrolled.lists.get(column.dataset.stage) ?? 0;
  scrolled = null;
});
