import { writeFileSync } from 'node:fs';
import {
  allDocuments,
  contentOctets,
  DOCUMENT_KINDS,
  type DocumentEntry,
  type DocumentReference,
  getDocument,
  putDocument,
  removeDocument,
} from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import type { Command } from 'commander';
import { ClientSession, parseNode } from '../client-session.ts';
import { readDocument } from '../document-file.ts';
import { CommandError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';

interface MetadataOptions extends OutputOptions {
  readonly profile?: string;
  readonly source?: string;
  readonly cacheType?: string;
}

interface DocumentOptions extends MetadataOptions {
  readonly kind: string;
  readonly name: string;
}

interface PutOptions extends DocumentOptions {
  readonly mediaType?: string;
  readonly previous?: string;
}

/** The verbs for what the service broker keeps about Things. @see docs/broker.md */
export function addMetadataCommand(things: Command): void {
  const command = things
    .command('metadata')
    .description('register maps, point lists, TEDS and other documents that the service broker keeps about Things');
  const verb = (usage: string, description: string) =>
    command
      .command(usage)
      .description(description)
      .option('--source <id>', 'data source of a Thing behind a concentrator')
      .option('--cache-type <type>', 'what else tells its node from others of the same name')
      .option('--profile <file>', 'who signs in where')
      .option('--json', 'as JSON');
  const document = (usage: string, description: string) =>
    verb(usage, description)
      .requiredOption('--kind <kind>', `${DOCUMENT_KINDS.join(', ')}, or one of your own`)
      .option('--name <name>', 'which of several of its kind', 'default');
  document('put <thing> <file>', 'create or replace a document about a Thing of yours')
    .option('--media-type <type>', 'by the end of the file’s name when not given')
    .option('--previous <digest>', 'only when this one is there now, or none')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward things metadata put plc@example.org registers.csv --kind register-map\n  thingward things metadata put "rtu@example.org#bay1" points.yaml --kind point-list --previous none',
    )
    .action(put);
  document('get <thing>', 'print a document')
    .option('-o, --output <file>', 'write it to a file in place of printing it')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward things metadata get plc@example.org --kind register-map > registers.csv\n  thingward things metadata get "ncap@example.org#tim1" --kind teds --name meta -o meta.teds',
    )
    .action(get);
  verb('list <thing>', 'what there is about a Thing')
    .option('--kind <kind>', 'of this kind only')
    .addHelpText('after', '\nExamples:\n  thingward things metadata list plc@example.org --json')
    .action(list);
  document('remove <thing>', 'remove a document about a Thing of yours')
    .option('--previous <digest>', 'only when this one is there now')
    .addHelpText('after', '\nExamples:\n  thingward things metadata remove plc@example.org --kind register-map')
    .action(remove);
}

async function put(text: string, file: string, options: PutOptions): Promise<void> {
  const reference = referenceOf(text, options);
  const { previous } = options;
  const document = { ...reference, ...readDocument(file, options.mediaType), ...(previous ? { previous } : {}) };
  await ClientSession.use(options.profile, async (session) => {
    const kept = await explained(putDocument(session.client, await session.broker(), document), text);
    if (options.json) printJson(entryJson(kept));
    else say(`${text}: ${kept.kind} ${kept.name} is there as version ${kept.version}`);
  });
}

async function get(text: string, options: DocumentOptions & { readonly output?: string }): Promise<void> {
  const reference = referenceOf(text, options);
  await ClientSession.use(options.profile, async (session) => {
    const { content, ...entry } = await explained(getDocument(session.client, await session.broker(), reference), text);
    const octets = contentOctets(content);
    if (options.output !== undefined) {
      try {
        writeFileSync(options.output, octets);
      } catch (error) {
        throw new CommandError(`${options.output}: ${(error as Error).message}`);
      }
      if (options.json) printJson(entryJson(entry));
    } else if (!options.json) process.stdout.write(octets);
    else {
      const given =
        content.form === 'octets'
          ? { octets: Buffer.from(octets).toString('base64') }
          : { text: new TextDecoder().decode(octets) };
      printJson({ ...entryJson(entry), ...given });
    }
  });
}

async function list(text: string, options: MetadataOptions & { readonly kind?: string }): Promise<void> {
  const { jid, node } = parseNode(text, options);
  await ClientSession.use(options.profile, async (session) => {
    const question = { thing: jid.bare, node, kind: options.kind };
    const entries = await explained(allDocuments(session.client, await session.broker(), question), text);
    if (options.json) for (const entry of entries) printJson(entryJson(entry));
    else {
      printTable(
        ['kind', 'name', '>version', '>octets', 'media type', 'put', 'by', 'digest'],
        entries.map(({ kind, name, version, size, mediaType, at, by, digest }) => [
          kind,
          name,
          String(version),
          String(size),
          mediaType,
          at.toISOString(),
          by.toString(),
          digest.slice(0, 12),
        ]),
      );
    }
  });
}

async function remove(text: string, options: DocumentOptions & { readonly previous?: string }): Promise<void> {
  const reference = referenceOf(text, options);
  const { previous } = options;
  await ClientSession.use(options.profile, async (session) => {
    const broker = await session.broker();
    await explained(removeDocument(session.client, broker, { ...reference, ...(previous ? { previous } : {}) }), text);
    const { kind, name, thing, node } = reference;
    if (options.json) printJson({ thing, node, kind, name, removed: true });
    else say(`${text}: ${kind} ${name} is removed`);
  });
}

function referenceOf(text: string, options: DocumentOptions): DocumentReference {
  const { jid, node } = parseNode(text, options);
  return { thing: jid.bare, node, kind: options.kind, name: options.name };
}

function entryJson({ thing, node, at, by, ...entry }: DocumentEntry): object {
  return { thing: thing.toString(), node, ...entry, at: at.toISOString(), by: by.toString() };
}

/** What the broker has against it, for people. */
async function explained<T>(promise: Promise<T>, thing: string): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    switch (error.condition) {
      case 'item-not-found':
        throw new CommandError(`${thing}: there is no such document, or it is not for you to know`);
      case 'forbidden':
        throw new CommandError(`${thing}: ${error.text ?? 'that is not for you to do'}`);
      default:
        throw new CommandError(`${thing}: ${error.text ?? error.message}`);
    }
  }
}
