import { readFileSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { ThingLabel } from '@thingward/gateway';
import {
  AccountError,
  Accounts,
  DeviceAuthority,
  Devices,
  type EnrolledDevice,
  openServerDatabase,
  type ServerConfig,
  serverTls,
} from '@thingward/server';
import { MetaTagError } from '@thingward/things';
import { Command } from 'commander';
import { leaveAct } from '../audited-act.ts';
import type { DeviceCredentials } from '../enrolment/credentials-file.ts';
import { type ListedDevice, parseDeviceList, parseTag } from '../enrolment/device-list.ts';
import { enrol } from '../enrolment/enrolment.ts';
import { hasNodes, readGatewayTemplate, writeGateway } from '../enrolment/gateway-files.ts';
import { type LabelGrid, parseGrid } from '../enrolment/label-sheet.ts';
import { claimLabel, setUpLabel, writeSheets } from '../enrolment/sheets.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';
import { SERVICES } from '../services.ts';
import { loadServerConfig } from './serve.ts';

interface DeviceOptions extends OutputOptions {
  readonly config?: string;
  readonly batch?: string;
  readonly csv?: string;
}

interface EnrolOptions extends DeviceOptions {
  readonly out: string;
  readonly certificates?: boolean;
  readonly days: string;
  readonly tag?: readonly string[];
  readonly batchSize: string;
  readonly renew?: boolean;
  readonly sheets: boolean;
  readonly setUpSheets?: boolean;
  readonly grid: string;
  readonly gateway?: string;
}

export function deviceCommand(): Command {
  const command = new Command('device').description('devices of a factory or a plant: many accounts from a list');
  const verb = (usage: string, description: string) =>
    command
      .command(usage)
      .description(description)
      .option('-c, --config <file>', 'configuration file of the server')
      .option('--json', 'one JSON object per device');
  verb('enrol [names...]', 'make accounts for devices, with credentials and labels to print')
    .option('--csv <file>', 'the list of devices; its columns are in docs/enrolment.md')
    .option('--out <directory>', 'where credentials, certificates and sheets are written', 'enrolment')
    .option('--batch <name>', 'what the list is called; the name of its file when left out')
    .option('--certificates', 'devices sign in with client certificates of this server’s device authority')
    .option('--days <number>', 'how long certificates are valid', '3650')
    .option('--tag <NAME=value...>', 'tags that all devices of the list have')
    .option(
      '--gateway <template>',
      'a gateway’s configuration without accounts: each device gets its own, to be copied onto it',
    )
    .option('--renew', 'give devices that are there new credentials; the former are refused from then on')
    .option('--batch-size <number>', 'devices that are made at once, all of them or none', '500')
    .option('--no-sheets', 'no sheets of labels')
    .option('--set-up-sheets', 'sheets with secret codes, too, for who installs devices that sign in with passwords')
    .option('--grid <columns x rows>', 'labels on a page of A4', '3x8')
    .addHelpText(
      'after',
      '\nThe list may be enrolled again after an interruption: devices that are there are left alone.\n' +
        '\nExamples:\n  thingward device enrol pump1 pump2\n  thingward device enrol --csv pumps.csv --out pumps\n' +
        '  thingward device enrol --csv pumps.csv --certificates --tag MAN=example.org --tag MODEL=P1\n' +
        '  thingward device enrol --csv pumps.csv --certificates --gateway pump.yaml   # nothing is to be typed on the device',
    )
    .action(enrolDevices);
  verb('list', 'list devices')
    .option('--batch <name>', 'of one list alone')
    .action((options: DeviceOptions) => withDevices(options, (devices) => list(devices, options)));
  verb('revoke [names...]', 'let devices sign in no more: credentials are refused, sessions end')
    .option('--batch <name>', 'all devices of a list')
    .option('--csv <file>', 'the devices of a file, which needs the column "name" alone')
    .option('--remove', 'remove the accounts with all they have, rather than disable them')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward device revoke pump1\n  thingward device revoke --batch pumps --remove',
    )
    .action(revoke);
  return command;
}

async function enrolDevices(names: string[], options: EnrolOptions): Promise<void> {
  const days = wholeNumber(options.days, '--days', 36_500);
  const batchSize = wholeNumber(options.batchSize, '--batch-size', 10_000);
  const grid = parseGrid(options.grid);
  if (options.setUpSheets && options.certificates) {
    throw new UsageError('--set-up-sheets are for passwords: a certificate with its key is no code one can scan');
  }
  const common = (options.tag ?? []).map((text) => {
    try {
      return parseTag(text);
    } catch (error) {
      if (error instanceof MetaTagError) throw new UsageError(`--tag ${text}: ${error.message}`);
      throw error;
    }
  });
  await withDevices(options, async (devices, accounts, config) => {
    const { text, file } = listText(names, options);
    const { fingerprint } = await serverTls(config);
    const template =
      options.gateway === undefined
        ? undefined
        : readGatewayTemplate(options.gateway, { domain: config.domain, fingerprint });
    const listed = parseDeviceList(text, file, (name) => accounts.localpart(name), common);
    const parsed = template ? listed.map(named) : listed;
    await refuseAccounts(parsed, file, devices, config.domain);
    const authority = options.certificates ? await DeviceAuthority.open(config.dataDir, config.domain) : undefined;
    const batch =
      options.batch ?? (options.csv === undefined ? 'devices' : basename(options.csv, extname(options.csv)));
    const { enrolled, skipped } = await enrol(parsed, {
      ...{ devices, authority, batch, batchSize },
      domain: config.domain,
      directory: options.out,
      validDays: days,
      renews: options.renew ?? false,
      onProgress: (done, all) => {
        if (all > batchSize) say(`${done} of ${all} devices`);
      },
    });
    if (enrolled.length > 0) {
      leaveAct(
        config,
        'device enrol',
        enrolled.map(({ jid }) => jid),
      );
    }
    const server = { domain: config.domain, fingerprint, doors: doorsOf(config) };
    writeFileSync(join(options.out, 'server.json'), `${JSON.stringify(server, undefined, 2)}\n`);
    const shown = [...enrolled, ...skipped.flatMap(({ credentials }) => (credentials ? [credentials] : []))];
    const labels = new Map(
      shown.map((device) => [
        device.jid,
        template ? writeGateway(options.out, template, device, server) : [labelOf(device)],
      ]),
    );
    if (template) say(`${join(options.out, 'gateways')}: what is copied onto each device`);
    if (options.sheets) writeAllSheets(shown, [...labels.values()].flat(), options, grid, fingerprint);
    if (options.json) {
      for (const device of enrolled) {
        const nodes = template && hasNodes(template) ? { labels: labels.get(device.jid) } : {};
        printJson({ ...device, ...nodes, state: 'enrolled' });
      }
      for (const { jid } of skipped) printJson({ jid, state: 'was enrolled before' });
    }
    tellOutcome(enrolled, skipped, options);
  });
}

const labelOf = ({ jid, label, claim }: DeviceCredentials): ThingLabel => ({ name: label, jid, uri: claim });

/** A Thing of a gateway has a NAME, by which it is found; its label is to have it, too. */
function named(device: ListedDevice): ListedDevice {
  const { label, tags } = device;
  if (tags.some(({ name }) => name === 'NAME')) return device;
  return { ...device, tags: [{ name: 'NAME', type: 'str', value: label }, ...tags] };
}

function writeAllSheets(
  shown: readonly DeviceCredentials[],
  labels: readonly ThingLabel[],
  { out, setUpSheets }: EnrolOptions,
  grid: LabelGrid,
  fingerprint: string,
): void {
  const pages = writeSheets(out, 'labels', labels.map(claimLabel), grid);
  say(`${join(out, 'labels')}: ${pages} ${pages === 1 ? 'page' : 'pages'} of labels`);
  if (!setUpSheets) return;
  const secret = shown.filter(({ password }) => password !== undefined);
  writeSheets(
    out,
    'set-up',
    secret.map((device) => setUpLabel(device, fingerprint)),
    grid,
  );
  say(`${join(out, 'set-up')}: set-up codes, which are as secret as the passwords in them`);
}

function tellOutcome(
  enrolled: readonly unknown[],
  skipped: readonly { readonly credentials?: unknown }[],
  { out, csv }: EnrolOptions,
): void {
  say(`${enrolled.length} enrolled, ${skipped.length} there before; credentials: ${join(out, 'credentials.csv')}`);
  const elsewhere = skipped.filter(({ credentials }) => credentials === undefined).length;
  if (elsewhere > 0) {
    say(
      `of ${elsewhere} that were there before the credentials are not in ${out}: they are where they were enrolled to,`,
    );
    say(`or give them new ones: --renew${csv === undefined ? '' : ` --csv ${csv}`}`);
  }
}

/** Names of the command line are a list, too. */
function listText(names: readonly string[], { csv }: DeviceOptions): { readonly text: string; readonly file: string } {
  if ((csv === undefined) === (names.length === 0)) throw new UsageError('give names of devices, or --csv FILE');
  if (csv === undefined) return { text: ['name', ...names].join('\n'), file: 'names' };
  try {
    return { text: readFileSync(csv, 'utf8'), file: csv };
  } catch (error) {
    throw new CommandError(`can't read ${csv}: ${(error as Error).message}`);
  }
}

/** Nobody's account becomes a device because a list has its name. @throws CommandError */
async function refuseAccounts(
  listed: readonly ListedDevice[],
  file: string,
  devices: Devices,
  domain: string,
): Promise<void> {
  const known = await devices.known(listed.map(({ localpart }) => localpart));
  const problems = listed
    .filter(({ localpart }) => known.get(localpart) === 'account')
    .map(({ line, localpart }) => `${file}:${line}: ${localpart}@${domain} is an account, but no device`);
  if (problems.length > 0) throw new CommandError(`${problems.join('\n')}\nno device was enrolled`);
}

async function list(devices: Devices, { batch, json }: DeviceOptions): Promise<void> {
  const all = await devices.list({ batch });
  if (json) {
    for (const device of all) printJson(device);
    return;
  }
  printTable(
    ['device', 'label', 'batch', 'enrolled', 'signs in with', 'last login', 'state'],
    all.map((device) => [
      ...[device.jid, device.label, device.batch, device.enrolledAt.toISOString(), meansOf(device)],
      ...[device.lastLoginAt?.toISOString() ?? '', device.disabledAt ? 'revoked' : ''],
    ]),
  );
}

function meansOf({ hasPassword, certificateExpiresAt }: EnrolledDevice): string {
  const certificate = certificateExpiresAt && `certificate until ${certificateExpiresAt.toISOString().slice(0, 10)}`;
  return [...(hasPassword ? ['password'] : []), ...(certificate ? [certificate] : [])].join(', ') || 'nothing';
}

async function revoke(names: string[], options: DeviceOptions & { readonly remove?: boolean }): Promise<void> {
  const sources = [names.length > 0, options.batch !== undefined, options.csv !== undefined].filter(Boolean);
  if (sources.length !== 1) throw new UsageError('give names of devices, --batch NAME or --csv FILE');
  await withDevices(options, async (devices, _accounts, config) => {
    const localparts =
      options.batch === undefined
        ? revoked(names, options, devices)
        : (await devices.list({ batch: options.batch })).map(({ jid }) => devices.localpart(jid));
    if (localparts.length === 0) throw new CommandError(`there is no device of the batch "${options.batch}"`);
    await devices.revoke(localparts, options.remove);
    leaveAct(
      config,
      options.remove ? 'device revoke --remove' : 'device revoke',
      localparts.map((localpart) => `${localpart}@${config.domain}`),
    );
    if (options.json) for (const localpart of localparts) printJson({ device: localpart, revoked: true });
    const what = options.remove ? 'removed' : 'disabled';
    say(
      `${localparts.length} revoked: accounts ${what}, certificates and tokens refused, sessions end within a second`,
    );
  });
}

function revoked(names: readonly string[], options: DeviceOptions, devices: Devices): readonly string[] {
  const { text, file } = listText(names, options);
  const localpart = (name: string) => {
    try {
      return devices.localpart(name);
    } catch (error) {
      if (error instanceof AccountError) return undefined;
      throw error;
    }
  };
  return parseDeviceList(text, file, localpart, [], 'revoked').map((device) => device.localpart);
}

/** Works on the devices of a server, whether it runs or not. */
async function withDevices(
  { config: file }: DeviceOptions,
  work: (devices: Devices, accounts: Accounts, config: ServerConfig) => Promise<void>,
): Promise<void> {
  const config = loadServerConfig(file);
  const database = await openServerDatabase(config, SERVICES);
  try {
    const accounts = new Accounts(database.query, config.domain);
    await work(new Devices(database.query, accounts, config.domain), accounts, config);
  } finally {
    await database.close();
  }
}

/** Ports that devices can connect to; at which address they find out. */
function doorsOf({ listen }: ServerConfig): readonly { readonly tls: string; readonly port: number }[] {
  return [
    ...(listen.c2sTls ? [{ tls: 'direct', port: listen.c2sTls.port }] : []),
    ...(listen.c2s ? [{ tls: 'starttls', port: listen.c2s.port }] : []),
  ];
}

function wholeNumber(text: string, option: string, most: number): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text);
  throw new UsageError(`${option} expects a whole number from 1 to ${most}, got "${text}"`);
}
