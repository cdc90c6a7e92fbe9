import { displayedJid } from '@thingward/xmpp';
import { useWorkspace } from '../../app-context.ts';
import { AvailabilityLabel } from '../../components/availability.tsx';
import { FriendRequests } from './friend-requests.tsx';
import { ThingCard } from './thing-card.tsx';

export function ThingsPage() {
  const entries = useWorkspace().directory.entries.value;
  const things = entries?.filter(({ kind }) => kind !== 'other') ?? [];
  const others = entries?.filter(({ kind }) => kind === 'other') ?? [];
  return (
    <>
      <header class="page-header">
        <h1>Things</h1>
        {entries && <p class="muted">{countText(things.length, things.filter(isOnline).length)}</p>}
      </header>
      <FriendRequests />
      {!entries && <p class="muted">Loading your Things…</p>}
      {entries && things.length === 0 && <NoThings />}
      {things.length > 0 && (
        <ul class="thing-grid" aria-label="Things">
          {things.map((entry) => (
            <li key={entry.jid.toString()}>
              <ThingCard entry={entry} count={things.length} />
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <section class="section">
          <h2>Other contacts</h2>
          <ul class="contact-list panel">
            {others.map(({ jid, name, availability }) => (
              <li key={jid.toString()}>
                <span>{name}</span>
                <span class="jid">{displayedJid(jid)}</span>
                <AvailabilityLabel of={availability} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function isOnline({ availability }: { readonly availability: string }): boolean {
  return availability === 'online';
}

function countText(all: number, online: number): string {
  return all === 0 ? '' : `${online} of ${all} online`;
}

function NoThings() {
  return (
    <div class="panel empty">
      <p>
        <strong>You have no Things yet.</strong>
      </p>
      <p class="muted">Make one yours with the QR code on its label, or find public ones in the registry.</p>
      <p class="actions">
        <a class="button primary" href="#/claim">
          Claim a Thing
        </a>
        <a class="button" href="#/search">
          Search the registry
        </a>
      </p>
    </div>
  );
}
