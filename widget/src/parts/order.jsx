/** An order: what it is, where it is, and what comes next. */
import { day, money } from '../format.js';
import { Icon } from '../icons.jsx';
import { linkTo, pictureAt } from '../links.js';
import { fill, useSurroundings } from '../surroundings.js';

export function Order({ part }) {
  const { language, words } = useSurroundings();
  const { number, status, status_text: state, placed_at: placed, total, items = [] } = part;
  const date = placed && day(placed, language);
  const link = part.tracking_url && linkTo(part.tracking_url);
  return (
    <article class="order" aria-label={fill(words.order, { n: number })}>
      <div class="top">
        <div>
          <h3>{fill(words.order, { n: number })}</h3>
          {date && <p class="quiet">{fill(words.placed, { date })}</p>}
        </div>
        <span class={`state ${status ?? ''}`} dir="auto">{state ?? status}</span>
      </div>
      {part.timeline?.length > 0 && <Timeline steps={part.timeline} />}
      <ul class="items">
        {items.map((item) => <Item key={item.title} item={item} />)}
      </ul>
      <div class="bottom">
        {total && <p class="quiet">{words.total} <strong>{money(total, language)}</strong></p>}
        {link && (
          <a class="chip" {...link}>
            {words.track}
            <Icon name="open" />
          </a>
        )}
      </div>
    </article>
  );
}

function Item({ item: { title, quantity, image } }) {
  const { options } = useSurroundings();
  const source = pictureAt(image, options);
  return (
    <li>
      {source && <img src={source} alt="" loading="lazy" />}
      <span dir="auto">{title}</span>
      <span class="quiet">× {quantity ?? 1}</span>
    </li>
  );
}

function Timeline({ steps }) {
  const { language } = useSurroundings();
  return (
    <ol class="timeline">
      {steps.map(({ label, at, state }) => (
        <li key={label} class={state} aria-current={state === 'current' ? 'step' : undefined}>
          <span class="mark">{state === 'done' && <Icon name="check" />}</span>
          <span dir="auto">{label}</span>
          {at && <time dateTime={at}>{day(at, language)}</time>}
        </li>
      ))}
    </ol>
  );
}
