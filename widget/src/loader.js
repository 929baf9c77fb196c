/**
 * The one script a shop puts into its pages: the launcher button and the public API.
 * Everything else is in app.js, fetched when the chat is opened for the first time, or
 * in an idle moment when a conversation is under way.
 */
import { events } from './events.js';
import { LABELS } from './labels.js';
import style from './launcher.css';
import { languageOf, RIGHT_TO_LEFT } from './locale.js';
import { memoryOf } from './memory.js';
import { watchTheme } from './theme.js';

const TAG = 'frontdesk-widget';
const DAY_MS = 24 * 60 * 60 * 1000;
const ICONS = {
  chat: 'M12 3.5c-5 0-9 3.4-9 7.7 0 2.3 1.2 4.4 3.1 5.8-.1 1.1-.5 2.2-1.3 3.1-.2.3 0 .7.4.6 1.9-.3 3.4-1 4.4-1.9.8.1 1.6.2 2.4.2 5 0 9-3.5 9-7.8S17 3.5 12 3.5Z',
  close: 'm6 9.5 6 6 6-6',
};

/** Build the widget of a script element, and return what pages may call. */
function start(script) {
  const language = languageOf(script);
  const labels = LABELS[language];
  const memory = memoryOf(script);
  const bus = events();
  const host = document.createElement(TAG);
  const shadow = host.attachShadow({ mode: 'open' });
  const root = element('div', { className: 'root', lang: language });
  const badge = element('span', { className: 'badge', hidden: true });
  const button = element('button', { className: 'launcher', type: 'button' });
  const icon = drawing();
  const sheet = new CSSStyleSheet();
  let app = null;
  let isOpen = false;

  root.dir = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
  root.dataset.side = script.dataset.position === 'start' ? 'start' : 'end';
  sheet.replaceSync(style);
  shadow.adoptedStyleSheets = [sheet];
  button.append(icon.svg, badge);
  root.append(button);
  shadow.append(root);
  document.body.append(host);
  watchTheme(host, root, script.dataset.theme);

  const widget = { script, host, shadow, root, memory, language, bus, identity: null };

  /** Show that the panel is open or closed, and what waits to be read. */
  widget.show = ({ open, unread }) => {
    isOpen = open;
    root.dataset.open = open;
    badge.hidden = open || !unread;
    badge.textContent = unread > 9 ? '9+' : unread;
    icon.draw(open ? ICONS.close : ICONS.chat, open);
    button.setAttribute('aria-expanded', open);
    button.setAttribute(
      'aria-label',
      open ? labels.close : labels.open + (unread ? ` (${unread})` : ''),
    );
  };
  widget.focusLauncher = () => button.focus();

  const load = () => {
    app ??= fetchApp(script).then(
      (mount) => mount(widget),
      (error) => {
        app = null;
        button.setAttribute('aria-label', labels.failed);
        button.title = labels.failed;
        throw error;
      },
    );
    return app;
  };
  const call = (name, ...args) =>
    load().then(
      (chat) => chat[name](...args),
      (error) => bus.emit('error', { code: 'load', text: error.message }),
    );

  button.addEventListener('click', () => call(isOpen ? 'close' : 'open'));
  widget.show({ open: false, unread: 0 });

  const api = {
    open: () => call('open'),
    close: () => isOpen && call('close'),
    send: (text) => call('send', String(text)),
    /** A token, a function of the session id that resolves to one, or null. */
    identify: (identity) => {
      widget.identity = identity;
      return app && call('identify');
    },
    on: bus.on,
    push: (callback) => callback(api),
  };
  const wide = matchMedia('(min-width: 481px)').matches;
  if (script.dataset.open === 'true' || (memory.tab('open') && wide)) api.open();
  else if (Date.now() - (memory.get('active') ?? 0) < DAY_MS) idle(() => load().catch(() => {}));
  return api;
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

function drawing() {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const path = document.createElementNS(space, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(path);
  return {
    svg,
    draw(shape, outlined) {
      path.setAttribute('d', shape);
      svg.classList.toggle('line', outlined);
    },
  };
}

/** The mount function of app.js, which lies beside the loader. */
function fetchApp(script) {
  return new Promise((resolve, reject) => {
    const address = new URL(APP_FILE, script.src).href;
    const tag = element('script', { nonce: script.nonce, async: true });
    const policy = window.trustedTypes?.createPolicy('frontdesk', {
      createScriptURL: (url) => url,
    });
    tag.src = policy ? policy.createScriptURL(address) : address;
    tag.onload = () => resolve(tag.frontdesk);
    tag.onerror = () => {
      tag.remove();
      reject(new Error(`The chat could not be loaded from ${address}.`));
    };
    document.head.append(tag);
  });
}

function idle(callback) {
  (window.requestIdleCallback ?? setTimeout)(callback);
}

const script = document.currentScript;
if (!customElements.get(TAG)) {
  customElements.define(TAG, class extends HTMLElement {});
  const run = () => {
    const waiting = Array.isArray(window.Frontdesk) ? window.Frontdesk : [];
    window.Frontdesk = start(script);
    waiting.forEach(window.Frontdesk.push);
  };
  if (document.body) run();
  else document.addEventListener('DOMContentLoaded', run);
}
