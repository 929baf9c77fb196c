/** What the shop's pages tell the widget, through its public interface. */
const { signedIn } = document.currentScript.dataset;
window.Frontdesk ??= [];

/** A token of this shop's server for one conversation of the signed-in customer. */
async function identity(session) {
  const response = await fetch('/identity', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ session }),
  });
  if (!response.ok) throw new Error(`/identity answered ${response.status}.`);
  return (await response.json()).token;
}

window.Frontdesk.push((chat) => chat.identify(signedIn ? identity : null));

document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('[data-ask], [data-open]');
  if (!button) return;
  const { ask } = button.dataset;
  window.Frontdesk.push((chat) => (ask ? chat.send(ask) : chat.open()));
});
