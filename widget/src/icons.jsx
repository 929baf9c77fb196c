/** Line icons on a grid of 24, drawn for this widget. */
const SHAPES = {
  send: 'M12 19V5.5M5.5 11.5 12 5l6.5 6.5',
  stop: 'M8 8h8v8H8z',
  person: 'M12 11.5a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4ZM4.8 20c.5-3.6 3.4-5.6 7.2-5.6s6.7 2 7.2 5.6',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  close: 'm6.5 6.5 11 11m0-11-11 11',
  up: 'M7.5 11v8.5H4.7c-.4 0-.7-.3-.7-.7v-7.1c0-.4.3-.7.7-.7h2.8Zm0 0 4-7c1.5 0 2.6 1.2 2.4 2.7L13.5 9.5h4.7c1.3 0 2.3 1.2 2 2.5l-1.3 6c-.2.9-1 1.5-2 1.5H7.5',
  down: 'M16.5 13V4.5h2.8c.4 0 .7.3.7.7v7.1c0 .4-.3.7-.7.7h-2.8Zm0 0-4 7c-1.5 0-2.6-1.2-2.4-2.7l.4-2.8H5.8c-1.3 0-2.3-1.2-2-2.5l1.3-6c.2-.9 1-1.5 2-1.5h9.4',
  book: 'M5 5.5c2.5-.8 5-.6 7 .8 2-1.4 4.5-1.6 7-.8v12.7c-2.5-.8-5-.6-7 .8-2-1.4-4.5-1.6-7-.8V5.5Zm7 .8V19',
  open: 'M13.5 5H19v5.5M19 5l-8 8M10 6H6.5C5.7 6 5 6.7 5 7.5v10c0 .8.7 1.5 1.5 1.5h10c.8 0 1.5-.7 1.5-1.5V14',
  next: 'm9.5 6 6 6-6 6',
  previous: 'm14.5 6-6 6 6 6',
  bottom: 'M12 5v13.5M5.5 12.5 12 19l6.5-6.5',
  spark: 'M12 4c.6 4.6 2.4 7.4 8 8-5.6.6-7.4 3.4-8 8-.6-4.6-2.4-7.4-8-8 5.6-.6 7.4-3.4 8-8Z',
  star: 'm12 4 2.5 5.2 5.6.8-4 4 .9 5.7-5-2.7-5 2.7.9-5.7-4-4 5.6-.8L12 4Z',
  check: 'm6 12.5 4 4 8-9',
};

const MIRRORED = ['next', 'previous', 'open'];
const DOTS = ['more'];

export function Icon({ name }) {
  return (
    <svg
      class={`icon icon-${name}${MIRRORED.includes(name) ? ' mirrored' : ''}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      <path d={SHAPES[name]} stroke-width={DOTS.includes(name) ? 2.6 : undefined} />
    </svg>
  );
}
