// Takes the card that came with an answer to its place on the board.

import { ajax } from "../ajax.js";
import { board, cardById, columnOf, columnOfStage, placeByRank } from "./cards.js";
import { isActive, setActive } from "./focus.js";

/**
 * Replace the card with the one that arrived and return it; remove it and return null when the answer says that it is
 * on this board no more. Without an answer nothing changes. The card stays exactly where it was put, unless the server
 * says another column or `byRank` is asked for. With `admittedOnly` a card outside the board's filter is not added to it.
 */
export function settle(id, { byRank = false, admittedOnly = false } = {}) {
  const answer = newestAnswer(id);
  const arrived = answer?.querySelector(".card");
  const shown = document.querySelector(`#board #card-${CSS.escape(id)}`);
  if (!answer || Number(answer.dataset.v) < Number(shown?.dataset.version)) return shown;
  const column = arrived && columnOfStage(arrived.dataset.stage);
  if (admittedOnly && !shown && "outside" in answer.dataset) return null;
  if (!column) {
    shown?.remove();
    return null;
  }
  const wasActive = shown && isActive(shown);
  const hadFocus = shown?.contains(document.activeElement);
  const staysPut = shown && columnOf(shown) === column && !byRank;
  if (shown) shown.replaceWith(arrived);
  if (!staysPut) placeByRank(arrived, column);
  if (wasActive || hadFocus) setActive(arrived, { focus: hadFocus });
  return arrived;
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

/** The whole board as it is now, under its filter. */
export const loadAnew = () =>
  ajax("GET", location.href, { source: board(), target: "#board", swap: "outerHTML" }, { quiet: true });

export const versionOf = (id) => Number(cardById(id)?.dataset.version ?? -1);
