/** The conversation behind the panel: what is known, and what a customer can do. */
import { Connection, RefusedError } from './connection.js';
import { Outbox } from './outbox.js';
import { Session } from './session.js';
import { ping } from './sound.js';
import { advance, lastSeq, leavesGap, merge, spoken, unreadAfter } from './thread.js';

const SILENT_MS = 15_000; // then a reply that was announced is asked for
const ELSEWHERE_MS = 800; // until the tab that ended a session has a new one
const SPOKEN = 4; // finished replies kept in the live region
const LATER = ['rate_limited', 'unavailable', 'no_session'];

export class Chat {
  constructor(widget, options, words) {
    const { memory, bus } = widget;
    Object.assign(this, { widget, options, words, memory, bus });
    this.outbox = new Outbox(memory);
    this.session = new Session(memory, bus);
    this.listeners = new Set();
    this.state = {
      open: false,
      status: 'idle',
      messages: [],
      pending: this.outbox.items,
      stream: null,
      stopping: false,
      busy: false,
      more: false,
      limit: 2000,
      consented: !options.asksConsent || memory.get('consent') === true,
      read: memory.get('read') ?? 0,
      sound: memory.get('sound') === true,
      votes: memory.get('votes') ?? {},
      rated: memory.get('rated'),
      rating: false,
      spoken: [],
    };
    if (this.state.consented && this.session.token) this.#connect();
    window.addEventListener('storage', () => this.#follow());
    document.addEventListener('visibilitychange', () => this.#update({}));
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  #update(changes) {
    const state = { ...this.state, ...changes };
    if (state.open && !document.hidden) {
      const seq = lastSeq(state.messages);
      if (seq !== state.read) this.memory.set('read', (state.read = seq));
    }
    const unread = unreadAfter(state.messages, state.read);
    if (unread !== this.unread) this.bus.emit('unread', { count: unread });
    this.unread = unread;
    this.state = state;
    this.widget.show({ open: state.open, unread });
    this.listeners.forEach((listener) => listener(state));
  }

  open() {
    if (this.state.open) return;
    this.memory.setTab('open', true);
    this.#update({ open: true });
    if (this.state.consented) this.#connect();
    this.bus.emit('open');
  }

  close() {
    if (!this.state.open) return;
    this.memory.setTab('open', null);
    this.#update({ open: false });
    this.widget.focusLauncher();
    this.bus.emit('close');
  }

  consent() {
    this.memory.set('consent', true);
    this.#update({ consented: true });
    this.#connect();
  }

  /** Send what was typed, or a button's payload with its title. */
  send(message, title) {
    const text = message.trim();
    if (!text) return;
    for (const { message_id: id, refused } of this.outbox.items) {
      if (refused) this.outbox.remove(id);
    }
    const product = this.options.product;
    this.outbox.add({ message: text, ...(title && { title }), ...(product && { product }) });
    this.memory.set('active', Date.now());
    this.bus.emit('sent', { text: title ?? text });
    this.#update({ pending: this.outbox.items, rating: false });
    this.#flush();
  }

  person() {
    this.send('/talk_to_person', this.words.person);
  }

  stop() {
    const { stream } = this.state;
    if (!stream) return;
    this.#update({ stopping: true });
    this.#quietly('stop', { stream_id: stream.stream_id });
  }

  vote(seq, value, reason) {
    const votes = { ...this.state.votes, [seq]: { value, reason } };
    this.memory.set('votes', votes);
    this.#update({ votes });
    this.#quietly('feedback', { seq, value, ...(reason && { reason }) });
    this.bus.emit('feedback', { seq, value, reason });
  }

  rate(value, comment) {
    this.memory.set('rated', value);
    this.#update({ rated: value });
    this.#quietly('rating', { value, ...(comment && { comment }) });
    this.bus.emit('rating', { value });
  }

  askRating() {
    this.#update({ rating: true });
  }

  toggleSound() {
    const sound = !this.state.sound;
    this.memory.set('sound', sound);
    this.#update({ sound });
    if (sound) ping();
  }

  /** The whole conversation as `{filename, text}`; rejects when out of reach. */
  transcript() {
    return this.connection.ask('transcript');
  }

  async earlier() {
    const before = this.state.messages[0]?.seq;
    const answer = await this.#quietly('history', { before, limit: 50 });
    if (answer) {
      const messages = merge(this.state.messages, answer.messages);
      this.#update({ messages, more: answer.more });
    }
  }

  /** Delete the conversation on the server and begin another. */
  async forget() {
    if (!(await this.#quietly('session_end'))) return;
    this.#drop();
    this.session.forget();
    this.memory.set('active', null);
    await this.connection.start();
  }

  async identify() {
    if (this.state.status !== 'ready') return; // happens with the next session
    await this.#identify();
    this.#flush();
  }

  #connect() {
    if (this.connection) return;
    this.#update({ status: 'connecting' });
    this.connection = new Connection(this.options, {
      establish: () => this.#establish(),
      changed: (status) => {
        this.#update({ status });
        if (status === 'ready') this.#flush();
      },
      events: {
        bot_uttered: (message) => this.#receive(message),
        user_uttered: (message) => this.#receive(message),
        bot_stream: (event) => this.#write(event),
        session_ended: () => this.#ended(),
      },
    });
  }

  async #establish() {
    const { messages } = this.state;
    const answer = await this.connection.ask('session_request', {
      ...(this.session.token && { token: this.session.token }),
      ...(messages.length && { after: lastSeq(messages) }),
    });
    const fresh = messages.length === 0;
    if (this.session.differs(answer)) this.#drop();
    this.session.keep(answer);
    this.outbox.settle(answer.messages);
    this.#update({
      messages: merge(this.state.messages, answer.messages),
      pending: this.outbox.items,
      ...(fresh && { more: answer.more }),
      stream: answer.stream ?? null,
      busy: answer.busy,
      limit: answer.limits?.characters ?? this.state.limit,
    });
    if (!fresh) {
      this.#speak(answer.messages);
      if (answer.more) await this.#catchUp();
    }
    this.#watchSilence();
    if (this.widget.identity) await this.#identify();
    this.bus.emit('ready', { session_id: this.session.id });
  }

  async #identify() {
    const answer = await this.session.identify(this.connection, this.widget.identity);
    if (!answer?.token) return;
    if (answer.replaced) this.#drop();
    this.session.keep(answer);
  }

  /** Forget what is shown: another session has begun. */
  #drop() {
    for (const name of ['read', 'votes', 'rated']) this.memory.set(name, null);
    this.#update({
      messages: [], stream: null, busy: false, more: false, read: 0, votes: {},
      rated: null, rating: false,
    });
  }

  async #flush() {
    if (this.flushing) return;
    this.flushing = true;
    let item;
    while (this.state.status === 'ready' && (item = this.outbox.next())) {
      if (!(await this.#deliver(item))) break;
    }
    this.flushing = false;
  }

  /** Whether the next message may follow. */
  async #deliver({ message_id: id, message, title, product }) {
    const metadata = { locale: this.widget.language, ...(product && { product_id: product }) };
    try {
      const answer = await this.connection.ask('user_uttered', {
        message, message_id: id, ...(title && { title }), metadata,
      });
      this.outbox.remove(id);
      const { seq, at } = answer;
      const sent = { seq, at, role: 'user', text: title ?? message, message_id: id };
      const answered = this.state.messages.some((m) => m.seq > seq && m.role !== 'user');
      this.#update({ pending: this.outbox.items, busy: !answered });
      this.#receive(sent);
      return true;
    } catch (error) {
      return this.#undelivered(id, error);
    }
  }

  #undelivered(id, error) {
    if (!(error instanceof RefusedError)) {
      // No answer in time: the same message is sent again, its id makes that safe.
      setTimeout(() => this.#flush(), 1000);
      return false;
    }
    if (error.code === 'no_session') this.connection.start();
    if (LATER.includes(error.code)) {
      setTimeout(() => this.#flush(), error.retryMs ?? 2000);
      return false;
    }
    this.outbox.refuse(id, error.message);
    this.#update({ pending: this.outbox.items });
    return true;
  }

  #receive(message) {
    const { messages, stream } = this.state;
    if (messages.some(({ seq }) => seq === message.seq)) return;
    const gap = leavesGap(messages, message.seq);
    const fromUs = message.role === 'user';
    const ends = message.stream_id && message.stream_id === stream?.stream_id;
    this.outbox.settle([message]);
    this.#update({
      messages: merge(messages, [message]),
      pending: this.outbox.items,
      ...(ends && { stream: null, stopping: false }),
      ...(!fromUs && { busy: false }),
    });
    this.#watchSilence();
    if (!fromUs) this.#announce(message);
    if (gap) this.#catchUp(lastSeq(messages));
  }

  #announce(message) {
    this.#speak([message]);
    if (this.state.sound && (!this.state.open || document.hidden)) ping();
    const { role, text, decision, custom } = message;
    this.bus.emit('message', { role, text, decision, type: custom?.type });
  }

  #speak(messages) {
    const said = messages
      .filter(({ role }) => role !== 'user')
      .map((message) => ({ seq: message.seq, text: spoken(message) }));
    if (said.length) this.#update({ spoken: [...this.state.spoken, ...said].slice(-SPOKEN) });
  }

  #write(event) {
    const ended = (id) => this.state.messages.some((message) => message.stream_id === id);
    const stream = advance(this.state.stream, event, ended);
    if (stream === this.state.stream) return;
    const fresh = stream.stream_id !== this.state.stream?.stream_id;
    this.#update({ stream, ...(fresh && { stopping: false }) });
    this.#watchSilence();
  }

  /** Ask for the reply when the server promised one and then said nothing. */
  #watchSilence() {
    clearTimeout(this.silence);
    if (!this.state.stream && !this.state.busy) return;
    this.silence = setTimeout(async () => {
      await this.#catchUp();
      this.#update({ stream: null, busy: false, stopping: false });
    }, SILENT_MS);
  }

  /** Fetch what came after a message that is held. */
  async #catchUp(after = lastSeq(this.state.messages)) {
    let more = true;
    while (more) {
      const answer = await this.#quietly('history', { after, limit: 100 });
      if (!answer?.messages.length) return;
      const { messages, stream } = this.state;
      const held = new Set(messages.map(({ seq }) => seq));
      const news = answer.messages.filter(({ seq }) => !held.has(seq));
      const ends = news.some((message) => message.stream_id === stream?.stream_id);
      this.outbox.settle(news);
      this.#update({
        messages: merge(messages, news),
        pending: this.outbox.items,
        ...(ends && { stream: null }),
      });
      this.#speak(news);
      after = lastSeq(answer.messages);
      more = answer.more;
    }
  }

  #ended() {
    this.#drop();
    setTimeout(() => this.connection.start(), ELSEWHERE_MS);
  }

  /** Another tab began a conversation: take it over unless there is one here. */
  #follow() {
    const other = this.memory.get('session');
    const empty = !this.state.messages.length && !this.outbox.items.length;
    if (!this.state.consented && this.memory.get('consent')) this.consent();
    if (this.connection && this.session.id && other && other !== this.session.id && empty) {
      this.connection.start();
    }
  }

  /** What the server answers, or null: nothing the customer waits for. */
  async #quietly(name, payload) {
    try {
      return await this.connection.ask(name, payload);
    } catch (error) {
      this.bus.emit('error', { code: error.code ?? 'timeout', text: error.message });
      return null;
    }
  }
}
