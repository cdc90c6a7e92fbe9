import type { Presence } from '@thingward/ieee1451/mcap';
import { Age, Timestamp } from '../../components/age.tsx';
import { Notice } from '../../components/notice.tsx';
import type { RowKind } from '../../model/network/tree-rows.ts';
import { formatRoute } from '../../model/route.ts';
import { ResourceSymbol } from './resource-symbol.tsx';

/** The name of what is selected, where it is, and the way to its page. */
export function DetailHeader({
  kind,
  name,
  what,
  jid,
}: {
  readonly kind: RowKind;
  readonly name: string;
  /** What it is and in what. */
  readonly what: string;
  /** Bare JID it is a Thing behind; undefined: it has no page. */
  readonly jid: string | undefined;
}) {
  return (
    <header class="detail-header">
      <ResourceSymbol kind={kind} />
      <div class="detail-title">
        <h2>{name}</h2>
        <p class="muted break">{what}</p>
      </div>
      {jid !== undefined && (
        <a class="button" href={formatRoute({ page: 'thing', jid })}>
          Open as a Thing<span class="visually-hidden"> {jid}</span>
        </a>
      )}
    </header>
  );
}

/** Since when it is there, or away. */
export function PresenceText({ isPresent, since }: Presence) {
  const words = isPresent ? 'Present' : 'Away';
  return (
    <span class="presence-text">
      <span class={`dot dot-${isPresent ? 'online' : 'offline'}`} aria-hidden="true" /> {words}
      {since && (
        <>
          {' '}
          since <Timestamp time={since} /> (<Age time={since} />)
        </>
      )}
    </span>
  );
}

/** Says that an NCAP is away, and what to do about it. */
export function NcapAway({ name, isPresent, since }: Presence & { readonly name: string }) {
  if (isPresent) return null;
  return (
    <Notice kind="warning" testId="ncap-away">
      <strong>{name} left</strong>
      {since && (
        <>
          {' '}
          <Age time={since} />
        </>
      )}
      . What is shown is what it last announced. Is its gateway running, and can it reach the server? It is back here as
      soon as it announces itself again.
    </Notice>
  );
}

/** Says that a TIM is away, and what to do about it. */
export function TimAway({ name, isPresent, since }: Presence & { readonly name: string }) {
  if (isPresent) return null;
  return (
    <Notice kind="warning" testId="tim-away">
      <strong>{name} left</strong>
      {since && (
        <>
          {' '}
          <Age time={since} />
        </>
      )}
      . Is it powered and connected to its NCAP? It is back here by itself as soon as it joins again.
    </Notice>
  );
}
