/** Buttons that answer for the customer: what is sent may differ from what is shown. */
import { useSurroundings } from '../surroundings.js';

export function Replies({ buttons, label }) {
  const { chat } = useSurroundings();
  if (!buttons?.length) return null;
  return (
    <div class="replies" role="group" aria-label={label}>
      {buttons.map(({ title, payload }) => (
        <button
          key={title + payload}
          type="button"
          class="chip"
          dir="auto"
          onClick={() => chat.send(payload ?? title, title)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
