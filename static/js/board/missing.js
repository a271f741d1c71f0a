// What a stage asks for before it takes a card: only the fields that are missing, in a small dialog.

import { ask } from "../dialogs.js";

/**
 * The fields that the refusal asks for, filled in; null when it was thought over, undefined when the answer did not
 * bring any fields to ask for.
 */
export async function askMissing(refusal, card) {
  const fields = document.getElementById("missing-fields");
  if (!fields?.children.length || !refusal?.fields?.length) return undefined;
  document.getElementById("missing-why").textContent = refusal.message;
  const filled = await ask("missing", card);
  fields.replaceChildren();
  return filled;
}
