// Words in the reader's language. Where that is not English, the page loads the catalogue before the modules.

export const gettext = (words) => globalThis.django?.gettext(words) ?? words;

export const ngettext = (one, many, count) =>
  globalThis.django?.ngettext(one, many, count) ?? (count === 1 ? one : many);

/** "%(name)s moved to %(stage)s." with the facts filled in. */
export const fill = (words, facts) => words.replace(/%\((\w+)\)s/g, (_whole, name) => facts[name]);
