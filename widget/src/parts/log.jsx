/** The conversation, and where it is scrolled to. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons.jsx';
import { useSurroundings } from '../surroundings.js';
import { Bubble } from './bubble.jsx';
import { Rating } from './rating.jsx';
import { Replies } from './replies.jsx';

const NEAR_PX = 60;
const UPWARDS = ['ArrowUp', 'PageUp', 'Home'];
const ABOVE_PX = 14; // of a reply, kept in sight while it grows beyond the panel

export function Log({ state }) {
  const { chat, options, words } = useSurroundings();
  const box = useRef(null);
  const near = useRef(true);
  const seen = useRef({ top: 0, height: 0 });
  const [away, setAway] = useState(false);
  const { messages, pending, stream, busy } = state;
  const started = messages.length > 0 || pending.length > 0;
  const last = messages.at(-1);

  const toEnd = (smooth) => {
    const { scrollHeight } = box.current;
    box.current.scrollTo({ top: scrollHeight, behavior: smooth ? 'smooth' : 'auto' });
  };
  // What the customer sends is always shown.
  useLayoutEffect(() => {
    near.current = true;
    toEnd();
  }, [pending.length, state.open, state.rating]);
  const letGo = () => {
    near.current = false;
  };
  // Passive, which no attribute can say: scrolling need not wait for them.
  useEffect(() => {
    for (const name of ['wheel', 'touchmove']) {
      box.current.addEventListener(name, letGo, { passive: true });
    }
  }, []);
  // A growing reply is followed, until its first line would leave.
  useLayoutEffect(() => {
    if (near.current) follow(box.current);
  });
  useEffect(() => {
    if (!window.ResizeObserver) return undefined;
    const observer = new ResizeObserver(() => near.current && follow(box.current));
    observer.observe(box.current);
    observer.observe(box.current.firstElementChild);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    const rest = scrollHeight - scrollTop - clientHeight;
    // We only ever scroll down: up, it was a scroll bar, the focus or a screen reader.
    const up = scrollTop < seen.current.top && scrollHeight >= seen.current.height;
    if (rest < NEAR_PX) near.current = true;
    else if (up) near.current = false;
    seen.current = { top: scrollTop, height: scrollHeight };
    setAway(rest > clientHeight / 2);
  };
  const writing = stream ?? (busy && { stage: 'thinking' });
  const turns = [...messages, ...pending.map(asTurn), ...(writing ? [asReply(writing)] : [])];
  return (
    <div class="middle">
      <div
        ref={box}
        class="log"
        role="log"
        aria-live="off"
        aria-label={words.conversation}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={({ key }) => UPWARDS.includes(key) && letGo()}
      >
        <div class="thread">
          <p class="disclosure">{words.disclosure}</p>
          {state.more && (
            <button type="button" class="plain earlier" onClick={() => chat.earlier()}>
              {words.earlier}
            </button>
          )}
          {!state.more && <Greeting text={options.greeting || words.hello} />}
          {!started && (
            <Replies
              label={words.quickReplies}
              buttons={options.starters.map((title) => ({ title }))}
            />
          )}
          {turns.map((message, i) => (
            <Bubble
              key={keyOf(message)}
              message={message}
              first={turns[i - 1]?.role !== message.role}
              state={state}
            />
          ))}
          {last?.buttons && !pending.length && !writing && (
            <Replies key={last.seq} label={words.quickReplies} buttons={last.buttons} />
          )}
          {state.rating && <Rating rated={state.rated} />}
        </div>
      </div>
      {away && (
        <button type="button" class="latest" aria-label={words.latest} onClick={() => toEnd(true)}>
          <Icon name="bottom" />
        </button>
      )}
    </div>
  );
}

/** The same key for a message before and after it is stored: its bubble stays. */
function keyOf({ stream_id: stream, message_id: id, seq }) {
  return stream ?? id ?? seq ?? 'writing';
}

function asTurn({ title, message, ...item }) {
  return { ...item, role: 'user', text: title ?? message, pending: true };
}

function asReply({ stream_id: stream, text = '', stage }) {
  return { role: 'bot', stream_id: stream, text, stage };
}

function Greeting({ text }) {
  return (
    <div class="turn bot first">
      <div class="bubble" dir="auto">{text}</div>
    </div>
  );
}

/** Show the end; of a reply that is higher than the panel, its beginning. */
function follow(box) {
  const turns = box.querySelectorAll('.turn');
  const last = turns[turns.length - 1];
  const end = box.scrollHeight - box.clientHeight;
  const beginning = last?.matches('.bot') ? last.offsetTop - ABOVE_PX : end;
  box.scrollTop = Math.min(end, beginning);
}
