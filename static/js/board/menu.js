// The card's menu: every result of a drag by click, tap or key.

import { placeBeside } from "../beside.js";
import { cardsIn, columnOf, columnOfStage, placeOf } from "./cards.js";
import { commit } from "./commit.js";

const menu = () => document.getElementById("movemenu");
let card = null;

export function openMenu(button) {
  card = button.closest(".card");
  for (const item of menu().querySelectorAll("[data-to]:not([data-drop])")) {
    item.setAttribute("aria-disabled", item.dataset.to === card.dataset.stage);
  }
  for (const item of menu().querySelectorAll("[data-only]")) item.hidden = item.dataset.only !== card.dataset.stage;
  for (const item of menu().querySelectorAll("[data-never]")) item.hidden = item.dataset.never === card.dataset.stage;
  button.setAttribute("aria-expanded", "true");
  menu().showPopover();
  placeBeside(menu(), button);
  items()[0]?.focus();
}

const items = () => [...menu().querySelectorAll('[role="menuitem"]:not([aria-disabled="true"], [hidden])')];

function choose(item) {
  const chosen = card;
  const from = placeOf(chosen);
  const column = columnOf(chosen);
  menu().hidePopover();
  if (item.dataset.drop) return commit(chosen, { drop: item }, from, { focus: true });
  const target = item.dataset.to && { column: columnOfStage(item.dataset.to), index: 0 };
  if (target) return commit(chosen, target, from, { focus: true });
  const cards = cardsIn(column);
  const index = cards.indexOf(chosen) + (item.dataset.place === "up" ? -1 : 1);
  if (index >= 0 && index < cards.length) commit(chosen, { column, index }, from, { focus: true });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#board .more");
  if (button) {
    event.preventDefault();
    return openMenu(button);
  }
  const shortcut = event.target.closest("#board .card [data-drop]");
  if (shortcut) {
    const its = shortcut.closest(".card");
    return commit(its, { drop: shortcut }, placeOf(its), { focus: true });
  }
  const item = event.target.closest('#movemenu [role="menuitem"]');
  if (item && item.getAttribute("aria-disabled") !== "true") choose(item);
});

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    if (target.id !== "movemenu" || newState !== "closed") return;
    const button = card?.querySelector(".more");
    button?.setAttribute("aria-expanded", "false");
    if (document.activeElement === document.body || menu().contains(document.activeElement)) button?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("#movemenu")) return;
  const all = items();
  const here = all.indexOf(document.activeElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].focus();
  } else if (event.key === "Tab") menu().hidePopover();
  else if (/^\w$/.test(event.key)) {
    const starts = (item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase());
    (all.slice(here + 1).find(starts) ?? all.find(starts))?.focus();
  }
});
