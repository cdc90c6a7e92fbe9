import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { parse } from 'yaml';
import { z } from 'zod';
import { PROVISIONING_NAME, SERVICES } from '../../../packages/cli/src/services.ts';

/** Smack's tests know no other port than 5222, so the server has an address of its own. */
const ADDRESS = '127.0.0.222';
const DOMAIN = 'localhost';
const ACCOUNTS = ['One', 'Two', 'Three'] as const;
const ADMINISTRATOR = 'smack-admin';
const ADMINISTERED = { auth: { admins: [`${ADMINISTRATOR}@${DOMAIN}`] } };
/** Where accounts can be made with XEP-0133, tests that need more than three make them. */
const IS_ADMINISTERED = serverConfigSchema.safeParse({ domain: DOMAIN, ...ADMINISTERED }).success;
/** Ends the whole run: Smack can't read the preferences of any archive (it takes the namespace of the stanza for theirs). */
const BROKEN = 'MamIntegrationTest';
const NEEDING_ACCOUNTS = [
  'ModularXmppClientToServerConnectionLowLevelIntegrationTest',
  'LoginIntegrationTest',
  'LowLevelRosterIntegrationTest',
  'MultiUserChatLowLevelIntegrationTest',
  'SimpleXmppConnectionIntegrationTest',
  'StreamManagementTest',
  'WaitForClosingStreamElementTest',
  'XmppConnectionIntegrationTest',
];
const RESOLVE_TIMEOUT_MS = 300_000;
const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export interface SmackCounts {
  readonly passed: readonly string[];
  readonly failed: readonly { readonly test: string; readonly why: string }[];
  /** Test classes that did not find what they need, and why. */
  readonly impossible: readonly { readonly test: string; readonly why: string }[];
  /** Did the run get to its end? */
  readonly isComplete: boolean;
  /** What they wrote. */
  readonly output: string;
}

const knownSchema = z.record(z.string(), z.string());

/** Tests that are known to fail, and why. */
export function knownFailures(): ReadonlyMap<string, string> {
  return new Map(Object.entries(knownSchema.parse(parse(readFileSync(join(FOLDER, 'known.yaml'), 'utf8')) ?? {})));
}

/** Has Maven what the tests need, here or where it takes it from? @returns undefined when not */
export async function smackClassPath(): Promise<string | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-smack-'));
  try {
    const file = join(directory, 'class-path');
    const args = ['-q', '-B', '-f', join(FOLDER, 'pom.xml'), 'dependency:build-classpath', `-Dmdep.outputFile=${file}`];
    await promisify(execFile)('mvn', args, { timeout: RESOLVE_TIMEOUT_MS });
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  } catch (error) {
    console.error(`Maven could not find Smack's tests: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Runs Smack's tests against a server of ours.
 * @param enabled names of test classes; all without any
 */
export async function runSmack(classPath: string, enabled: string, timeoutMs: number): Promise<SmackCounts> {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-smack-'));
  const config = serverConfigSchema.parse({
    domain: DOMAIN,
    dataDir: directory,
    listen: { c2s: `${ADDRESS}:5222`, http: `${ADDRESS}:0` },
    limits: { maxConnectionsPerAddress: 1000 },
    ...(IS_ADMINISTERED && ADMINISTERED),
  });
  // Smack asks a provisioning server it finds about each request for friendship, which the tests make without its leave (XEP-0324 §3.2).
  const services = SERVICES.filter(({ name }) => name !== PROVISIONING_NAME);
  const server = await ThingwardServer.start(config, { services });
  try {
    const settings = {
      service: DOMAIN,
      host: ADDRESS,
      securityMode: 'required',
      replyTimeout: '5000',
      debugger: 'none',
      enabledConnections: 'tcp',
      ...(enabled && { enabledTests: enabled }),
      disabledTests: [BROKEN, ...(IS_ADMINISTERED ? [] : NEEDING_ACCOUNTS)].join(),
      ...(IS_ADMINISTERED ? await administrator(server) : await givenAccounts(server)),
    };
    const trust = await trustStore(directory, server.tls.certificateFile);
    const properties = Object.entries(settings).map(([name, value]) => `-Dsinttest.${name}=${value}`);
    const main = 'org.igniterealtime.smack.inttest.SmackIntegrationTestFramework';
    return parseOutput(await run('java', ['-cp', classPath, ...trust, ...properties, main], directory, timeoutMs));
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

async function administrator({ accounts }: ThingwardServer): Promise<Readonly<Record<string, string>>> {
  await accounts.add(ADMINISTRATOR, 'secret');
  return {
    accountRegistration: 'serviceAdministration',
    adminAccountUsername: ADMINISTRATOR,
    adminAccountPassword: 'secret',
  };
}

/** Three accounts, for tests that need no more. */
async function givenAccounts({ accounts }: ThingwardServer): Promise<Readonly<Record<string, string>>> {
  const settings: Record<string, string> = { accountRegistration: 'disabled' };
  for (const name of ACCOUNTS) {
    const [username, password] = [`smack-${name.toLowerCase()}`, `secret-${name}`];
    await accounts.add(username, password);
    settings[`account${name}Username`] = username;
    settings[`account${name}Password`] = password;
  }
  return settings;
}

/** Not all of Smack's connections look at a pin: they are given the certificate to trust. @returns options of Java */
async function trustStore(directory: string, certificate: string): Promise<readonly string[]> {
  const file = join(directory, 'trust.p12');
  const where = ['-keystore', file, '-storepass', 'changeit'];
  await promisify(execFile)('keytool', [
    '-importcert',
    '-noprompt',
    '-alias',
    'server',
    '-file',
    certificate,
    ...where,
  ]);
  return [`-Djavax.net.ssl.trustStore=${file}`, '-Djavax.net.ssl.trustStorePassword=changeit'];
}

function run(command: string, args: readonly string[], home: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, HOME: home }, timeout: timeoutMs });
    let output = '';
    const add = (data: Buffer) => {
      output += data.toString();
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

/** `Class.method (Normal)` for each test, as the framework writes of it. */
function parseOutput(output: string): SmackCounts {
  const named = (ending: string) =>
    [...output.matchAll(new RegExp(`^(?:INFO|SEVERE|WARNING): (\\S+ \\(\\w+(?:, [\\w-]+)?\\)) ${ending}$`, 'gm'))].map(
      ([, test = '']) => test,
    );
  const failed = named('Failed').map((test) => {
    const from = output.indexOf(`${test} Failed`);
    const cause = /^Caused by: (.*)$/m.exec(output.slice(from, from + 8000))?.[1] ?? 'no reason was given';
    return { test, why: cause.slice(0, 300) };
  });
  const impossible = [...output.matchAll(/^INFO: Could not run (?:\w+\.)*(\w+) because: (.*)$/gm)].map(
    ([, test = '', why = '']) => ({ test, why }),
  );
  const isComplete = output.includes('Finished scanning') && !output.includes('Unexpected abort');
  return { passed: named('Success'), failed, impossible, isComplete, output };
}
