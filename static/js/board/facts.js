// Who owns a card and what comes next: asked in passing, without opening it.

import { say, toast } from "../say.js";
import { fill, gettext } from "../words.js";
import { nameOf } from "./cards.js";
import { whatWentWrong } from "./failing.js";
import { setActive } from "./focus.js";
import { chosenCards, bulk } from "./selecting.js";
import { send } from "./send.js";

/** Ask who is to own the card, or all chosen ones when it is one of them. */
export async function give(card) {
  if (among(card)) return pressed("owner");
  const { choosePerson } = await bulk();
  choosePerson(card, (owner) => change(card, "facts/", { version: card.dataset.version, owner }));
}

/** Ask what comes next and when, for the card or for all chosen ones when it is one of them. */
export async function planFor(card) {
  if (among(card)) return pressed("plan");
  const { askPlan } = await bulk();
  const fields = await askPlan(card);
  setActive(card, { focus: true });
  if (fields) change(card, "activities/", fields);
}

const among = (card) => chosenCards().length > 1 && chosenCards().includes(card);
const pressed = (what) => document.querySelector(`#bulkbar [data-bulk="${what}"]`).click();

/** The answer is the panel, which stays closed; the event `card-changed` brings the card anew. */
async function change(card, noun, fields) {
  setActive(card, { focus: true });
  card.classList.add("saving");
  const answer = await send(card.dataset.url + noun, fields);
  card.classList.remove("saving");
  if (answer.status === 200) return toast(answer.changed?.say ?? gettext("Saved."), { ms: 3000 });
  const { words, wayOut, sameAgain } = whatWentWrong(answer, nameOf(card), "");
  const again = () => change(card, noun, sameAgain ? answer.sent : fields);
  toast(words, { bad: true, ...(sameAgain && { action: wayOut, run: again }) });
  say(`${fill(gettext("%(name)s was not changed."), { name: nameOf(card) })} ${words}`, { loud: true });
}
