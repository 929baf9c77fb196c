/** One message, whoever wrote it, waiting, growing or finished. */
import { Component } from 'preact';
import { linkTo, pictureAt } from '../links.js';
import { Markdown } from '../markdown.jsx';
import { useSurroundings } from '../surroundings.js';
import { Carousel, ofElements } from './carousel.jsx';
import { Comparison } from './comparison.jsx';
import { Feedback } from './feedback.jsx';
import { Order } from './order.jsx';
import { Rating } from './rating.jsx';
import { Sources } from './sources.jsx';

const RICH = {
  order: Order,
  products: ({ part }) => <Carousel products={part.products} />,
  comparison: Comparison,
};

export function Bubble({ message, first, state }) {
  const { words } = useSurroundings();
  const ours = message.role === 'user';
  const side = ours ? 'user' : 'bot';
  return (
    <div class={`turn ${side}${first ? ' first' : ''}${message.role === 'agent' ? ' agent' : ''}`}>
      {message.role === 'agent' && first && <p class="name">{message.agent_name ?? words.team}</p>}
      <span class="unseen">{`${authorOf(message, words)}: `}</span>
      {ours ? <Own message={message} state={state} /> : <Reply message={message} state={state} />}
    </div>
  );
}

function authorOf({ role, agent_name: name }, words) {
  if (role === 'user') return words.you;
  return role === 'agent' ? (name ?? words.team) : words.title;
}

function Own({ message, state }) {
  const { words } = useSurroundings();
  const { text, pending, refused } = message;
  const note = refused
    ? `${words.notSent}: ${refused}`
    : pending && state.status === 'lost' && words.waiting;
  return (
    <>
      <div class={pending ? 'bubble pending' : 'bubble'} dir="auto">{text}</div>
      {note && <p class={refused ? 'note wrong' : 'note'} role="status">{note}</p>}
    </>
  );
}

function Reply({ message, state }) {
  const { chat, words } = useSurroundings();
  const { text, stage, seq, custom, image, attachment, elements, citations = [] } = message;
  const judged = seq && (citations.length > 0 || ['answer', 'abstain'].includes(message.decision));
  return (
    <>
      {(text || stage) && (
        <div class="bubble" dir="auto">
          {text ? <Markdown text={text} /> : <Stage stage={stage} />}
        </div>
      )}
      {stage && text && <Stage stage={stage} />}
      <Safely key={seq}>
        <Picture address={image} />
        <Attachment attachment={attachment} />
        {custom && <Rich part={custom} state={state} />}
        {elements?.length > 0 && <Carousel products={ofElements(elements)} />}
        {citations.length > 0 && <Sources citations={citations} />}
      </Safely>
      {message.stopped && <p class="note">{words.stopped}</p>}
      {message.failure && <Again before={seq} state={state} chat={chat} words={words} />}
      {judged && <Feedback seq={seq} vote={state.votes[seq]} />}
    </>
  );
}

function Stage({ stage }) {
  const { words } = useSurroundings();
  return (
    <p class="stage">
      <span class="dots" aria-hidden="true"><i /><i /><i /></span>
      {words[stage] ?? words.thinking}
    </p>
  );
}

function Rich({ part, state }) {
  if (part.type === 'rating') return <Rating rated={state.rated} />;
  const Part = Object.hasOwn(RICH, part.type) ? RICH[part.type] : null;
  return Part && <Part part={part} />;
}

function Attachment({ attachment }) {
  const { words } = useSurroundings();
  const address = attachment?.payload?.src ?? attachment?.payload?.url;
  if (attachment?.type === 'image') return <Picture address={address} />;
  const link = address && linkTo(address);
  return link && <p class="note"><a {...link}>{words.file}</a></p>;
}

/** A picture of an allowed host; any other is a link, fetched only when opened. */
function Picture({ address }) {
  const { options, words } = useSurroundings();
  if (!address) return null;
  const source = pictureAt(address, options);
  if (source) return <img class="picture" src={source} alt="" loading="lazy" />;
  const link = linkTo(address);
  return link && <p class="note"><a {...link}>{words.picture}</a></p>;
}

function Again({ before, state, chat, words }) {
  const asked = state.messages.findLast(({ role, seq }) => role === 'user' && seq < before);
  if (!asked || before !== state.messages.at(-1).seq) return null;
  return (
    <div class="row">
      <button type="button" class="chip" onClick={() => chat.send(asked.text)}>{words.again}</button>
    </div>
  );
}

/** A part that cannot be drawn is left out: the text says the same. */
class Safely extends Component {
  componentDidCatch(error) {
    console.error(error);
    this.setState({ failed: true });
  }

  render({ children }, { failed }) {
    return failed ? null : children;
  }
}
