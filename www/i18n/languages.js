/**
 * The languages of the page, each by its own name. English is written where it is shown; every other
 * language has its texts in a file of its code, such as de.json.
 * @type {Record<string, string>}
 */
export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
};
