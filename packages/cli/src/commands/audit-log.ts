import { existsSync, readFileSync } from 'node:fs';
import {
  type AuditRecord,
  AuditSpool,
  auditFiles,
  auditRecords,
  keyId,
  loadPseudonyms,
  parseCheckpoint,
  readPublicKey,
  verifyAudit,
} from '@thingward/guard';
import type { Command } from 'commander';
import { type AuditPlaceOptions, auditPlace, shownFile } from '../audit-place.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { parseTime } from '../time-text.ts';

interface VerifyOptions extends OutputOptions, AuditPlaceOptions {
  readonly since?: string;
}

interface ExportOptions extends OutputOptions, AuditPlaceOptions {
  readonly from?: string;
  readonly to?: string;
  readonly principal?: string;
  readonly thing?: string;
  readonly action?: string;
  readonly effect?: string;
  readonly kind?: string;
}

/** What is done with the audit log of a guard: its files, whether the server runs or not. */
export function addAuditLog(command: Command): void {
  const verb = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'configuration of the server whose log it is')
      .option('--gateway <file>', 'configuration of the gateway whose log it is')
      .option('--folder <directory>', 'the log itself, wherever it was copied to')
      .option('--public-key <file>', 'the key of its checkpoints; the one beside the log when not given');
  verb('verify', 'find any edit, gap, exchange or cut in the audit log')
    .option('--since <file>', 'a checkpoint that was kept elsewhere: the log must still have it')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward audit verify\n  thingward audit verify --public-key /media/safe/audit.pem --since /media/safe/monday.checkpoint',
    )
    .action(verify);
  verb('checkpoint', 'print the last checkpoint, to be kept elsewhere')
    .addHelpText('after', '\nExamples:\n  thingward audit checkpoint > /media/safe/monday.checkpoint')
    .action(printCheckpoint);
  verb('key', 'print the public key of the checkpoints, to be kept elsewhere')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  thingward audit key > /media/safe/audit.pem')
    .action((options: OutputOptions & AuditPlaceOptions) => printKey(options));
  verb('export', 'print records, one JSON object on a line')
    .option('--from <time>', 'an ISO date and time, or how long ago: 90s, 15m, 2h, 7d')
    .option('--to <time>', 'before this time')
    .option('--principal <jid>', 'who wanted it')
    .option('--thing <id>', 'what it was about: jid, or jid#node')
    .option('--action <name>', 'such as set, write, or the node of a command')
    .option('--effect <name>', 'permit, deny, limit, quarantine, await-approval; done, failed, refused')
    .option('--kind <name>', 'decision, administration, policies, checkpoint, ...')
    .option('--json', 'as it always is')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward audit export --from 7d --effect deny --json\n  thingward audit export --principal ana@example.org --thing plc@example.org --action set',
    )
    .action(exportRecords);
}

async function verify(options: VerifyOptions): Promise<void> {
  const place = auditPlace(options);
  const { folder } = place;
  if (auditFiles(folder).length === 0) throw new CommandError(`there is no audit log in ${folder}`);
  const key = readPublicKey(place.publicKey);
  const kept = [await place.kept(), options.since === undefined ? undefined : readCheckpoint(options.since, key)];
  const result = await verifyAudit(
    folder,
    key,
    kept.filter((record) => record !== undefined),
  );
  const { problems, hasMoreProblems, files, records, first, checkpoint, unsigned } = result;
  const pending = new AuditSpool(folder).size;
  if (options.json) {
    printJson({
      folder,
      key: keyId(key),
      isIntact: problems.length === 0,
      files,
      records,
      unsigned,
      pending,
      problems,
      hasMoreProblems,
    });
  } else {
    for (const { file, line, code, reason } of problems) {
      process.stdout.write(`${shownFile(folder, file, line)}: ${code}: ${reason}\n`);
    }
    if (hasMoreProblems) process.stdout.write('there are more\n');
    say(`${records} records in ${files} ${files === 1 ? 'file' : 'files'}, the first of ${first?.entry.at ?? 'never'}`);
    const signed = checkpoint
      ? `checkpoint ${checkpoint.seq} of ${checkpoint.entry.at} vouches for all before it`
      : 'there is no checkpoint';
    say(`${signed}; ${unsigned} after it are not signed yet`);
    if (pending > 0) say(`${pending} acts of the command line wait for the server to take them into the log`);
  }
  if (problems.length > 0) throw new CommandError(`the audit log in ${folder} is not as it was written`);
  if (options.json) return;
  process.stdout.write('nothing is wrong\n');
  if (kept.every((record) => record === undefined)) {
    say(
      'no checkpoint from elsewhere was compared: whole records cut off at the end would not be missed (--since FILE)',
    );
  }
}

function readCheckpoint(file: string, key: ReturnType<typeof readPublicKey>): AuditRecord {
  try {
    return parseCheckpoint(readFileSync(file, 'utf8'), key);
  } catch (error) {
    throw new CommandError(`${file} is no checkpoint of this log: ${(error as Error).message}`, { cause: error });
  }
}

async function printCheckpoint(options: AuditPlaceOptions): Promise<void> {
  const { folder, publicKey } = auditPlace(options);
  const key = readPublicKey(publicKey);
  let last: AuditRecord | undefined;
  for await (const record of auditRecords(folder, { kind: 'checkpoint' })) last = record;
  if (!last)
    throw new CommandError(
      `there is no checkpoint in ${folder} yet: the server makes one when it has recorded something`,
    );
  const { line } = last;
  parseCheckpoint(line, key);
  process.stdout.write(`${line}\n`);
}

function printKey({ json, ...options }: OutputOptions & AuditPlaceOptions): void {
  const key = readPublicKey(auditPlace(options).publicKey);
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  if (json) printJson({ id: keyId(key), pem });
  else process.stdout.write(pem);
}

async function exportRecords(options: ExportOptions): Promise<void> {
  const { folder, pseudonymKey } = auditPlace(options);
  const { from, to, principal, thing, action, effect, kind } = options;
  if (principal !== undefined && !principal.includes('@') && !/^(p-|system:)/.test(principal)) {
    throw new UsageError(`--principal needs an address such as ana@example.org, got "${principal}"`);
  }
  const given = { thing, action, effect, kind, from: time('--from', from), to: time('--to', to) };
  // Whoever has the key finds people under their addresses, too.
  const pseudonym =
    principal !== undefined && pseudonymKey !== undefined && existsSync(pseudonymKey)
      ? loadPseudonyms(pseudonymKey)(principal)
      : undefined;
  for await (const { seq, entry } of auditRecords(folder, given)) {
    const isWanted = entry.who === principal || (pseudonym !== undefined && entry.who === pseudonym);
    if (principal !== undefined && !isWanted) continue;
    printJson({ seq, ...entry });
  }
}

function time(option: string, text: string | undefined): Date | undefined {
  return text === undefined ? undefined : parseTime(option, text);
}
