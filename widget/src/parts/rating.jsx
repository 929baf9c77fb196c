/** One to five stars for the whole conversation. */
import { useState } from 'preact/hooks';
import { Icon } from '../icons.jsx';
import { fill, useSurroundings } from '../surroundings.js';

const STARS = [1, 2, 3, 4, 5];
const LONGEST = 1000;

export function Rating({ rated }) {
  const { chat, words } = useSurroundings();
  const [value, setValue] = useState(0);
  const [comment, setComment] = useState('');
  if (rated) return <p class="note thanks" role="status">{words.thanks}</p>;
  const submit = (event) => {
    event.preventDefault();
    if (value) chat.rate(value, comment.trim().slice(0, LONGEST));
  };
  return (
    <form class="rating" onSubmit={submit}>
      <fieldset>
        <legend>{words.rate}</legend>
        <div class="stars">
          {STARS.map((n) => (
            <label key={n} class={n <= value ? 'on' : ''}>
              <input
                type="radio"
                name="stars"
                value={n}
                checked={n === value}
                aria-label={fill(words.stars, { n })}
                onChange={() => setValue(n)}
              />
              <Icon name="star" />
            </label>
          ))}
        </div>
      </fieldset>
      {value > 0 && (
        <>
          <textarea
            rows={2}
            dir="auto"
            aria-label={words.comment}
            placeholder={words.comment}
            maxLength={LONGEST}
            value={comment}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
          <button type="submit" class="main">{words.submit}</button>
        </>
      )}
    </form>
  );
}
