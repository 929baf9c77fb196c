/** What a customer agrees to before anything is stored or sent. */
import { useSurroundings } from '../surroundings.js';

export function Consent() {
  const { chat, options, words } = useSurroundings();
  return (
    <div class="consent" role="group" aria-labelledby="consent-title">
      <h3 id="consent-title">{words.consentTitle}</h3>
      <p>{options.consent || words.consentText}</p>
      <div class="row">
        <button type="button" class="main" data-first onClick={() => chat.consent()}>
          {words.agree}
        </button>
        <button type="button" class="plain" onClick={() => chat.close()}>
          {words.decline}
        </button>
      </div>
    </div>
  );
}
