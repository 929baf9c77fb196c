/** The messages of a conversation as plain values: each function returns a new one. */

/** Both lists, each `seq` once, in order; what is new wins. */
export function merge(messages, incoming) {
  const bySeq = new Map(messages.map((message) => [message.seq, message]));
  for (const message of incoming) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

export function lastSeq(messages) {
  return messages.at(-1)?.seq ?? 0;
}

/** Whether a message is missing between those that are held and `seq`. */
export function leavesGap(messages, seq) {
  return seq > lastSeq(messages) + 1;
}

/**
 * The reply being written after one more `bot_stream`; unchanged by what is old.
 * `ended` says whether a stream has its message already.
 */
export function advance(stream, event, ended) {
  if (ended(event.stream_id)) return stream;
  const same = stream?.stream_id === event.stream_id;
  const before = same ? stream : { stream_id: event.stream_id, seq: -1, text: '' };
  if (event.seq <= before.seq) return stream;
  return {
    ...before,
    seq: event.seq,
    text: before.text + (event.delta ?? ''),
    stage: event.stage ?? before.stage ?? 'thinking',
  };
}

/** How many messages the customer has not seen. */
export function unreadAfter(messages, read) {
  return messages.filter(({ seq, role }) => role !== 'user' && seq > read).length;
}

/** A message as words, for a screen reader: Markdown's signs are left out. */
export function spoken({ text = '', buttons = [] }) {
  const words = text
    .replace(/!?\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)/g, '$1')
    .replace(/^[ \t]*(?:[-*+]|#{1,6}|>)[ \t]+/gm, '')
    .replace(/[*`~]+/g, '');
  return [words, ...buttons.map(({ title }) => title)].filter(Boolean).join(' ');
}
