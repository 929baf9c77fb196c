/** The session of this browser: its token, and who the customer is. */
import { RefusedError } from './connection.js';

const RENEW_BEFORE_MS = 60_000;
const SOONEST_MS = 30_000;
const LATEST_MS = 3_600_000; // no token lives longer, and no timer holds a year

export class Session {
  constructor(memory, bus) {
    this.memory = memory;
    this.bus = bus;
    this.id = null;
  }

  get token() {
    return this.memory.get('token');
  }

  /** Take over what a `session_request` or `identify` answered. */
  keep({ token, session_id: id }) {
    this.memory.set('token', token);
    this.memory.set('session', id);
    this.id = id;
  }

  /** Whether another session than before was answered. */
  differs({ session_id: id }) {
    return id !== this.memory.get('session');
  }

  forget() {
    this.memory.set('token', null);
    this.memory.set('session', null);
    this.id = null;
  }

  /**
   * Tell the server who the customer is; `identity` is a token, a function of the
   * session id that resolves to one, or null. Answers what the server said, or null.
   */
  async identify(connection, identity) {
    clearTimeout(this.renewal);
    try {
      const token = typeof identity === 'function' ? await identity(this.id) : identity;
      const answer = await connection.ask('identify', { identity_token: token ?? null });
      if (token) this.#renew(connection, identity, answer.expires_at);
      this.bus.emit('identified', { customer: answer.customer ?? null });
      return answer;
    } catch (error) {
      // The conversation goes on without: an order will ask for proof instead.
      const code = error instanceof RefusedError ? error.code : 'identity';
      this.bus.emit('error', { code, text: error.message });
      return null;
    }
  }

  #renew(connection, identity, expiresAt) {
    if (typeof identity !== 'function') return;
    const left = Date.parse(expiresAt) - Date.now() - RENEW_BEFORE_MS;
    const wait = Math.min(Math.max(left || 0, SOONEST_MS), LATEST_MS);
    this.renewal = setTimeout(() => this.identify(connection, identity), wait);
  }
}
