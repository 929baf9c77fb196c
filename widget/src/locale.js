/** The language of the interface. */
export const LANGUAGES = [
  'en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'tr', 'ar', 'ja', 'zh',
];
export const RIGHT_TO_LEFT = ['ar'];

/** The first of attribute, page and browser that we have words for; else English. */
export function languageOf(script) {
  const wanted = [
    script.dataset.locale,
    document.documentElement.lang,
    ...navigator.languages,
  ];
  const found = wanted
    .map((tag) => (tag ?? '').toLowerCase().split('-')[0])
    .find((language) => LANGUAGES.includes(language));
  return found ?? 'en';
}
