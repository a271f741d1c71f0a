// One Tab stop for the whole board: the active card's link and its menu button.

import { allCards, board } from "./cards.js";

let active = null;

export function setActive(card, { focus = false } = {}) {
  if (!card) return;
  if (active && active !== card) reachable(active, false);
  active = card;
  reachable(card, true);
  if (!focus) return;
  card.querySelector(".cardname").focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export const isActive = (card) => active === card;

function reachable(card, yes) {
  for (const part of card.querySelectorAll(".cardname, .more, .cardfoot button")) part.tabIndex = yes ? 0 : -1;
}

/** After the board was rendered anew, some card must be reachable again. */
export function makeReachable() {
  if (board() && !active?.isConnected) setActive(allCards()[0]);
}

document.addEventListener("focusin", ({ target }) => {
  const card = target.closest?.(".card");
  if (card?.closest("#board")) setActive(card);
});
