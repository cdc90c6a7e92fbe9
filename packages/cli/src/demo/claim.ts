import { claimThing, parseIoTDisco } from '@thingward/things';
import { Jid, type Roster, type XmppClient } from '@thingward/xmpp';
import { CommandError } from '../errors.ts';

const CLAIM_TIMEOUT_MS = 15_000;

/** Makes the demo's user the owner of a Thing, as scanning its label would. Does no harm when it is so already. @throws CommandError */
export async function claimForOwner(
  client: XmppClient,
  roster: Roster,
  { name, uri }: { readonly name: string; readonly uri: string },
): Promise<void> {
  const registry = Jid.parse(`registry.${client.jid.domain}`);
  const tags = parseIoTDisco(uri);
  const giveUpAt = Date.now() + CLAIM_TIMEOUT_MS;
  for (;;) {
    try {
      const { jid } = await claimThing(client, registry, tags, { public: true });
      const contact = roster.contacts.get(jid.bare.toString());
      if (contact?.name !== name) await roster.rename(jid, name);
      if (contact?.subscription !== 'both') roster.subscribe(jid);
      return;
    } catch (error) {
      // The gateway registers its Things as soon as it is connected; until then there is nothing to claim.
      if (Date.now() > giveUpAt)
        throw new CommandError(`a Thing of the demo can't be claimed: ${(error as Error).message}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
