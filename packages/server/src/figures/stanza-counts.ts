import type { StanzaKind } from '../stanza.ts';

/** Stanzas that went one way, by kind. Plain numbers: they are counted for each stanza. */
export class StanzaCounts {
  iq = 0;
  message = 0;
  presence = 0;

  count(kind: StanzaKind): void {
    if (kind === 'iq') this.iq++;
    else if (kind === 'message') this.message++;
    else this.presence++;
  }
}

/** Stanzas by where they come from and go to. */
export class StanzaTraffic {
  readonly fromClients = new StanzaCounts();
  readonly toClients = new StanzaCounts();
  /** Of other servers and external components. */
  readonly fromRemote = new StanzaCounts();
  /** From services in this process. */
  readonly fromServices = new StanzaCounts();
  /** To other servers. */
  readonly toServers = new StanzaCounts();
  /** To services, in this process or external components. */
  readonly toServices = new StanzaCounts();
}
