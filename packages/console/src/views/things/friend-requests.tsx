import { displayedJid } from '@thingward/xmpp';
import { useWorkspace } from '../../app-context.ts';

/** Those who want to be our friends. */
export function FriendRequests() {
  const { directory, isOnline } = useWorkspace();
  const requests = [...directory.requests.value.values()];
  if (requests.length === 0) return null;
  return (
    <section class="section" aria-labelledby="friend-requests-title">
      <h2 id="friend-requests-title">Friend requests</h2>
      <ul class="request-list panel">
        {requests.map((jid) => (
          <li key={jid.toString()}>
            <span>
              <span class="jid strong">{displayedJid(jid)}</span> wants to see when you are online.
            </span>
            <span class="actions">
              <button
                type="button"
                class="button"
                disabled={!isOnline.value}
                onClick={() => directory.answer(jid, true)}
              >
                Accept<span class="visually-hidden"> {displayedJid(jid)}</span>
              </button>
              <button
                type="button"
                class="button"
                disabled={!isOnline.value}
                onClick={() => directory.answer(jid, false)}
              >
                Decline<span class="visually-hidden"> {displayedJid(jid)}</span>
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
