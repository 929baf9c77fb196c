/** What the shop set with `data-` attributes; read when used, so a page may change it. */
const NOTHING = ['off', 'false', 'none'];

export function optionsOf(script) {
  const data = script.dataset;
  const server = new URL(data.server ?? '', script.src);
  return {
    origin: server.origin,
    path: `${server.pathname.replace(/\/[^/]*\.js$|\/$/, '')}/webhooks/web/socket.io`,
    transports: data.transport === 'websocket' ? ['websocket'] : ['websocket', 'polling'],
    get shop() {
      return data.shop ?? '';
    },
    get greeting() {
      return data.greeting ?? '';
    },
    get starters() {
      return (data.starters ?? '').split('|').map((text) => text.trim()).filter(Boolean);
    },
    get product() {
      return data.product ?? '';
    },
    get asksConsent() {
      return !NOTHING.includes(data.consent);
    },
    get consent() {
      return ['', 'on', undefined].includes(data.consent) ? '' : data.consent;
    },
    get privacy() {
      return data.privacy ?? '';
    },
    /** Hosts beside the page's and the assistant's that pictures may come from. */
    get imageHosts() {
      return (data.imageHosts ?? '').split(/[\s,]+/).filter(Boolean);
    },
  };
}
