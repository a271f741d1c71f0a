// Dragging with mouse, pen or finger. Nothing in the lists moves until the drop: a clone follows the pointer and a line
// shows where the card would go. Places are read once per column; pointermove only notes coordinates, one frame draws.

import { say } from "../say.js";
import { fill, gettext } from "../words.js";
import { board, cancelled, cardById, cardsIn, columnOf, columns, isSorted, listOf, mayGo, nameOf, nameOfColumn, placeOf } from "./cards.js";
import { commit } from "./commit.js";
import { isFolded } from "./folding.js";
import { layDown, takeInHand } from "./hand.js";

const START = 5; // pixels of travel that begin a drag with a mouse
const HOLD = 260; // milliseconds a finger rests to pick a card up
const SCROLLS = 10; // pixels a finger may travel before that; more is scrolling
const EDGE = { list: 56, board: 48 };
const SIDE = { first: 350, further: 900 }; // milliseconds at the side edge until the next stage comes
const SETTLE = 180;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let press = null; // a pressed card that may become a drag
let drag = null; // the drag under way
const line = document.createElement("div");
line.className = "dropline";

export const isDragging = () => drag !== null;

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.("#board .card");
  if (!card || event.button || event.ctrlKey || drag || press) return;
  if (event.target.closest("button, input, select, textarea, form")) return;
  press = { card, pointer: event.pointerId, x: event.clientX, y: event.clientY, touch: event.pointerType === "touch" };
  if (press.touch) press.timer = setTimeout(() => (begin(), navigator.vibrate?.(8)), HOLD);
});

addEventListener("pointermove", (event) => {
  if (drag && event.pointerId === drag.pointer) return follow(event);
  if (!press || event.pointerId !== press.pointer) return;
  const travelled = Math.hypot(event.clientX - press.x, event.clientY - press.y);
  if (press.touch && travelled > SCROLLS) return letGo();
  if (!press.touch && travelled > START) {
    begin();
    if (drag) follow(event);
  }
});

addEventListener("pointerup", (event) => {
  if (drag && event.pointerId === drag.pointer) finish(true);
  else letGo();
});
addEventListener("pointercancel", () => (drag ? finish(false) : letGo()));
addEventListener("blur", () => (drag ? finish(false) : letGo()));
addEventListener(
  "keydown",
  (event) => {
    if (!drag || event.key !== "Escape") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say(cancelled(drag.card, drag.from));
    finish(false);
  },
  true,
);

// While a finger holds a card the page must not scroll, and no context menu may open.
document.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
document.addEventListener("contextmenu", (event) => (drag || press?.touch) && event.preventDefault());
document.addEventListener("dragstart", (event) => event.target.closest?.("#board") && event.preventDefault());

// The click that follows a drag opens nothing.
let swallowClick = false;
addEventListener(
  "click",
  (event) => {
    if (!swallowClick) return;
    swallowClick = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

function letGo() {
  clearTimeout(press?.timer);
  press = null;
}

function begin() {
  const { pointer, x, y, touch } = press;
  const card = cardById(press.card.dataset.id); // a colleague's change may have replaced the one that was pressed
  letGo();
  if (!card?.closest("#board")) return;
  const box = card.getBoundingClientRect();
  const clone = card.cloneNode(true);
  clone.removeAttribute("id");
  clone.classList.add("lifted");
  clone.style.width = `${box.width}px`;
  clone.setAttribute("aria-hidden", "true");
  drag = { card, pointer, touch, clone, x, y, dx: x - box.left, dy: y - box.top, from: placeOf(card) };
  takeInHand(card);
  drag.columns = columns().map(measured);
  drag.boardLeft = board().scrollLeft;
  drag.drops = [...document.querySelectorAll("#tray [data-drop]")];
  document.body.append(clone);
  document.body.classList.add("dragging");
  card.classList.add("source");
  for (const { element } of drag.columns) element.classList.toggle("closed", !mayGo(card, element));
  if (!touch) card.setPointerCapture(pointer);
  moveClone();
  drag.frame = requestAnimationFrame(draw); // nothing is measured after what has just been changed
  say(fill(gettext("Picked up %(name)s."), { name: nameOf(card) }));
}

function measured(element) {
  const box = element.getBoundingClientRect();
  const hasPlaces = !isSorted() && !isFolded(element);
  return { element, list: listOf(element), left: box.left, right: box.right, places: null, hasPlaces };
}

/** Top, middle and bottom of each card of the column, from the top of the list's contents; read when first needed. */
function placesOf(column) {
  if (column.places) return column.places;
  const origin = column.list.getBoundingClientRect().top - column.list.scrollTop;
  column.places = cardsIn(column.element).map((card) => {
    const { top, height } = card.getBoundingClientRect();
    return { top: top - origin, middle: top - origin + height / 2, bottom: top - origin + height };
  });
  return column.places;
}

function follow(event) {
  drag.x = event.clientX;
  drag.y = event.clientY;
  drag.frame ||= requestAnimationFrame(draw);
}

function moveClone() {
  drag.clone.style.transform = `translate3d(${drag.x - drag.dx}px, ${drag.y - drag.dy}px, 0)`;
}

function draw() {
  if (!drag) return;
  drag.frame = 0;
  moveClone();
  const drop = drag.drops.find(isUnder) ?? null;
  if (drop !== drag.drop) {
    drag.drop?.classList.remove("over");
    drop?.classList.add("over");
    drag.drop = drop;
  }
  aimAt(drop ? null : columnUnder());
  if (drag.column) showPlace();
  if (scrollAtEdges()) drag.frame ||= requestAnimationFrame(draw);
}

function isUnder(element) {
  const box = element.getBoundingClientRect();
  return drag.x > box.left && drag.x < box.right && drag.y > box.top && drag.y < box.bottom;
}

function columnUnder() {
  const x = drag.x + board().scrollLeft - drag.boardLeft;
  return drag.columns.find((column) => x >= column.left - 6 && x <= column.right + 6) ?? null;
}

function aimAt(column) {
  if (column === drag.column) return;
  drag.column?.element.classList.remove("over");
  drag.column = column;
  drag.index = -1;
  if (!column) return line.remove();
  column.element.classList.add("over");
  if (column.hasPlaces) column.list.append(line);
  else line.remove();
  say(`${nameOfColumn(column.element)}.`);
}

function showPlace() {
  if (!drag.column.hasPlaces) return (drag.index = 0);
  const places = placesOf(drag.column);
  const y = drag.y - drag.column.list.getBoundingClientRect().top + drag.column.list.scrollTop;
  let index = places.findIndex((place) => place.middle > y);
  if (index < 0) index = places.length;
  if (index === drag.index) return;
  drag.index = index;
  const above = places[index - 1];
  const below = places[index];
  line.style.top = `${below ? below.top - 4 : above ? above.bottom + 4 : 6}px`;
}

/** Near an edge the list or the board moves along; true while it does. */
function scrollAtEdges() {
  let moves = false;
  if (drag.column) {
    const list = drag.column.list;
    const box = list.getBoundingClientRect();
    const speed = pull(drag.y, box.top, box.bottom, EDGE.list);
    if (speed) {
      const before = list.scrollTop;
      list.scrollTop += speed / 5;
      moves ||= list.scrollTop !== before;
    }
  }
  const box = board().getBoundingClientRect();
  const speed = pull(drag.x, box.left, box.right, EDGE.board);
  if (drag.touch) stepAtSide(Math.sign(speed));
  else if (speed) {
    const before = board().scrollLeft;
    board().scrollLeft += speed / 4;
    moves ||= board().scrollLeft !== before;
  }
  return moves;
}

/** A finger that stays at the side brings the next stage, one at a time. */
function stepAtSide(direction) {
  if (direction === drag.side) return;
  drag.side = direction;
  clearTimeout(drag.timer);
  if (direction) drag.timer = setTimeout(() => bringStage(direction), SIDE.first);
}

function bringStage(direction) {
  if (!drag) return;
  const { left } = board().getBoundingClientRect();
  const middle = left + board().clientWidth / 2;
  const there = columns().map((column) => column.getBoundingClientRect()).map((box) => box.left + box.width / 2 - middle);
  const next = direction > 0 ? there.find((offset) => offset > 20) : there.findLast((offset) => offset < -20);
  if (next !== undefined) board().scrollBy({ left: next, behavior: calm.matches ? "auto" : "smooth" });
  drag.timer = setTimeout(() => bringStage(direction), SIDE.further);
  drag.frame ||= requestAnimationFrame(draw);
}

// What moves under a finger that rests is another stage.
document.addEventListener("scroll", () => drag && (drag.frame ||= requestAnimationFrame(draw)), { capture: true, passive: true });

function pull(at, start, end, edge) {
  if (at < start + edge) return Math.max(at - start - edge, -2 * edge);
  if (at > end - edge) return Math.min(at - end + edge, 2 * edge);
  return 0;
}

function finish(dropped) {
  if (dropped && drag.frame) draw(); // where the pointer is by now
  const { card, clone, column, columns, drop, index, from, frame, touch } = drag;
  cancelAnimationFrame(frame);
  clearTimeout(drag.timer);
  const lifted = clone.getBoundingClientRect();
  clone.remove();
  line.remove();
  column?.element.classList.remove("over");
  for (const { element } of columns) element.classList.remove("closed");
  drop?.classList.remove("over");
  card.classList.remove("source");
  document.body.classList.remove("dragging");
  drag = null;
  if (!touch) {
    swallowClick = true;
    setTimeout(() => (swallowClick = false), 0);
  }
  if (dropped && drop) commit(card, { drop }, from);
  else if (dropped && column) release(card, column.element, index, from);
  if (!drop) glide(card, lifted);
  layDown();
}

function release(card, column, index, from) {
  const here = cardsIn(column).indexOf(card);
  const place = columnOf(card) === column && index > here ? index - 1 : index;
  if (columnOf(card) === column && place === here && !isSorted()) return;
  commit(card, { column, index: place }, from);
}

/** The card comes from where the clone was let go. */
function glide(card, lifted) {
  if (calm.matches || !card.isConnected) return;
  const box = card.getBoundingClientRect();
  const start = { transform: `translate(${lifted.left - box.left}px, ${lifted.top - box.top}px)`, zIndex: 5 };
  card.animate([start, { transform: "none", zIndex: 5 }], { duration: SETTLE, easing: "cubic-bezier(.2,.8,.2,1)" });
}
