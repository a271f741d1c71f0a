// Sends a form through htmx and tells how it went. The answer's card arrives in #arrivals; heads come out of band.

import { ajax } from "../ajax.js";
import { newKey } from "../keys.js";

/**
 * Post the fields to the address. Resolves, never rejects, with { status, happening, changed, refusal, timedOut, sent }:
 * status 0 when no answer came, the event `card-moved`, `card-changed` or `refused` of the answer, and all that was sent. Sent once more with
 * the same keys it is done at most once, even when the first answer was lost.
 */
export async function send(url, fields) {
  const sent = { move_id: newKey(), request_id: newKey(), ...fields };
  const form = document.getElementById("moveform").cloneNode(true);
  form.removeAttribute("id");
  form.dataset.explains = "yes";
  fill(form, sent);
  document.body.append(form);
  const answer = await answered(form, "POST", url);
  form.remove();
  return { ...answer, sent };
}

/** Ask for a card and the heads of its board as they are now. */
export async function fetchCard(url) {
  const source = document.createElement("div");
  source.dataset.explains = "yes";
  source.hidden = true;
  document.body.append(source);
  const answer = await answered(source, "GET", url, { quiet: true });
  source.remove();
  return answer;
}

async function answered(source, verb, url, how) {
  const { status, events, timedOut } = await ajax(verb, url, { source, target: "#arrivals", swap: "beforeend" }, how);
  return { status, timedOut, happening: events["card-moved"], changed: events["card-changed"], refusal: events.refused };
}

// A refusal carries the card as it really is; htmx would drop the body of a 4xx. Anything else brings no card.
document.addEventListener("htmx:beforeSwap", ({ detail, target }) => {
  if (target.id !== "arrivals") return;
  const carriesCard = /class="(arrival|colhead)"/.test(detail.xhr.responseText);
  detail.shouldSwap = carriesCard;
  if (carriesCard) detail.isError = false;
});

function fill(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    let field = form.elements.namedItem(name);
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      form.append(field);
    }
    field.value = value ?? "";
  }
}
