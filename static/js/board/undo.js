// Taking moves back: from the message, or with Z for the last twenty of this tab.

import { say, toast } from "../say.js";
import { fill, gettext } from "../words.js";
import { flash, settle } from "./arrivals.js";
import { cardById, columnOf, nameOfColumn } from "./cards.js";
import { setActive } from "./focus.js";
import { send } from "./send.js";

const DEPTH = 20;
const steps = [];

export function remember(step) {
  steps.push(step);
  if (steps.length > DEPTH) steps.shift();
}

export async function undoLast() {
  const step = steps.pop();
  if (!step) return say(gettext("Nothing to undo."));
  const answer = await send(step.url, { version: step.version });
  if (answer.status !== 200) {
    const why = answer.refusal?.message ?? gettext("That move can no longer be undone.");
    settle(step.id);
    toast(why, { bad: true });
    return say(why, { loud: true });
  }
  document.querySelectorAll('.toast[data-kind="move"]').forEach((message) => message.remove());
  const card = settle(step.id, { byRank: true }) ?? cardById(step.id);
  if (!card) return say(fill(gettext("Undone. %(name)s is back."), step));
  setActive(card, { focus: true });
  flash(card);
  say(fill(gettext("Undone. %(name)s is back in %(stage)s."), { ...step, stage: nameOfColumn(columnOf(card)) }));
}
