// Which card is in somebody's hand: dragged, or picked up by key. Answers that concern it wait until it is laid down.

let held = null;

export const inHand = () => held;
export const takeInHand = (card) => (held = card.dataset.id);

/** Say that nothing is held any more; whoever waited goes on after what is being done now. */
export function layDown() {
  held = null;
  document.dispatchEvent(new CustomEvent("board-idle"));
}

export async function laidDown(id) {
  while (held === id) await new Promise((done) => document.addEventListener("board-idle", done, { once: true }));
}
