// Sends a form through htmx and tells how it went. The answer's card arrives in #arrivals; heads come out of band.

/**
 * Post the fields to the address. Resolves, never rejects, with
 * { status, happening, refusal }: 0 when no answer came, the event `card-moved` or `refused` of the answer.
 */
export async function send(url, fields) {
  const form = document.getElementById("moveform").cloneNode(true);
  form.removeAttribute("id");
  form.dataset.explains = "yes";
  fill(form, { ...fields, move_id: crypto.randomUUID?.() ?? "", request_id: crypto.randomUUID?.() ?? "" });
  document.body.append(form);
  try {
    return await answer(form, "POST", url);
  } finally {
    form.remove();
  }
}

/** Ask for a card and the heads of its board as they are now. */
export function fetchCard(url) {
  const source = document.createElement("div");
  source.dataset.explains = "yes";
  source.hidden = true;
  document.body.append(source);
  return answer(source, "GET", url).finally(() => source.remove());
}

async function answer(source, verb, url) {
  let request = null;
  source.addEventListener("htmx:afterRequest", ({ detail }) => (request = detail.xhr));
  await htmx.ajax(verb, url, { source, target: "#arrivals", swap: "beforeend" }).catch(() => {});
  const events = eventsOf(request);
  return { status: request?.status ?? 0, happening: events["card-moved"], refusal: events.refused };
}

// A refusal carries the card as it really is; htmx would drop the body of a 4xx. Anything else brings no card.
document.addEventListener("htmx:beforeSwap", ({ detail, target }) => {
  if (target.id !== "arrivals") return;
  const carriesCard = detail.xhr.responseText.includes('class="arrival"');
  detail.shouldSwap = carriesCard;
  if (carriesCard) detail.isError = false;
});

function eventsOf(request) {
  try {
    return JSON.parse(request.getResponseHeader("HX-Trigger")) ?? {};
  } catch {
    return {};
  }
}

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
