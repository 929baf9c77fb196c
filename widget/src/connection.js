/** The socket to the assistant: one session at a time, events in, questions out. */
import { io } from 'socket.io-client';

const ANSWER_MS = 10_000;
const RETRY_MS = 2_000;

/** The server said no; `code` is one of docs/web-channel.md, `text` can be shown. */
export class RefusedError extends Error {
  constructor({ error, text, retry_after_s: wait }) {
    super(text ?? error);
    this.code = error ?? 'bad_request';
    this.retryMs = wait ? wait * 1000 : null;
  }
}

export class Connection {
  /**
   * @param options where the assistant is, from options.js
   * @param establish called on every connect; resolves when the session is there
   * @param changed called with `connecting`, `ready` or `lost`
   * @param events listeners by the name of the server's event
   */
  constructor(options, { establish, changed, events }) {
    this.establish = establish;
    this.changed = changed;
    this.socket = io(options.origin, {
      path: options.path,
      transports: options.transports,
      tryAllTransports: true,
      reconnectionDelay: 400,
      reconnectionDelayMax: 6000,
      timeout: 8000,
    });
    this.socket.on('connect', () => this.start());
    this.socket.on('disconnect', (reason) => {
      changed('lost');
      // Cut by the server: the library leaves it to us to come back.
      if (reason === 'io server disconnect') setTimeout(() => this.socket.connect(), RETRY_MS);
    });
    this.socket.on('connect_error', () => changed('lost'));
    for (const [name, listener] of Object.entries(events)) this.socket.on(name, listener);
    // A browser notices the way back sooner than the next try would.
    window.addEventListener('online', () => {
      if (!this.socket.connected) this.socket.disconnect().connect();
    });
    window.addEventListener('offline', () => this.socket.io.engine?.close());
  }

  /** Request the session; again after a while when that fails. */
  async start() {
    clearTimeout(this.retry);
    this.changed('connecting');
    try {
      await this.establish();
      this.changed('ready');
    } catch {
      if (this.socket.connected) this.retry = setTimeout(() => this.start(), RETRY_MS);
    }
  }

  /**
   * What the server answers to an event.
   *
   * Rejects with RefusedError when it says no, with another error when it is silent.
   */
  async ask(name, payload = {}) {
    const answer = await this.socket.timeout(ANSWER_MS).emitWithAck(name, payload);
    if (!answer?.ok) throw new RefusedError(answer ?? {});
    return answer;
  }
}
