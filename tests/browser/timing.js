// Stamps what a customer sees of a reply: put into the page before its own scripts.
(() => {
  const timing = { streaming: true, sessions: 0 };
  window.timing = timing;
  (window.Frontdesk ||= []).push((chat) => {
    chat.on('ready', () => { timing.sessions += 1; });
  });

  // Without streaming: pieces of a reply do not reach the widget, all else does.
  const own = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
  Object.defineProperty(WebSocket.prototype, 'onmessage', {
    ...own,
    set(listener) {
      own.set.call(this, (event) => {
        const frame = String(event.data);
        if (frame.startsWith('42["bot_uttered"')) {
          timing.replies?.push(JSON.parse(frame.slice(2))[1]);
        }
        if (frame.startsWith('42["bot_stream"') && JSON.parse(frame.slice(2))[1].delta) {
          if (!timing.streaming) return;
          if (timing.seen) timing.seen.pieces += 1;
        }
        listener.call(this, event);
      });
    },
  });

  window.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter' && timing.seen) timing.seen.sent ??= performance.now();
  }, true);

  /** Resolves with the times of the next question, once its reply is complete. */
  timing.next = (streaming) => {
    const root = document.querySelector('frontdesk-widget').shadowRoot;
    const turns = () => root.querySelectorAll('.log .turn.bot');
    const before = turns().length;
    const seen = { sent: null, text: null, complete: null, pieces: 0 };
    Object.assign(timing, { streaming, seen, replies: [] });
    timing.answered = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        const bubble = turns()[before]?.querySelector(':scope > .bubble');
        const shown = bubble?.querySelector('.stage') ? '' : bubble?.textContent.trim();
        if (seen.sent === null || !shown) return;
        const now = performance.now() - seen.sent;
        seen.text ??= now;
        seen.first ??= shown;
        if (root.querySelector('.log .stage')) return;
        observer.disconnect();
        const kept = shown.startsWith(seen.first);
        resolve({ ...seen, complete: now, kept, replies: timing.replies });
      });
      observer.observe(root, { subtree: true, childList: true, characterData: true });
    });
  };
})();
