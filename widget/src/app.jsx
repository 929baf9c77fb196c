/** What the loader fetches: it hands over `mount`, which builds the panel. */
import { render } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { Chat } from './chat.js';
import { Surroundings } from './surroundings.js';
import { optionsOf } from './options.js';
import { Panel } from './parts/panel.jsx';
import { WORDS } from './strings/index.js';
import style from './style.css';

function App({ chat, surroundings }) {
  const [state, setState] = useState(chat.state);
  useLayoutEffect(() => {
    setState(chat.state);
    return chat.subscribe(setState);
  }, [chat]);
  return (
    <Surroundings.Provider value={surroundings}>
      <Panel state={state} />
      <div class="unseen" role="status" aria-live="polite" aria-atomic="false">
        {state.spoken.map(({ seq, text }) => <p key={seq}>{text}</p>)}
      </div>
    </Surroundings.Provider>
  );
}

function mount(widget) {
  const options = optionsOf(widget.script);
  const words = WORDS[widget.language];
  const chat = new Chat(widget, options, words);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  widget.shadow.adoptedStyleSheets.push(sheet);
  const place = document.createElement('div');
  widget.root.prepend(place);
  const surroundings = { chat, options, words, language: regionOf(widget) };
  render(<App chat={chat} surroundings={surroundings} />, place);
  return {
    open: () => chat.open(),
    close: () => chat.close(),
    identify: () => chat.identify(),
    send: (text) => {
      chat.open();
      chat.send(text);
    },
  };
}

/** The language with its region, e.g. `en-GB`: dates and prices are written that way. */
function regionOf({ script, language }) {
  const tags = [script.dataset.locale, document.documentElement.lang, ...navigator.languages];
  const same = tags.filter((tag) => tag?.toLowerCase().split('-')[0] === language);
  const found = same.find((tag) => tag.includes('-'));
  return Intl.DateTimeFormat.supportedLocalesOf([language, ...known(found ?? [])]).at(-1);
}

function known(tag) {
  try {
    return Intl.getCanonicalLocales(tag);
  } catch {
    return []; // `lang` of the page is no language
  }
}

document.currentScript.frontdesk = mount;
