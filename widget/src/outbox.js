/**
 * Messages that the server has not acknowledged yet, kept across reloads.
 *
 * Each has a key of its own, so that two tabs never overwrite one another's; a message
 * that both send is stored once, because the server knows its id.
 */
const START = 'out:';
const OLD_MS = 24 * 60 * 60 * 1000;

export class Outbox {
  constructor(memory) {
    this.memory = memory;
    this.items = memory
      .names(START)
      .map((name) => memory.get(name))
      .filter((item) => item?.message_id && Date.now() - item.at < OLD_MS)
      .sort((a, b) => a.at - b.at);
    const kept = new Set(this.items.map(({ message_id: id }) => START + id));
    for (const name of memory.names(START)) if (!kept.has(name)) memory.set(name, null);
  }

  /** Keep a message until it is acknowledged; returns it with its id. */
  add(message) {
    const item = { ...message, message_id: newId(), at: Date.now() };
    this.items = [...this.items, item];
    this.memory.set(START + item.message_id, item);
    return item;
  }

  next() {
    return this.items.find((item) => !item.refused);
  }

  /** It is stored on the server, or the customer took it back. */
  remove(id) {
    this.items = this.items.filter((item) => item.message_id !== id);
    this.memory.set(START + id, null);
  }

  /** Messages that came back from the server have arrived there. */
  settle(messages) {
    const waiting = new Set(this.items.map(({ message_id: id }) => id));
    for (const { message_id: id } of messages) if (waiting.has(id)) this.remove(id);
  }

  /** It can never be sent: shown with the reason until the page is left. */
  refuse(id, reason) {
    this.items = this.items.map((item) =>
      item.message_id === id ? { ...item, refused: reason } : item,
    );
    this.memory.set(START + id, null);
  }

  clear() {
    for (const { message_id: id } of this.items) this.remove(id);
  }
}

/** 128 random bits; `crypto.randomUUID` exists on https pages only. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
