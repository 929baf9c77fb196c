/** Where an answer comes from: each source opens to the passage that it quotes. */
import { Icon } from '../icons.jsx';
import { linkTo } from '../links.js';
import { useSurroundings } from '../surroundings.js';

export function Sources({ citations }) {
  const { words } = useSurroundings();
  return (
    <div class="sources" role="group" aria-label={words.sources}>
      {citations.map((citation, i) => <Source key={i} citation={citation} />)}
    </div>
  );
}

function Source({ citation: { title, url, quote } }) {
  const { words } = useSurroundings();
  const link = url && linkTo(url);
  return (
    <details>
      <summary>
        <Icon name="book" />
        <span dir="auto">{title}</span>
        <Icon name="next" />
      </summary>
      {quote && <blockquote dir="auto">{quote}</blockquote>}
      {link && (
        <a {...link}>
          {words.openPage}
          <Icon name="open" />
        </a>
      )}
    </details>
  );
}
