// Takes the card that came with an answer to its place on the board.

import { ajax } from "../ajax.js";
import { say, toast } from "../say.js";
import { fill, gettext } from "../words.js";
import { allCards, board, cardById, cardsIn, columnOf, columnOfStage, isSorted, nameOf, placeByOrder } from "./cards.js";
import { isActive, setActive } from "./focus.js";

/**
 * Replace the card with the one that arrived and return it; remove it and return null when the answer says that it is
 * on this board no more. Without an answer nothing changes. The card stays exactly where it was put, unless the server
 * says another column or `byRank` is asked for, as it is while the board is sorted. With `admittedOnly` a card outside the board's filter is not added to it.
 */
export function settle(id, { byRank = isSorted(), admittedOnly = false } = {}) {
  const answer = newestAnswer(id);
  const arrived = answer?.querySelector(".card");
  const shown = document.querySelector(`#board #card-${CSS.escape(id)}`);
  if (!answer || Number(answer.dataset.v) < Number(shown?.dataset.version)) return shown;
  const column = arrived && columnOfStage(arrived.dataset.stage);
  if (admittedOnly && !shown && "outside" in answer.dataset) return null;
  if (!column) {
    if (admittedOnly && shown) tellOfLeaving(shown);
    if (shown) takeOff(shown);
    return null;
  }
  const wasActive = shown && isActive(shown);
  const hadFocus = shown?.contains(document.activeElement);
  const staysPut = shown && columnOf(shown) === column && !byRank;
  if (shown) shown.replaceWith(arrived);
  if (!staysPut) placeByOrder(arrived, column);
  if ("outside" in answer.dataset) markOutside(arrived);
  if (wasActive || hadFocus) setActive(arrived, { focus: hadFocus });
  return arrived;
}

/** Take the card off the board; a keyboard that is on it goes on from its neighbour. */
export function takeOff(card) {
  if (card.contains(document.activeElement)) {
    const cards = cardsIn(columnOf(card));
    const here = cards.indexOf(card);
    const others = [cards[here + 1], cards[here - 1], ...allCards()];
    setActive(others.find((other) => other && other !== card), { focus: true });
  }
  card.remove();
}

export const isOutside = (card) => card.classList.contains("outside");

/** The filter does not admit it: it stays until the filter changes, and says so. */
function markOutside(card) {
  const note = document.createElement("p");
  note.className = "outsidenote";
  const way = document.createElement("a");
  way.className = "link";
  way.href = `${location.pathname}?all=1#at-${card.dataset.id}`;
  way.textContent = gettext("Show all");
  note.append(`${gettext("Outside the filter")} · `, way);
  card.classList.add("outside");
  card.append(note);
}

/** A colleague's step has taken it off this board. */
function tellOfLeaving(card) {
  const words = fill(gettext("%(name)s has left this board."), { name: nameOf(card) });
  toast(words, { kind: "left", action: gettext("Open"), href: card.dataset.url });
  say(words);
}

/** Answers to several requests may wait side by side; of those about one card the newest counts. */
function newestAnswer(id) {
  const answers = [...document.querySelectorAll(`.arrival[data-for="${CSS.escape(id)}"]`)];
  answers.forEach((answer) => answer.remove());
  return answers.sort((one, other) => one.dataset.v - other.dataset.v).at(-1);
}

export function flash(card) {
  card?.classList.add("flash");
  setTimeout(() => card?.classList.remove("flash"), 1700);
}

/** The whole board as it is now, under its filter. The keyboard stays on its card. */
export async function loadAnew() {
  const at = document.activeElement?.closest("#board .card")?.dataset.id;
  const here = { source: board(), target: "#board", swap: "outerHTML" };
  const answer = await ajax("GET", location.href, here, { quiet: true });
  const isFree = document.activeElement === document.body;
  if (at && isFree) setActive(cardById(at) ?? allCards()[0], { focus: true });
  return answer;
}

export const versionOf = (id) => Number(cardById(id)?.dataset.version ?? -1);
