// Words for the board: its columns, its cards, and where a card is.

import { fill, gettext } from "../words.js";

export const board = () => document.getElementById("board");
export const columns = () => [...board().querySelectorAll(".col")];
export const columnOf = (card) => card.closest(".col");
export const columnOfStage = (stage) => board().querySelector(`.col[data-stage="${CSS.escape(stage)}"]`);
export const listOf = (column) => column.querySelector("[data-list]");
export const cardsIn = (column) => [...listOf(column).querySelectorAll(".card:not(.away)")];
export const allCards = () => [...board().querySelectorAll(".card:not(.away)")];
export const cardById = (id) => document.querySelector(`#board #card-${CSS.escape(id)}`);
export const nameOf = (card) => card.querySelector(".cardname").textContent;
export const nameOfColumn = (column) => column.dataset.name;

/** "Proposal, position 2 of 10." */
export function whereabouts(card) {
  const column = columnOf(card);
  const cards = cardsIn(column);
  const facts = { stage: nameOfColumn(column), n: cards.indexOf(card) + 1, all: cards.length };
  return fill(gettext("%(stage)s, position %(n)s of %(all)s"), facts);
}

export const cancelled = (card, place) =>
  fill(gettext("Move cancelled. %(name)s is back in %(stage)s."), { name: nameOf(card), stage: place.name });

/** A place to go back to: the stage, its name, the card above and those that follow; some may be gone by then. */
export function placeOf(card) {
  const column = columnOf(card);
  const cards = cardsIn(column);
  const here = cards.indexOf(card);
  const followers = cards.slice(here + 1).map((other) => other.dataset.id);
  return { stage: column.dataset.stage, name: nameOfColumn(column), above: cards[here - 1]?.dataset.id, followers };
}

/** The cards between which the place is, as the server is told of it. */
export const between = ({ above = "", followers }) => (isSorted() ? {} : { after: above, before: followers[0] ?? "" });

export function putBack(card, place) {
  card.classList.remove("away");
  const column = columnOfStage(place.stage);
  if (!column) return; // the board has other stages by now
  const list = listOf(column);
  const next = place.followers.map(cardById).find((other) => other?.parentElement === list);
  list.insertBefore(card, next ?? list.querySelector(".further"));
}

export function samePlace(card, place) {
  const here = placeOf(card);
  return here.stage === place.stage && here.followers.join() === place.followers.join();
}

/** Put the card so that it stands at `index` among the column's other cards. */
export function placeAt(card, column, index) {
  const others = cardsIn(column).filter((other) => other !== card);
  listOf(column).insertBefore(card, others[index] ?? further(column));
}

/** Put the card where its order belongs among the cards that are shown. */
export function placeByOrder(card, column) {
  const others = cardsIn(column).filter((other) => other !== card);
  const next = others.find((other) => other.dataset.order > card.dataset.order);
  listOf(column).insertBefore(card, next ?? further(column));
}

/** While the board is sorted, a card has no place of its own choosing. */
export const isSorted = () => "sort" in board().dataset;

/** Whether the stage lets its cards go on to the other; the server decides, this only shows it. */
export function mayGo(card, column) {
  const from = columnOfStage(card.dataset.stage);
  const next = from?.dataset.next?.split(",");
  return !next || from.dataset.kind !== "open" || column === from || next.includes(column.dataset.stage);
}

/** The cards above and below, by which the server places it; none where the order does. */
export function neighboursOf(card) {
  if (isSorted()) return {};
  const cards = cardsIn(columnOf(card));
  const index = cards.indexOf(card);
  return { after: cards[index - 1]?.dataset.id ?? "", before: cards[index + 1]?.dataset.id ?? "" };
}

const further = (column) => listOf(column).querySelector(".further");
