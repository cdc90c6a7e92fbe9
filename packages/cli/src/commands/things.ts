import { dirname } from 'node:path';
import { gatewayLabels } from '@thingward/gateway';
import {
  claimThing,
  disownThing,
  type FoundThing,
  findInterface,
  getInterfaces,
  interfaceView,
  type MetaTag,
  MetaTagError,
  parseIoTDisco,
  removeThing,
  type SearchOperator,
  searchThings,
  sendTable,
  speaksNoInterfaces,
  tagName,
  updateThing,
} from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import { Command } from 'commander';
import { ClientSession, parseNode, parseThing } from '../client-session.ts';
import { parseTag } from '../enrolment/device-list.ts';
import { CommandError, UsageError } from '../errors.ts';
import { loadGatewayConfig } from '../gateway-config.ts';
import { type OutputOptions, printJson, printTable, say, thingText } from '../output.ts';
import { qrSvg, qrText } from '../qr-code.ts';
import { sentTable } from '../sent-table.ts';
import { explainRefusal } from './read.ts';
import { addAccessVerbs } from './things-access.ts';
import { addMetadataCommand } from './things-metadata.ts';

interface ThingsOptions extends OutputOptions {
  readonly profile?: string;
}

interface GiveUpOptions extends ThingsOptions {
  readonly source?: string;
  readonly cacheType?: string;
}

export function thingsCommand(): Command {
  const command = new Command('things').description(
    'find, claim and give up Things, and decide who may do what with them',
  );
  const verb = (usage: string, description: string) =>
    command
      .command(usage)
      .description(description)
      .option('--profile <file>', 'who signs in where')
      .option('--json', 'as JSON');

  verb('search [conditions...]', 'find public Things by their tags')
    .option('--max <n>', 'at most so many', '50')
    .option('--send <jid>', 'send what is found to somebody as a table in chat messages, in place of printing it')
    .addHelpText(
      'after',
      '\nConditions: TAG=value, TAG!=value, TAG>number, TAG<number, TAG>=number, TAG<=number; * stands for any characters.\n\nExamples:\n  thingward things search MAN=example.org "MODEL=IMC*"\n  thingward things search "LAT>=-34" "LAT<=-33"\n  thingward things search CLASS=PLC --send operator@example.org',
    )
    .action(search);
  verb('claim <text>', 'become the owner of a Thing by the text of its QR code')
    .option('--private', 'keep it out of searches')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward things claim "IoTDisco;SN:394872348732948723;MAN:example.org;#V:1.2;KEY:4857402340298342"',
    )
    .action(claim);
  for (const [usage, what, description] of [
    ['disown <thing>', 'disowned', 'give up a Thing: it is to be claimed again'],
    ['remove <thing>', 'removed', 'take a Thing of yours out of searches'],
  ] as const) {
    verb(usage, description)
      .option('--source <id>', 'data source of a Thing behind a concentrator')
      .option('--cache-type <type>', 'what else tells its node from others of the same name')
      .addHelpText(
        'after',
        `\nExamples:\n  thingward things ${what === 'disowned' ? 'disown' : 'remove'} "rack@example.org#imc1" --source MeteringTopology`,
      )
      .action((thing: string, options: GiveUpOptions) => giveUp(what, thing, options));
  }
  verb('befriend <thing>', 'ask a Thing of somebody else’s to be its friend: its owner may have to decide first')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward things befriend pump17@example.org   # again, once its owner has allowed it',
    )
    .action(befriend);
  verb('update <thing> <tags...>', 'change tags of a Thing of yours, by which it is found')
    .option('--source <id>', 'data source of a Thing behind a concentrator')
    .option('--cache-type <type>', 'what else tells its node from others of the same name')
    .addHelpText(
      'after',
      '\nTAG=value sets a tag, #TAG=value one that is a number, TAG= takes it away; the others stay as they are.\n\nExamples:\n  thingward things update pump17@example.org ROOM=Cellar "#LAT=59.33"\n  thingward things update pump17@example.org ROOM=',
    )
    .action(update);
  verb('interfaces <thing>', 'what a Thing promises to have, and what that means')
    .addHelpText('after', '\nExamples:\n  thingward things interfaces lamp@example.org')
    .action(showInterfaces);
  addAccessVerbs(verb);
  addMetadataCommand(command);
  command
    .command('qr [name]')
    .description('show the labels of the Things of a gateway: QR codes with which they are claimed')
    .option('-g, --gateway <file>', 'configuration file of the gateway')
    .option('--svg', 'as an SVG picture')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward things qr --gateway gateway.yaml\n  thingward things qr "Pump meter" --svg > label.svg',
    )
    .action(showLabels);
  return command;
}

async function showInterfaces(thing: string, options: ThingsOptions): Promise<void> {
  const address = parseThing(thing);
  await ClientSession.use(options.profile, async (session) => {
    const to = await session.locate(address);
    let names: readonly string[];
    try {
      names = await getInterfaces(session.client, to, { node: address.node });
    } catch (error) {
      if (speaksNoInterfaces(error)) throw new CommandError(`${thing} does not say what interfaces it has`);
      throw explainRefusal(error, thing);
    }
    if (options.json) printJson(names.map((name) => ({ name, ...findInterface(name), view: interfaceView(name) })));
    else printTable(['interface', 'fields', 'control parameters'], names.map(interfaceRow));
  });
}

function interfaceRow(name: string): readonly string[] {
  const defined = findInterface(name);
  if (!defined) return [name, 'not one of ours', ''];
  const list = (items: readonly { readonly name: string; readonly isRequired: boolean }[]) =>
    items.map((item) => (item.isRequired ? item.name : `(${item.name})`)).join('; ');
  return [name, list(defined.fields), list(defined.parameters)];
}

/** Longer than a Thing waits for its provisioning server. */
const FRIENDSHIP_TIMEOUT_MS = 12_000;

const FOUND_HEADINGS = ['thing', 'owner', 'tags'];

interface SearchOptions extends ThingsOptions {
  readonly max: string;
  readonly send?: string;
}

async function search(conditions: string[], options: SearchOptions): Promise<void> {
  const wanted = Number(options.max);
  if (!(Number.isInteger(wanted) && wanted > 0))
    throw new UsageError(`--max needs a whole number, got "${options.max}"`);
  // A search has at least one condition (XEP-0347 §3.15): every Thing with a name fulfils this one.
  const operators = conditions.length > 0 ? conditions.map(parseCondition) : [parseCondition('NAME=*')];
  const receiver = options.send === undefined ? undefined : parseThing(options.send).jid;
  await ClientSession.use(options.profile, async (session) => {
    const registry = await session.registry();
    const found: FoundThing[] = [];
    let more = true;
    while (more && found.length < wanted) {
      const range = { offset: found.length, maxCount: wanted - found.length };
      const page = await searchThings(session.client, registry, operators, range);
      found.push(...page.things);
      more = page.more && page.things.length > 0;
    }
    const rows = found.map(({ jid, node, owner, tags }) => [
      thingText(jid.toString(), node),
      String(owner ?? ''),
      tags.map(tagText).join(' '),
    ]);
    if (receiver) sendTable(session.client, receiver, sentTable(FOUND_HEADINGS, rows));
    else if (options.json) for (const thing of found) printJson(thing);
    else {
      printTable(FOUND_HEADINGS, rows);
      if (more) say('There are more: use --max.');
    }
  });
}

async function claim(text: string, options: ThingsOptions & { readonly private?: boolean }): Promise<void> {
  const tags = parseIoTDisco(text);
  await ClientSession.use(options.profile, async (session) => {
    const registry = await session.registry();
    const claimed = await claimThing(session.client, registry, tags, { public: !options.private }).catch(
      (error: unknown) => {
        throw (error as { condition?: string }).condition === 'item-not-found'
          ? new CommandError('there is no Thing with exactly these tags, or somebody else has claimed it')
          : error;
      },
    );
    const name = tags.find((tag) => tag.name === 'NAME');
    if (name && !claimed.node) await session.roster.rename(claimed.jid, String(name.value));
    session.roster.subscribe(claimed.jid);
    // Its presence shows that it has taken its new owner up.
    const online = await session.roster.waitForResource(claimed.jid, { timeoutMs: 5000 }).catch(() => undefined);
    const thing = thingText(claimed.jid.bare.toString(), claimed.node);
    if (options.json) printJson({ thing: claimed.jid.bare, node: claimed.node, online: online !== undefined });
    else say(`${thing} is yours${online ? '' : '; it is offline now'}`);
  });
}

/** @see RFC 6121 §3.1, XEP-0324 §3.2 */
async function befriend(text: string, options: ThingsOptions): Promise<void> {
  const { jid } = parseThing(text);
  await ClientSession.use(options.profile, async (session) => {
    session.roster.subscribe(jid.bare);
    try {
      await session.roster.waitForResource(jid.bare, { timeoutMs: FRIENDSHIP_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      throw new CommandError(
        `${jid.bare} is not to be seen: it is offline, or its owner has to allow it first (${error.text ?? error.message})`,
      );
    }
    if (options.json) printJson({ thing: jid.bare, online: true });
    else say(`${jid.bare} lets you see it`);
  });
}

async function update(text: string, tags: string[], options: GiveUpOptions): Promise<void> {
  const { jid, node } = parseNode(text, options);
  const changed = tags.map(parseChange);
  await ClientSession.use(options.profile, async (session) => {
    const registry = await session.registry();
    let outcome: { readonly disowned: boolean };
    try {
      outcome = await updateThing(session.client, registry, changed, { jid: jid.bare, node });
    } catch (error) {
      throw explainRefusal(error, text);
    }
    if (outcome.disowned) throw new CommandError(`${text}: has no owner: nothing was changed`);
    if (options.json) printJson({ thing: jid.bare, node, tags: changed });
    else say(`${text}: updated`);
  });
}

/** As {@link parseTag}, but a tag may be taken away. @throws UsageError */
function parseChange(text: string): MetaTag {
  const gone = /^#?([^=]+)=$/.exec(text);
  try {
    return gone ? { name: tagName(gone[1] ?? ''), type: 'str', value: '' } : parseTag(text);
  } catch (error) {
    if (error instanceof MetaTagError) throw new UsageError(`${text}: ${error.message}`);
    throw error;
  }
}

/** A Thing, and the rest of its node's reference. @throws UsageError */
async function giveUp(what: 'disowned' | 'removed', text: string, options: GiveUpOptions): Promise<void> {
  const { jid, node } = parseNode(text, options);
  await ClientSession.use(options.profile, async (session) => {
    const registry = await session.registry();
    const act = what === 'disowned' ? disownThing : removeThing;
    try {
      await act(session.client, registry, jid.bare, node);
    } catch (error) {
      throw explainRefusal(error, text);
    }
    if (options.json) printJson({ thing: jid.bare, node, [what]: true });
    else say(`${text}: ${what}`);
  });
}

function showLabels(name: string | undefined, options: { gateway?: string; svg?: boolean; json?: boolean }): void {
  const { file, config } = loadGatewayConfig(options.gateway);
  const all = gatewayLabels(config, dirname(file));
  const labels = name === undefined ? all : all.filter((label) => label.name === name || label.jid === name);
  if (labels.length === 0) {
    throw new CommandError(
      `${file} has no Thing "${name}" (it has: ${all.map((label) => `"${label.name}"`).join(', ')})`,
    );
  }
  for (const label of labels) {
    if (options.json) printJson(label);
    else if (options.svg) process.stdout.write(`${qrSvg(label.uri)}\n`);
    else
      process.stdout.write(
        `${label.name}  ${thingText(label.jid, label.node)}\n${qrText(label.uri)}\n${label.uri}\n\n`,
      );
  }
}

function tagText({ name, value }: MetaTag): string {
  return `${name}=${value}`;
}

const COMPARISONS = { '=': 'Eq', '!=': 'NEq', '>': 'Gt', '>=': 'GtEq', '<': 'Lt', '<=': 'LtEq' } as const;

/** @throws UsageError */
export function parseCondition(text: string): SearchOperator {
  const match = /^([^:#;\s=<>!]+)(!=|>=|<=|=|>|<)(.*)$/s.exec(text);
  if (!match) throw new UsageError(`"${text}" is no condition: write TAG=value, TAG>=number or the like`);
  const [, name = '', sign = '=', value = ''] = match;
  const comparison = COMPARISONS[sign as keyof typeof COMPARISONS];
  if (sign === '=' && value.includes('*')) return { operator: 'strMask', name, value, wildcard: '*' };
  const number = Number(value);
  const isNumber = value.trim() !== '' && Number.isFinite(number);
  return isNumber
    ? { operator: `num${comparison}`, name, value: number }
    : { operator: `str${comparison}`, name, value };
}
