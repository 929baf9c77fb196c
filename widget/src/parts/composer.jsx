/** Where a message is written: Enter sends, Shift+Enter begins a new line. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons.jsx';
import { useSurroundings } from '../surroundings.js';

const TALLEST_PX = 132;
const WARN_AT = 0.9; // of what a message may hold

export function Composer({ state }) {
  const { chat, words } = useSurroundings();
  const [text, setText] = useState('');
  const field = useRef(null);

  useEffect(() => {
    const { style, scrollHeight } = field.current;
    style.height = 'auto';
    style.height = `${Math.min(field.current.scrollHeight || scrollHeight, TALLEST_PX)}px`;
  }, [text]);

  const left = state.limit - text.length;
  const stoppable = state.stream && !text.trim();
  const send = (event) => {
    event?.preventDefault();
    if (!text.trim() || left < 0) return;
    chat.send(text);
    setText('');
    field.current.focus();
  };
  const onKeyDown = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <form class="composer" onSubmit={send}>
      <textarea
        ref={field}
        data-first
        rows={1}
        dir={text ? 'auto' : undefined}
        value={text}
        aria-label={words.message}
        aria-invalid={left < 0}
        placeholder={words.placeholder}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {text.length > state.limit * WARN_AT && (
        <span class={left < 0 ? 'left over' : 'left'} role="status">{left}</span>
      )}
      {stoppable ? (
        <button
          type="button"
          class="act stop"
          aria-label={words.stop}
          title={words.stop}
          disabled={state.stopping}
          onClick={() => {
            chat.stop();
            field.current.focus();
          }}
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button
          type="submit"
          class="act"
          aria-label={words.send}
          title={words.send}
          aria-disabled={!text.trim() || left < 0}
        >
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
