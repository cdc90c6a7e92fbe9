import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Jid, SILENT_LOGGER } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GuardDecision } from '../guard-decision.ts';
import type { Operation } from '../operation.ts';
import { auditConfigSchema } from './audit-config.ts';
import { auditRecords } from './audit-export.ts';
import { publicKeyFile, readPublicKey } from './audit-key.ts';
import type { AuditEntry } from './audit-line.ts';
import { GuardAudit } from './guard-audit.ts';
import { verifyAudit } from './verify.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'thingward-guard-audit-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const folder = () => join(dataDir, 'audit');

async function records(): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const { entry } of auditRecords(folder())) entries.push(entry);
  return entries;
}

function decision(more: Partial<GuardDecision> & { readonly operation?: Partial<Operation> } = {}): GuardDecision {
  const { operation, ...rest } = more;
  const decisive: Operation = {
    principal: Jid.parse('ana@example.org/desk'),
    action: 'set',
    resource: { kind: 'thing', jid: 'plc@example.org', node: 'boiler' },
    circumstances: { origin: 'client', isEncrypted: true, authentication: 'challenge', address: '192.0.2.7' },
    facts: { protocol: 'control', name: 'Setpoint', text: '50' },
    ...operation,
  };
  return {
    at: new Date('2026-11-26T10:00:00Z'),
    outcome: 'permit',
    operations: [decisive],
    decisive,
    policies: [{ id: 'p', at: 'own.cedar:1', effect: 'permit' }],
    reason: 'ana@example.org may',
    enforcer: 'router',
    ...rest,
  };
}

async function audited(config: object, work: (audit: GuardAudit) => void): Promise<readonly AuditEntry[]> {
  const audit = new GuardAudit({
    config: auditConfigSchema.parse(config),
    dataDir,
    clock: () => new Date('2026-11-26T10:00:00Z'),
    log: SILENT_LOGGER,
  });
  await audit.start('test');
  work(audit);
  await audit.stop();
  expect((await verifyAudit(folder(), readPublicKey(publicKeyFile(folder())))).problems).toEqual([]);
  return (await records()).filter(({ kind }) => !['begun', 'ended', 'checkpoint'].includes(kind));
}

it('keeps values that are written; none of what is read, published or not understood', async () => {
  const facts = { protocol: 'x', name: 'n', text: 'SECRET TEXT' };
  const entries = await audited({ published: true }, (audit) => {
    audit.decided(decision());
    audit.decided(decision({ operation: { action: 'read' } }));
    for (const action of ['read', 'publish', 'unknown', 'administer'] as const) {
      audit.decided(decision({ outcome: 'deny', operation: { action, facts } }));
    }
    audit.decided(decision({ operation: { action: 'publish', facts } }));
  });
  expect(entries.map(({ action, effect }) => `${action} ${effect}`)).toEqual([
    'set permit',
    'read deny',
    'publish deny',
    'unknown deny',
    'administer deny',
    'publish permit',
  ]);
  expect(entries[0]).toMatchObject({ ip: '192.0.2.7', operations: [{ value: '50', thing: 'plc@example.org#boiler' }] });
  expect(JSON.stringify(entries)).not.toContain('SECRET TEXT');
});

it('does not keep what is published where nobody asked for it, nor what no policy was asked about', async () => {
  const entries = await audited({}, (audit) => {
    audit.decided(decision({ operation: { action: 'publish' } }));
    audit.decided(decision({ policies: [] }));
  });
  expect(entries).toEqual([]);
});

it('calls nobody by their address where it is told not to, and everybody always the same', async () => {
  const act = (audit: GuardAudit) => {
    audit.decided(decision());
    audit.acted({ who: 'ana@example.org', act: 'x', effect: 'done' });
  };
  const entries = [...(await audited({ pseudonymise: true }, act)), ...(await audited({ pseudonymise: true }, act))];
  expect(JSON.stringify(entries)).not.toMatch(/ana@|192\.0\.2/);
  expect(new Set(entries.map(({ who }) => who)).size).toBe(1);
});

it('writes the denials of an account one by one, until there are too many in a minute', async () => {
  const entries = await audited({ deniedPerMinute: 5 }, (audit) => {
    for (let i = 0; i < 1000; i++) audit.decided(decision({ outcome: 'deny' }));
    for (let i = 0; i < 3; i++) audit.decided(decision({ outcome: 'limit' }));
    audit.decided(decision({ outcome: 'quarantine' }));
    audit.decided(decision());
  });
  expect(entries.map(({ effect, count, kind }) => effect ?? `${kind} ${count}`)).toEqual([
    'deny',
    'deny',
    'deny',
    'deny',
    'deny',
    'quarantine',
    'permit',
    'denials 998',
  ]);
  expect(entries.at(-1)).toMatchObject({ who: 'ana@example.org', effects: { deny: 995, limit: 3 } });
});
