// Brings a page part up to date without touching what somebody is writing in it.

/**
 * Make `old` like `fresh`, part by part. What is being edited stays as it is, with a word where somebody else changed
 * the same; `sent` is a form whose answer `fresh` is, so it is not being edited any more. Answers the parts that read
 * differently now.
 */
export function merge(old, fresh, { sent = null, told = () => {} } = {}) {
  const news = [];
  const focus = placeOfFocus(old);
  mergeInto(old, fresh);
  focus?.();
  return news;

  function mergeInto(mine, theirs) {
    if (!isEdited(mine, sent) && !mine.matches(STAYS)) return replace(mine, theirs);
    if (mine.matches(UNDIVIDED)) return told(mine, theirs);
    copyAttributes(mine, theirs);
    const known = new Map(keyed(mine.children));
    let above = null;
    for (const [key, child] of keyed(theirs.children)) {
      const same = known.get(key);
      known.delete(key);
      above = same ? (mergeInto(same, child) ?? same) : insert(mine, child, above);
    }
    for (const gone of known.values()) if (!isEdited(gone, sent)) gone.remove();
  }

  function replace(mine, theirs) {
    if (reads(mine) === reads(theirs)) return freshen(mine, theirs);
    if (mine.textContent.trim() !== theirs.textContent.trim()) news.push(theirs);
    mine.replaceWith(theirs);
    htmx.process(theirs);
    return theirs;
  }

  function insert(parent, child, above) {
    if (above) above.after(child);
    else parent.prepend(child);
    htmx.process(child);
    news.push(child);
    return child;
  }
}

const STAYS = ".panelbox, .panelbody"; // they keep their place while their parts change
const UNDIVIDED = "form, details"; // what is edited in one of these stays whole

function isEdited(element, sent) {
  const forms = element.matches("form") ? [element] : [...element.querySelectorAll("form")];
  return forms.some((form) => form !== sent && (isOpen(form) || [...form.elements].some(isTouched)));
}

/** A form behind a summary or in a pop-up is in use as long as that is open. */
const isOpen = (form) => form.closest("details")?.open || Boolean(form.closest(":popover-open"));

function isTouched(field) {
  if (!field.matches("input:not([type=hidden]), select, textarea")) return false;
  if (field === document.activeElement) return true;
  if (field.matches("select")) return field.selectedIndex > 0 && !field.options[field.selectedIndex].defaultSelected;
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

/** Children with names by which they are found again: an id, what labels them, or what they are and the how many-th. */
function keyed(children) {
  const counts = {};
  return [...children].map((child) => {
    const name = child.id || child.getAttribute("aria-labelledby") || child.querySelector(":scope > dt")?.textContent;
    const kind = name || `${child.tagName} ${child.classList[0] ?? ""}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
    return [`${kind} ${counts[kind]}`, child];
  });
}

/** What a part is without the keys of its forms, which are others at each reading. */
const reads = (element) => element.outerHTML.replace(/<input type="hidden"[^>]*>/g, "");

function freshen(mine, theirs) {
  const keys = theirs.querySelectorAll("input[type=hidden]");
  mine.querySelectorAll("input[type=hidden]").forEach((input, index) => (input.value = keys[index]?.value ?? ""));
  return mine;
}

function copyAttributes(mine, theirs) {
  for (const { name, value } of theirs.attributes) if (mine.getAttribute(name) !== value) mine.setAttribute(name, value);
}

/** Where the keyboard is, to bring it back there when its element has been replaced by another. */
function placeOfFocus(root) {
  const focused = document.activeElement;
  if (!root.contains(focused) || focused === root) return null;
  const all = () => [...root.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")];
  const index = all().indexOf(focused);
  return () => {
    if (focused.isConnected) return;
    const again = (focused.id && document.getElementById(focused.id)) || all()[index];
    again?.focus({ preventScroll: true });
  };
}
