/**
 * What the browser remembers for one assistant: values as JSON in localStorage, or
 * for this page alone where storage is blocked.
 */
export function memoryOf(script) {
  const prefix = `frontdesk:${new URL(script.dataset.server ?? '', script.src).origin}:`;
  const lasting = guarded('localStorage');
  const perTab = guarded('sessionStorage');
  const read = (store, name) => {
    try {
      return JSON.parse(store.getItem(prefix + name));
    } catch {
      return null; // written by something else
    }
  };
  const write = (store, name, value) => {
    if (value == null) store.removeItem(prefix + name);
    else store.setItem(prefix + name, JSON.stringify(value));
  };
  return {
    get: (name) => read(lasting, name),
    set: (name, value) => write(lasting, name, value),
    /** The names that start with `start`, without the prefix of this assistant. */
    names: (start) =>
      lasting
        .keys()
        .filter((key) => key.startsWith(prefix + start))
        .map((key) => key.slice(prefix.length)),
    tab: (name) => read(perTab, name),
    setTab: (name, value) => write(perTab, name, value),
  };
}

/** A storage that never throws: blocked or full, it lives as long as the page. */
function guarded(kind) {
  const spare = new Map();
  const attempt = (action, otherwise) => {
    try {
      return action(window[kind]);
    } catch {
      return otherwise();
    }
  };
  return {
    getItem: (key) =>
      spare.get(key) ?? attempt((store) => store.getItem(key), () => null),
    setItem: (key, value) =>
      attempt(
        (store) => {
          store.setItem(key, value);
          spare.delete(key);
        },
        () => spare.set(key, value),
      ),
    removeItem: (key) => {
      spare.delete(key);
      attempt((store) => store.removeItem(key), () => {});
    },
    keys: () => [
      ...new Set([...attempt((store) => Object.keys(store), () => []), ...spare.keys()]),
    ],
  };
}
