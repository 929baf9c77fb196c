/** The dialog: header, conversation, what to write with, and the way to a person. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.jsx';
import { useSurroundings } from '../surroundings.js';
import { Composer } from './composer.jsx';
import { Consent } from './consent.jsx';
import { Header } from './header.jsx';
import { Log } from './log.jsx';

const FOCUSABLE = 'button, a[href], textarea, input, summary, [tabindex="0"]';

export function Panel({ state }) {
  const { chat, options, words } = useSurroundings();
  const panel = useRef(null);
  const { open, consented } = state;

  useEffect(() => {
    if (open) panel.current.querySelector('[data-first]')?.focus({ preventScroll: true });
  }, [open, consented]);

  // A pressed button that has gone must not take the focus out of the panel with it.
  const pressed = useRef(null);
  const onClick = ({ target }) => {
    pressed.current = target.closest('button');
  };
  useLayoutEffect(() => {
    if (!open || !pressed.current || pressed.current.isConnected) return;
    pressed.current = null;
    panel.current.querySelector('.log').focus({ preventScroll: true });
  });

  const onKeyDown = (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      chat.close();
    } else if (event.key === 'Tab' && fillsScreen(panel.current)) {
      keepInside(event, panel.current);
    }
  };
  const name = options.shop || words.title;
  return (
    <section
      ref={panel}
      class="panel"
      role="dialog"
      aria-label={`${name}: ${words.subtitle}`}
      hidden={!open}
      onClickCapture={onClick}
      onKeyDown={onKeyDown}
    >
      <Header state={state} name={name} />
      <Log state={state} />
      <Status status={state.status} />
      {consented ? <Composer state={state} /> : <Consent />}
      <footer>
        <button type="button" class="person" onClick={() => chat.person()}>
          <Icon name="person" />
          {words.person}
        </button>
        {options.privacy && <Privacy address={options.privacy} />}
      </footer>
    </section>
  );
}

function Privacy({ address }) {
  const { words } = useSurroundings();
  return (
    <a href={address} target="_blank" rel="noopener">
      {words.privacy}
    </a>
  );
}

function Status({ status }) {
  const { words } = useSurroundings();
  return (
    <p class="status" role="status" hidden={status !== 'lost'}>
      {status === 'lost' ? words.lost : ''}
    </p>
  );
}

function fillsScreen(panel) {
  return panel.offsetWidth >= window.innerWidth;
}

/** On a phone the page behind cannot be seen: the tab key stays in the panel. */
function keepInside(event, panel) {
  const items = [...panel.querySelectorAll(FOCUSABLE)].filter(
    (item) => !item.disabled && item.getClientRects().length,
  );
  const at = items.indexOf(panel.getRootNode().activeElement);
  const edge = event.shiftKey ? 0 : items.length - 1;
  if (at !== edge) return;
  event.preventDefault();
  items[items.length - 1 - edge].focus();
}
