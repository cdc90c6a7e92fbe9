import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuditChain,
  AuditError,
  BaselineError,
  BaselineFile,
  CHECKPOINT,
  checkpointLine,
  parseCheckpoint,
  parseLine,
  sealLine,
  verifyAudit,
} from '@thingward/guard';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const AT = '2026-11-26T10:00:00.000Z';

/** A log of a few records, the last of them a checkpoint. */
function log() {
  const lines = [];
  let place = { seq: 0, hash: '0'.repeat(64) };
  for (const entry of [
    { kind: 'begun', at: AT, program: 'thingward' },
    { kind: 'decision', at: AT, who: 'ana@example.org', operations: [{ value: 'é \u{1f600} \ud800' }], effect: 'deny' },
    { kind: 'administration', at: AT, who: 'bob@example.org', values: { jids: ['x@example.org'] } },
  ]) {
    const made = sealLine(entry, place);
    lines.push(made.line);
    place = made.place;
  }
  lines.push(checkpointLine(privateKey, AT, place).line);
  return lines;
}

const LINES = log();
const CHECKPOINT_RECORD = parseCheckpoint(LINES.at(-1), publicKey);
const BASELINE = JSON.stringify({ version: 1, things: [['plc@example.org', 1]] });
const PROFILE = JSON.stringify({
  ...{ principal: 'ana@example.org', thing: 'plc@example.org', since: 1, last: 2, isNewcomer: false, operations: 1 },
  ...{
    peak: 1,
    peakAt: 1,
    kinds: [['x', 1, 1, 1]],
    ranges: [['t', [[0, 9]]]],
    raised: [{ at: 1, signal: 'scan', text: 'x' }],
  },
});

/** Lines of audit logs and whole logs: nothing but what was written is ever taken for it. */
export function auditTargets({ pick, mutated, noise, utf8, below }) {
  const folder = mkdtempSync(join(tmpdir(), 'thingward-fuzz-audit-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return {
    'audit line': [
      () => Buffer.from(pick([noise(80), mutated(utf8(pick(LINES)))])).toString('utf8'),
      (line) => {
        const { entry } = parseLine(line);
        if (!LINES.includes(line)) throw new Error('a line was taken that nobody has written');
        if (entry.kind === CHECKPOINT) parseCheckpoint(line, publicKey);
      },
      AuditError,
    ],
    'audit chain': [
      () => Array.from({ length: 1 + below(6) }, () => pick([...LINES, 'x'])),
      (lines) => {
        const chain = new AuditChain(publicKey);
        let fault;
        for (const line of lines) {
          try {
            chain.next(line);
          } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            fault = error;
          }
        }
        chain.end();
        if (fault) throw fault;
        if (lines.some((line, i) => line !== LINES[i])) throw new Error('lines in another order were taken for a log');
      },
      AuditError,
    ],
    'audit log': [
      () => mutated(utf8(`${LINES.join('\n')}\n`)),
      async (bytes) => {
        writeFileSync(join(folder, 'audit-000000000001.jsonl'), bytes);
        const { problems } = await verifyAudit(folder, publicKey, [CHECKPOINT_RECORD]);
        const isSame =
          Buffer.from(bytes).toString('latin1') === Buffer.from(`${LINES.join('\n')}\n`).toString('latin1');
        if (problems.length === 0 && !isSame) throw new Error('a change was not found');
      },
      AuditError,
    ],
    baseline: [
      () => mutated(utf8(`${BASELINE}\n${PROFILE}\n`)),
      (bytes) => {
        const path = join(folder, 'baseline.jsonl');
        writeFileSync(path, bytes);
        new BaselineFile(path).load();
      },
      BaselineError,
    ],
  };
}
