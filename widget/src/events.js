/** What the widget tells the page: `on(name, listener)` returns the way to stop. */
export function events() {
  const listeners = new Map();
  return {
    on(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name).add(listener);
      return () => listeners.get(name).delete(listener);
    },
    /** Call the listeners; one that throws stops neither the others nor the chat. */
    emit(name, detail) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          listener(detail);
        } catch (error) {
          console.error(error);
        }
      }
    },
  };
}
