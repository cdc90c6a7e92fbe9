import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOGGER } from '@thingward/xmpp';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditDisk, REAL_DISK } from './audit-disk.ts';
import { auditRecords } from './audit-export.ts';
import { filesIn } from './audit-folder.ts';
import { type AuditRecord, CHAIN_START, type ChainPlace, parseLine, sealLine } from './audit-line.ts';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { checkpointLine, parseCheckpoint } from './checkpoint.ts';
import { verifyAudit } from './verify.ts';

const { privateKey: KEY } = generateKeyPairSync('ed25519');
const PUBLIC = createPublicKey(KEY);
let folder: string;
let now: number;
const opened: AuditLog[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingward-audit-'));
  now = Date.parse('2026-11-26T10:00:00Z');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.stop()));
  rmSync(folder, { recursive: true });
});

async function opens(more: Partial<AuditLogOptions> = {}, known?: ChainPlace): Promise<AuditLog> {
  const log = new AuditLog({
    folder,
    key: KEY,
    clock: () => new Date(now),
    log: SILENT_LOGGER,
    maxFileBytes: 1_000_000,
    keepDays: 30,
    checkpointMs: 60_000,
    retryMs: 5,
    ...more,
  });
  opened.push(log);
  await log.start(known);
  return log;
}

const act = (who: string) => ({ kind: 'administration', at: new Date(now).toISOString(), who, action: 'restart' });

/** A log of some files, with records before, between and after checkpoints. @returns its checkpoints */
async function written(records = 12): Promise<readonly AuditRecord[]> {
  const checkpoints: string[] = [];
  const log = await opens({ maxFileBytes: 700, onCheckpoint: (line) => checkpoints.push(line) });
  for (let i = 0; i < records; i++) {
    log.append(act(`user${i}@example.org`));
    expect(await log.settled()).toBeUndefined();
  }
  await log.stop();
  return checkpoints.map((line) => parseCheckpoint(line, PUBLIC));
}

const path = (name: string) => join(folder, name);
const names = () => filesIn(folder).map(({ name }) => name);
const codes = async (kept: readonly AuditRecord[] = []) =>
  (await verifyAudit(folder, PUBLIC, kept)).problems.map(({ code }) => code);

describe('an audit log', () => {
  it('is found to be as it was written, over several files and several programs', async () => {
    const kept = await written();
    expect(names().length).toBeGreaterThan(2);
    const second = await opens();
    second.append(act('late@example.org'));
    await second.stop();
    const verification = await verifyAudit(folder, PUBLIC, kept);
    expect(verification).toMatchObject({ problems: [], unsigned: 0 });
    const records = [];
    for await (const record of auditRecords(folder, { kind: 'administration' })) records.push(record.entry.who);
    expect(records).toEqual([...Array.from({ length: 12 }, (_, i) => `user${i}@example.org`), 'late@example.org']);
  });

  it('has a checkpoint after a thousand records at the latest, and after its time', async () => {
    const log = await opens({ checkpointMs: 5 });
    for (let i = 0; i < 2500; i++) log.append(act('ana@example.org'));
    await log.settled();
    await expect.poll(async () => (await verifyAudit(folder, PUBLIC)).unsigned).toBe(0);
    expect(await verifyAudit(folder, PUBLIC)).toMatchObject({ problems: [], records: 2503 });
  });

  it('writes what comes just when it has written everything', async () => {
    const log = await opens();
    for (let round = 0; round < 50; round++) {
      log.append(act('ana@example.org'));
      expect(await log.settled()).toBeUndefined();
      await Promise.resolve();
    }
    expect(log.place?.seq).toBe(50);
  });

  it('cuts off a line that was torn, and says so', async () => {
    await written();
    const last = path(names().at(-1) ?? '');
    const torn = sealLine(act('x'), CHAIN_START).line.slice(0, 40);
    appendFileSync(last, torn);
    expect(await codes()).toEqual(['torn']);
    const log = await opens();
    log.append(act('next@example.org'));
    await log.stop();
    expect(await codes()).toEqual([]);
    const found = [];
    for await (const { entry } of auditRecords(folder, { kind: 'recovered' })) found.push(entry.bytes);
    expect(found).toEqual([40]);
  });

  it('removes files for their age, and accounts for them', async () => {
    await written();
    const [oldest, second] = names();
    now += 40 * 86_400_000;
    const log = await opens();
    log.append(act('late@example.org'));
    await log.settled();
    expect(names()).not.toContain(oldest);
    expect(await codes()).toEqual([]);
    await log.stop();
    rmSync(path(names()[0] ?? ''));
    expect(await codes()).toEqual(['truncated']);
    expect(second).toBeDefined();
  });

  it('goes on after a full disk: what waits is written then, and nothing is there twice', async () => {
    let isFull = false;
    const disk: AuditDisk = {
      ...REAL_DISK,
      async open(file, size) {
        const real = await REAL_DISK.open(file, size);
        return {
          cut: (at) => real.cut(at),
          close: () => real.close(),
          async append(text) {
            if (!isFull) return real.append(text);
            appendFileSync(file, text.slice(0, 30));
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          },
        };
      },
    };
    const log = await opens({ disk, maxQueued: 3 });
    log.append(act('first@example.org'));
    expect(await log.settled()).toBeUndefined();
    isFull = true;
    log.append(act('second@example.org'));
    expect(await log.settled()).toMatch(/can't be written: ENOSPC/);
    expect(log.refusal).toMatch(/ENOSPC/);
    for (const i of [3, 4, 5, 6, 7]) log.append(act(`user${i}@example.org`));
    isFull = false;
    await expect.poll(() => log.refusal).toBeUndefined();
    await log.stop();
    expect(await codes()).toEqual([]);
    const found = [];
    for await (const { entry } of auditRecords(folder)) found.push(entry.who ?? entry.records ?? entry.kind);
    expect(found).toEqual([
      'first@example.org',
      3,
      'second@example.org',
      'user3@example.org',
      'user4@example.org',
      'checkpoint',
    ]);
  });

  it('notices at once that something else writes to its file, or takes it away', async () => {
    const log = await opens();
    log.append(act('first@example.org'));
    await log.settled();
    const [file = ''] = names();
    appendFileSync(path(file), `${sealLine(act('evil@example.org'), CHAIN_START).line}\n`);
    log.append(act('second@example.org'));
    expect(await log.settled()).toMatch(/something else/);
    await expect.poll(() => log.refusal).toBeUndefined();
    await log.settled();
    expect(await codes()).toContain('order');
    expect(await codes()).toContain('damaged');
    rmSync(path(names().at(-1) ?? ''));
    log.append(act('third@example.org'));
    expect(await log.settled()).toMatch(/taken away/);
    await expect.poll(() => log.refusal).toBeUndefined();
    const reasons = [];
    for await (const { entry } of auditRecords(folder, { kind: 'damaged' })) reasons.push(entry.reason);
    expect(reasons.join()).toMatch(/had reached record/);
  });

  it('says that it is shorter than a checkpoint known from elsewhere', async () => {
    const kept = await written();
    const last = kept.at(-1) as AuditRecord;
    for (const name of names()) rmSync(path(name));
    const log = await opens({}, { seq: last.seq, hash: last.hash });
    log.append(act('next@example.org'));
    await log.stop();
    expect(await codes(kept)).toContain('damaged');
    expect(await codes([last])).toContain('truncated');
  });

  it('shortens a record that is too long for a line', async () => {
    const log = await opens();
    log.append({ ...act('ana@example.org'), reason: 'x'.repeat(200_000) });
    await log.stop();
    expect(await codes()).toEqual([]);
    const [line = ''] = readFileSync(path(names()[0] ?? ''), 'utf8').split('\n');
    expect(parseLine(line).entry).toMatchObject({ who: 'ana@example.org', isShortened: true });
  });
});

describe('whoever has the files but not the key', () => {
  /** All bytes of a log, and how to write them back. */
  function snapshot() {
    const all = names().map((name) => [name, readFileSync(path(name))] as const);
    return {
      all,
      restore() {
        for (const name of readdirSync(folder)) rmSync(path(name));
        for (const [name, bytes] of all) writeFileSync(path(name), bytes);
      },
    };
  }

  it('can change no byte, insert, delete, exchange or cut off nothing', async () => {
    const kept = await written(8);
    const last = kept.slice(-1);
    const { all, restore } = snapshot();
    const lines = all.flatMap(([name, bytes]) =>
      bytes
        .toString()
        .trimEnd()
        .split('\n')
        .map((text) => ({ name, text })),
    );
    const write = (changed: readonly { readonly name: string; readonly text: string }[]) => {
      for (const [name] of all) {
        const own = changed.filter((line) => line.name === name).map(({ text }) => `${text}\n`);
        writeFileSync(path(name), own.join(''));
      }
    };
    const place = fc.nat(lines.length - 1);
    const mutation = fc.oneof(
      fc.record({
        kind: fc.constant('byte' as const),
        file: fc.nat(all.length - 1),
        at: fc.nat(),
        to: fc.integer({ min: 1, max: 255 }),
      }),
      fc.record({ kind: fc.constant('delete' as const), at: place }),
      fc.record({ kind: fc.constant('double' as const), at: place, to: place }),
      fc.record({ kind: fc.constant('swap' as const), at: place, to: place }),
      fc.record({ kind: fc.constant('forge' as const), at: place }),
      fc.record({ kind: fc.constant('truncate' as const), file: fc.nat(all.length - 1), at: fc.nat() }),
      fc.record({ kind: fc.constant('cut' as const), at: place }),
      fc.record({ kind: fc.constant('rewrite' as const), at: place }),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        restore();
        const changed = [...lines];
        switch (change.kind) {
          case 'byte': {
            const [name = '', bytes = Buffer.alloc(0)] = all[change.file] ?? [];
            const other = Buffer.from(bytes);
            const at = change.at % other.length;
            other[at] = (other[at] ?? 0) ^ change.to;
            writeFileSync(path(name), other);
            break;
          }
          case 'truncate': {
            const [name = '', bytes = Buffer.alloc(0)] = all[change.file] ?? [];
            writeFileSync(path(name), bytes.subarray(0, change.at % bytes.length));
            break;
          }
          case 'delete':
            changed.splice(change.at, 1);
            write(changed);
            break;
          case 'double':
            changed.splice(change.to, 0, changed[change.at] as (typeof lines)[number]);
            write(changed);
            break;
          case 'swap':
            fc.pre(change.at !== change.to);
            for (const [to, from] of [
              [change.at, change.to],
              [change.to, change.at],
            ] as const) {
              changed[to] = { name: lines[to]?.name ?? '', text: lines[from]?.text ?? '' };
            }
            write(changed);
            break;
          case 'forge': {
            const before = change.at === 0 ? CHAIN_START : parseLine(changed[change.at - 1]?.text ?? '');
            changed[change.at] = {
              name: changed[change.at]?.name ?? '',
              text: sealLine(act('evil@example.org'), before).line,
            };
            write(changed);
            break;
          }
          case 'cut':
            write(changed.slice(0, change.at));
            break;
          case 'rewrite': {
            // Everything from there on, with hashes that fit, and checkpoints signed with another key.
            const other = generateKeyPairSync('ed25519').privateKey;
            let before = change.at === 0 ? CHAIN_START : parseLine(changed[change.at - 1]?.text ?? '');
            for (let i = change.at; i < changed.length; i++) {
              const line = changed[i] as (typeof lines)[number];
              const { entry } = parseLine(line.text);
              const made: ReturnType<typeof sealLine> =
                entry.kind === 'checkpoint'
                  ? checkpointLine(other, entry.at, before)
                  : sealLine({ ...entry, who: 'evil@example.org' }, before);
              changed[i] = { name: line.name, text: made.line };
              before = { ...parseLine(made.line), seq: made.place.seq };
            }
            write(changed);
          }
        }
        expect((await verifyAudit(folder, PUBLIC, last)).problems).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
    restore();
    expect(await codes(kept)).toEqual([]);
  });

  it('is told the line, the reason, and the first of them', async () => {
    await written(5);
    const [name = ''] = names();
    const text = readFileSync(path(name), 'utf8');
    writeFileSync(path(name), text.replace('user1@', 'evil1@'));
    expect((await verifyAudit(folder, PUBLIC)).problems).toEqual([
      { code: 'edited', file: name, line: 2, reason: 'it was changed: its hash is not that of its content' },
      expect.objectContaining({ code: 'gap', line: 3, reason: 'record 2 is missing' }),
    ]);
    expect(statSync(path(name)).size).toBe(text.length);
  });

  it('can cut off whole records at the end only where nobody kept a checkpoint', async () => {
    const kept = await written(5);
    const last = names().at(-1) ?? '';
    const lines = readFileSync(path(last), 'utf8').trimEnd().split('\n');
    writeFileSync(path(last), `${lines.slice(0, -1).join('\n')}\n`);
    expect(await codes()).toEqual([]);
    expect(await codes(kept)).toEqual(['truncated']);
  });
});
