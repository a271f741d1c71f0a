// The card's menu: every result of a drag by click, tap or key.

import { placeBeside } from "../beside.js";
import { ask } from "../dialogs.js";
import { gettext } from "../words.js";
import { cardById, cardsIn, columnOf, columnOfStage, isSorted, mayGo, placeOf } from "./cards.js";
import { commit } from "./commit.js";
import { give, planFor } from "./facts.js";
import { setActive } from "./focus.js";
import { isChosen, toggle } from "./selecting.js";

const menu = () => document.getElementById("movemenu");
const DOES = { select: toggle, owner: give, plan: planFor, dated: moveWithDate };
let card = null;

export function openMenu(button) {
  card = button.closest(".card");
  for (const item of menu().querySelectorAll("[data-to]:not([data-drop])")) {
    const column = columnOfStage(item.dataset.to);
    item.setAttribute("aria-disabled", column === columnOf(card) || !mayGo(card, column));
    item.querySelector("[data-count]").textContent = column.querySelector(".count").firstChild.textContent;
  }
  for (const item of menu().querySelectorAll("[data-place]")) item.setAttribute("aria-disabled", isSorted());
  for (const item of menu().querySelectorAll("[data-only]")) item.hidden = item.dataset.only !== card.dataset.stage;
  for (const item of menu().querySelectorAll("[data-never]")) item.hidden = item.dataset.never === card.dataset.stage;
  menu().querySelector('[data-does="select"] span').textContent = isChosen(card) ? gettext("Unselect") : gettext("Select");
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
  if (item.dataset.does) return DOES[item.dataset.does](chosen);
  if (item.dataset.drop) return commit(chosen, { drop: item }, from, { focus: true });
  const target = item.dataset.to && { column: columnOfStage(item.dataset.to), index: 0 };
  if (target) return commit(chosen, target, from, { focus: true });
  const cards = cardsIn(column);
  const index = cards.indexOf(chosen) + (item.dataset.place === "up" ? -1 : 1);
  if (index >= 0 && index < cards.length) commit(chosen, { column, index }, from, { focus: true });
}

/** A step that was taken on another day than today. */
async function moveWithDate(chosen) {
  const stages = document.querySelector("#dated select");
  for (const option of stages.options) {
    const column = columnOfStage(option.value);
    option.disabled = column === columnOf(chosen) || !mayGo(chosen, column);
  }
  const columnsOn = [...stages.options].filter((option) => !option.disabled);
  const next = columnsOn.find((option) => option.index > stages.querySelector(`[value="${CSS.escape(chosen.dataset.stage)}"]`)?.index);
  for (const option of stages.options) option.defaultSelected = option === (next ?? columnsOn[0]);
  const fields = await ask("dated", chosen);
  const still = cardById(chosen.dataset.id);
  if (!fields || !still) return setActive(still, { focus: true });
  commit(still, { column: columnOfStage(fields.to), index: 0 }, placeOf(still), { focus: true, fields: { at: fields.at } });
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
