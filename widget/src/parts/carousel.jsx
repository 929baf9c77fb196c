/** Products side by side: a list that scrolls, with a button for each direction. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { money } from '../format.js';
import { Icon } from '../icons.jsx';
import { linkTo, pictureAt } from '../links.js';
import { useSurroundings } from '../surroundings.js';

export function Carousel({ products }) {
  const { words } = useSurroundings();
  const list = useRef(null);
  const [at, setAt] = useState({ start: true, end: true });

  const look = () => {
    const { scrollLeft, scrollWidth, clientWidth } = list.current;
    const gone = Math.abs(scrollLeft); // negative from right to left
    setAt({ start: gone < 8, end: gone + clientWidth > scrollWidth - 8 });
  };
  useEffect(look, [products]);
  const move = (step) => {
    const { clientWidth } = list.current;
    const forward = getComputedStyle(list.current).direction === 'rtl' ? -1 : 1;
    list.current.scrollBy({ left: step * forward * clientWidth * 0.8, behavior: 'smooth' });
  };
  return (
    <div class="carousel">
      <ul ref={list} aria-label={words.products} onScroll={look} tabIndex={0}>
        {products.map((product) => <Card key={product.id ?? product.title} product={product} />)}
      </ul>
      {!(at.start && at.end) && (
        <div class="arrows">
          <Arrow name="previous" off={at.start} onClick={() => move(-1)} />
          <Arrow name="next" off={at.end} onClick={() => move(1)} />
        </div>
      )}
    </div>
  );
}

function Arrow({ name, off, onClick }) {
  const { words } = useSurroundings();
  return (
    <button type="button" class="round" aria-label={words[name]} aria-disabled={off} onClick={onClick}>
      <Icon name={name} />
    </button>
  );
}

function Card({ product }) {
  const { chat, options, language, words } = useSurroundings();
  const { title, subtitle, price, url, image, facts = [], available, buttons = [] } = product;
  const source = pictureAt(image, options);
  const link = url && linkTo(url);
  return (
    <li class="card">
      {source && <img src={source} alt="" loading="lazy" />}
      <div class="inside">
        <h3 dir="auto">{link ? <a {...link}>{title}</a> : title}</h3>
        {subtitle && <p dir="auto">{subtitle}</p>}
        {price && <p class="price">{money(price, language)}</p>}
        {facts.length > 0 && <ul>{facts.map((fact) => <li key={fact} dir="auto">{fact}</li>)}</ul>}
        {available === false && <p class="sold">{words.soldOut}</p>}
        <div class="row">
          {buttons.map(({ title: label, payload, url: address }) => {
            const target = address && linkTo(address);
            return target ? (
              <a key={label} class="chip" {...target}>{label}</a>
            ) : (
              <button
                key={label}
                type="button"
                class="chip"
                onClick={() => chat.send(payload ?? label, label)}
              >
                {label}
              </button>
            );
          })}
        </div>
      </div>
    </li>
  );
}

/** Rasa's generic elements in the form of products. */
export function ofElements(elements) {
  return elements.map(({ title, subtitle, image_url: image, default_action: action, buttons }) => ({
    title,
    subtitle,
    image,
    url: action?.url,
    buttons: (buttons ?? []).map(({ title: label, payload, url }) => ({ title: label, payload, url })),
  }));
}
