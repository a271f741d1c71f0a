// Questions that are asked before anything is saved.

/** Open the dialog about a card, or about what the words say; resolve with its fields, or null when dismissed. */
export function ask(id, card) {
  const dialog = document.getElementById(id);
  const form = dialog.querySelector("form");
  form.reset();
  delete form.elements.namedItem("contact_again_on")?.dataset.chosen;
  const about = dialog.querySelector("[data-about]");
  if (about) about.textContent = typeof card === "string" ? card : aboutCard(card);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "ok" ? Object.fromEntries(new FormData(form)) : null),
      { once: true },
    );
  });
}

function aboutCard(card) {
  const parts = [card?.querySelector(".cardname"), card?.querySelector(".value")];
  return parts.filter(Boolean).map((part) => part.textContent.trim()).join(" · ");
}

document.addEventListener("click", ({ target }) => {
  const cancels = target.closest("[data-cancels]");
  if (cancels) cancels.closest("dialog").close();
});
