/** Which addresses may be opened and which pictures may be fetched. */
const SCHEMES = ['http:', 'https:', 'mailto:', 'tel:'];

/**
 * The attributes of a safe link, or null where the address must not be opened.
 *
 * The browser's own parser reads the scheme: tabs, line ends and letter case hide none.
 * The shop's own pages open in place, where the chat goes on; others in a new tab.
 */
export function linkTo(address) {
  const url = parse(address);
  if (!url || !SCHEMES.includes(url.protocol)) return null;
  const here = url.origin === location.origin;
  return {
    href: url.href,
    rel: 'noopener noreferrer nofollow',
    ...(!here && { target: '_blank' }),
  };
}

/** The address of a picture from a host that the shop allows, else null. */
export function pictureAt(address, options) {
  const url = parse(address);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
  const known =
    [location.origin, options.origin].includes(url.origin) ||
    options.imageHosts.includes(url.host);
  return known ? url.href : null;
}

function parse(address) {
  try {
    return typeof address === 'string' && address ? new URL(address, document.baseURI) : null;
  } catch {
    return null;
  }
}
