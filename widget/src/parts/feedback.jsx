/** Thumbs for one answer, and after a thumb down the reason. */
import { Icon } from '../icons.jsx';
import { useSurroundings } from '../surroundings.js';

const REASONS = ['wrong', 'incomplete', 'unclear', 'other'];

export function Feedback({ seq, vote }) {
  const { chat, words } = useSurroundings();
  const value = vote?.value;
  const thumb = (name, label) => (
    <button
      type="button"
      class="thumb"
      aria-label={label}
      title={label}
      aria-pressed={value === name}
      onClick={() => chat.vote(seq, value === name ? 'none' : name)}
    >
      <Icon name={name} />
    </button>
  );
  return (
    <div class="feedback">
      {thumb('up', words.helpful)}
      {thumb('down', words.unhelpful)}
      <span class="quiet" role="status">
        {(value === 'up' || vote?.reason) && words.thanks}
      </span>
      {value === 'down' && !vote.reason && (
        <div class="reasons" role="group" aria-label={words.whatWrong}>
          <p>{words.whatWrong}</p>
          {REASONS.map((reason) => (
            <button
              key={reason}
              type="button"
              class="chip"
              onClick={() => chat.vote(seq, 'down', reason)}
            >
              {words[reason]}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
