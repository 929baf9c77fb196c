/** Name, options and the way out. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons.jsx';
import { useSurroundings } from '../surroundings.js';

export function Header({ state, name }) {
  const { chat, words } = useSurroundings();
  return (
    <header>
      <span class="avatar"><Icon name="spark" /></span>
      <div class="names">
        <h2>{name}</h2>
        <p class={state.status}>{words.subtitle}</p>
      </div>
      {state.consented && <Options state={state} />}
      <button
        type="button"
        class="round"
        aria-label={words.close}
        title={words.close}
        onClick={() => chat.close()}
      >
        <Icon name="close" />
      </button>
    </header>
  );
}

function Options({ state }) {
  const { chat, words } = useSurroundings();
  const [open, setOpen] = useState(false);
  const [sure, setSure] = useState(false);
  const place = useRef(null);
  const button = useRef(null);

  useLayoutEffect(() => {
    if (!open) return undefined;
    place.current.querySelector('[role=menuitem]').focus();
    const away = (event) => {
      if (!event.composedPath().includes(place.current)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [open]);

  const shut = () => {
    setOpen(false);
    setSure(false);
    button.current.focus();
  };
  const choose = (action) => () => {
    shut();
    action();
  };
  const onKeyDown = (event) => {
    const items = [...place.current.querySelectorAll('[role=menuitem]')];
    const at = items.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      shut();
    } else if (step) {
      event.preventDefault();
      items[(at + step + items.length) % items.length].focus();
    } else if (event.key === 'Tab') {
      setOpen(false);
    }
  };
  const ready = state.status === 'ready';
  return (
    <div class="options" ref={place}>
      <button
        ref={button}
        type="button"
        class="round"
        aria-label={words.options}
        title={words.options}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div class="menu" role="menu" aria-label={words.options} onKeyDown={onKeyDown}>
          <Item onClick={choose(() => download(chat))} disabled={!ready}>{words.download}</Item>
          <Item onClick={choose(() => chat.toggleSound())}>
            {state.sound ? words.soundOff : words.soundOn}
          </Item>
          <Item onClick={choose(() => chat.askRating())} disabled={!state.messages.length}>
            {words.rateThis}
          </Item>
          <Item
            onClick={sure ? choose(() => chat.forget()) : () => setSure(true)}
            disabled={!ready}
          >
            {sure ? words.forgetSure : words.forget}
          </Item>
        </div>
      )}
    </div>
  );
}

function Item({ onClick, disabled, children }) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      aria-disabled={disabled}
      onClick={disabled ? undefined : onClick}
    >
      {children}
    </button>
  );
}

async function download(chat) {
  let answer;
  try {
    answer = await chat.transcript();
  } catch (error) {
    chat.bus.emit('error', { code: error.code ?? 'timeout', text: error.message });
    return;
  }
  const url = URL.createObjectURL(new Blob([answer.text], { type: 'text/plain' }));
  const link = document.createElement('a');
  Object.assign(link, { href: url, download: answer.filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
