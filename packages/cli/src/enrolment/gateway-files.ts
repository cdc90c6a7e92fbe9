import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayConfigSchema, gatewayLabels, type ThingLabel } from '@thingward/gateway';
import { isMap, parseDocument, stringify } from 'yaml';
import type { z } from 'zod';
import { CommandError } from '../errors.ts';
import type { DeviceCredentials } from './credentials-file.ts';
import { fileNameOf } from './file-name.ts';

type Section = Readonly<Record<string, unknown>>;

/** A gateway's configuration but for what is each device's own. */
export interface GatewayTemplate {
  readonly file: string;
  readonly common: Section;
  readonly things: readonly Section[];
}

/** The server as devices are to know it. */
export interface KnownServer {
  readonly domain: string;
  readonly fingerprint: string;
}

const FILES = { certificate: 'device.crt', key: 'device.key', password: 'device.password' } as const;

/**
 * Reads a template, and tries whether what becomes of it can be used.
 * @throws CommandError saying all that is wrong with it
 */
export function readGatewayTemplate(file: string, server: KnownServer): GatewayTemplate {
  const template = parseTemplate(file);
  const { things } = template;
  const problems = [
    ...things.flatMap((thing, index) => problemsOf(thing).map((problem) => `things[${index}].${problem}`)),
    ...schemaProblems(filled(template, EXAMPLE(server), server)),
  ];
  if (problems.length > 0) {
    throw new CommandError(`${problems.map((problem) => `${file}: ${problem}`).join('\n')}\nno device was enrolled`);
  }
  return template;
}

/** Has it Things behind the account, each of which is claimed by itself? */
export function hasNodes({ things }: GatewayTemplate): boolean {
  return things.some(hasNode);
}

/**
 * Writes what is copied onto a device: its configuration, and what it signs in with.
 * @param directory with the credentials
 * @returns the labels of its Things
 * @throws CommandError
 */
export function writeGateway(
  directory: string,
  template: GatewayTemplate,
  device: DeviceCredentials,
  server: KnownServer,
): readonly ThingLabel[] {
  const folder = join(directory, 'gateways', fileNameOf(device.jid.slice(0, device.jid.lastIndexOf('@'))));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = filled(template, device, server);
  const secret = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  if (device.certificate !== undefined && device.key !== undefined) {
    copyFileSync(join(directory, device.certificate), join(folder, FILES.certificate));
    copyFileSync(join(directory, device.key), join(folder, FILES.key));
  } else secret(FILES.password, `${device.password}\n`);
  if (!hasNodes(template)) {
    secret('gateway.yaml', stringify(config));
    return [{ name: device.label, jid: device.jid, uri: device.claim }];
  }
  // A device that is set back to what it was when it was made has the KEYs that are on its labels all the same.
  const labels = gatewayLabels(gatewayConfigSchema.parse(config), folder);
  const things = config.things.map(({ tags: _printed, ...thing }, index) => ({ ...thing, claim: labels[index]?.uri }));
  secret('gateway.yaml', stringify({ ...config, things }));
  return labels;
}

function parseTemplate(file: string): GatewayTemplate {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`can't read ${file}: ${(error as Error).message}`);
  }
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake) throw new CommandError(`${file}: ${mistake.message}`);
  const { things, ...common } = (isMap(document.contents) ? document.toJS() : {}) as Section;
  if (!Array.isArray(things) || things.length === 0 || !things.every(isSection)) {
    throw new CommandError(`${file}: it needs "things", as a gateway's configuration has them`);
  }
  return { file, common, things };
}

const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasNode = ({ node }: Section) => node !== undefined;

/** What is wrong before anything is filled in. */
function problemsOf(thing: Section): readonly string[] {
  return [
    ...('account' in thing ? ['account: is each device’s own, and filled in'] : []),
    ...(!hasNode(thing) && ('tags' in thing || 'claim' in thing)
      ? ['tags: come from the list of devices, for a Thing that is no node']
      : []),
  ];
}

function filled(
  { common, things }: GatewayTemplate,
  device: DeviceCredentials,
  server: KnownServer,
): Section & { readonly things: readonly Section[] } {
  const { jid, label, claim, certificate } = device;
  const means =
    certificate === undefined ? { passwordFile: FILES.password } : { certificate: FILES.certificate, key: FILES.key };
  const given = isSection(common.server) ? common.server : {};
  return {
    ...common,
    server: { domain: server.domain, ...(trusts(given) ? {} : { fingerprint: server.fingerprint }), ...given },
    things: things.map((thing) => ({
      ...(hasNode(thing) ? {} : { name: label, claim }),
      ...thing,
      account: { jid, ...means },
    })),
  };
}

/** Says the template itself whom to trust? */
const trusts = (server: Section) => ['fingerprint', 'ca', 'trustOnFirstUse'].some((key) => key in server);

/** Stands for the devices to come. */
const EXAMPLE = ({ domain }: KnownServer): DeviceCredentials => ({
  jid: `device@${domain}`,
  label: 'Device',
  password: 'secret',
  claim: 'IoTDisco;KEY:0',
});

function schemaProblems(config: Section): readonly string[] {
  const result = gatewayConfigSchema.safeParse(config);
  return result.success ? [] : result.error.issues.map(problemText);
}

const problemText = ({ path, message }: z.core.$ZodIssue) =>
  `${path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')}: ${message}`;
