/** What every part of the panel may need: `{chat, options, words, language}`. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

export const Surroundings = createContext(null);

export function useSurroundings() {
  return useContext(Surroundings);
}

/** A phrase with its `{name}` places filled in. */
export function fill(phrase, values) {
  return phrase.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}
