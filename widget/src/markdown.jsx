/**
 * Markdown of unknown origin as elements: marked reads it, an allow-list builds it.
 *
 * No HTML string is ever made, so nothing has to be sanitised: what is not in the list
 * stays text. Pictures become links, because they would be fetched unasked. Unchanged
 * elements are kept while a reply grows, so nothing flickers.
 */
import { Lexer } from 'marked';
import { linkTo } from './links.js';

const MOST = 20_000; // characters; beyond, parsing may take long
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

export function Markdown({ text }) {
  return <div class="markdown">{blocks(read(text))}</div>;
}

function read(text) {
  const plain = [{ type: 'paragraph', text, tokens: [{ type: 'text', text }] }];
  if (text.length > MOST) return plain;
  try {
    return Lexer.lex(text, { gfm: true, breaks: true });
  } catch {
    return plain; // nested beyond all measure
  }
}

const BLOCKS = {
  paragraph: ({ tokens }) => <p>{inlines(tokens)}</p>,
  heading: ({ tokens }) => <p class="heading">{inlines(tokens)}</p>,
  blockquote: ({ tokens }) => <blockquote>{blocks(tokens)}</blockquote>,
  code: ({ text }) => <pre tabIndex={0}>{text}</pre>,
  hr: () => <hr />,
  html: ({ text }) => <p>{text}</p>,
  list: ({ ordered, start, items }) => {
    const rows = items.map(({ tokens }, i) => <li key={i}>{blocks(tokens)}</li>);
    return ordered ? <ol start={start || 1}>{rows}</ol> : <ul>{rows}</ul>;
  },
  table: ({ header, rows }) => (
    <div class="wide" tabIndex={0} role="group">
      <table>
        <thead>
          <tr>{header.map((cell, i) => <th key={i} scope="col">{inlines(cell.tokens)}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>{row.map((cell, j) => <td key={j}>{inlines(cell.tokens)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  ),
};

const INLINES = {
  strong: ({ tokens }) => <strong>{inlines(tokens)}</strong>,
  em: ({ tokens }) => <em>{inlines(tokens)}</em>,
  del: ({ tokens }) => <del>{inlines(tokens)}</del>,
  codespan: ({ text }) => <code>{decoded(text)}</code>,
  br: () => <br />,
  link: ({ href, text, tokens }) => link(href, tokens ? inlines(tokens) : text),
  image: ({ href, text }) => link(href, text || href),
};

function blocks(tokens) {
  return tokens.map((token) => {
    if (token.type === 'space' || token.type === 'def') return null;
    return BLOCKS[token.type]?.(token) ?? inline(token);
  });
}

function inlines(tokens = []) {
  return tokens.map(inline);
}

function inline(token) {
  if (token.type === 'text' && token.tokens) return inlines(token.tokens);
  const build = Object.hasOwn(INLINES, token.type) && INLINES[token.type];
  return build ? build(token) : decoded(token.text ?? token.raw ?? '');
}

function link(address, children) {
  const attributes = linkTo(address);
  return attributes ? <a {...attributes}>{children}</a> : <span>{children}</span>;
}

/** Entities as the characters they name; they end up in text, never in HTML. */
function decoded(text) {
  return text.replace(/&(?:#(\d{1,6})|#x([\da-f]{1,6})|([a-z]+));/gi, (all, ten, hex, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? all;
    const code = parseInt(ten ?? hex, ten ? 10 : 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
