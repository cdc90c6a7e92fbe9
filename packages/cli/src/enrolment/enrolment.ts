import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceAuthority, Devices, NewDevice } from '@thingward/server';
import { formatIoTDisco, KEY_TAG, parseIoTDisco } from '@thingward/things';
import { CredentialsFile, type DeviceCredentials } from './credentials-file.ts';
import { type ListedDevice, withKey } from './device-list.ts';
import { fileNameOf } from './file-name.ts';

export interface EnrolmentOptions {
  readonly devices: Devices;
  /** Certifies them; undefined: they sign in with passwords. */
  readonly authority: DeviceAuthority | undefined;
  readonly domain: string;
  readonly batch: string;
  /** Where credentials are written. */
  readonly directory: string;
  readonly validDays: number;
  /** Devices that are made at once, all of them or none. */
  readonly batchSize: number;
  /** Devices that are there get new credentials. */
  readonly renews: boolean;
  readonly onProgress: (done: number, all: number) => void;
}

/** What came of it. */
export interface EnrolmentOutcome {
  readonly enrolled: readonly DeviceCredentials[];
  /** Were there before; credentials where they are in the directory. */
  readonly skipped: readonly { readonly jid: string; readonly credentials?: DeviceCredentials | undefined }[];
}

/** Random bits of a password that nobody has to remember. */
const PASSWORD_BYTES = 18;

/**
 * Makes accounts for a list of devices, a batch at a time. What was begun before and interrupted is gone on with: devices that are there are
 * left alone, and credentials that were written but not taken are used now.
 * @throws CommandError, AccountError, DeviceError `exists`
 */
export async function enrol(list: readonly ListedDevice[], options: EnrolmentOptions): Promise<EnrolmentOutcome> {
  const { devices, directory, batch, batchSize, domain, renews, onProgress } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = new CredentialsFile(join(directory, 'credentials.csv'));
  const former = file.read();
  const known = await devices.known(list.map(({ localpart }) => localpart));
  const isThere = ({ localpart }: ListedDevice) => known.get(localpart) === 'device';
  const jidOf = ({ localpart }: ListedDevice) => `${localpart}@${domain}`;
  const wanted = list.filter((device) => renews || !isThere(device));
  const skipped = renews ? [] : list.filter(isThere);
  // What was written and not taken goes; it is written again below, with the same passwords and KEYs.
  const goes = new Set(wanted.filter((device) => !isThere(device)).map(jidOf));
  file.replace([...former.values()].filter(({ jid }) => !goes.has(jid)));
  const enrolled: DeviceCredentials[] = [];
  for (let start = 0; start < wanted.length; start += batchSize) {
    const some = wanted.slice(start, start + batchSize);
    const made = await Promise.all(
      some.map((device) => credentialsFor(device, isThere(device) ? undefined : former.get(jidOf(device)), options)),
    );
    file.append(made.map(({ credentials }) => credentials));
    await devices.enrol(
      made.map(({ device }) => device),
      batch,
      renews,
    );
    enrolled.push(...made.map(({ credentials }) => credentials));
    onProgress(enrolled.length, wanted.length);
  }
  if (renews) file.replace(file.read().values());
  return {
    enrolled,
    skipped: skipped.map((device) => ({ jid: jidOf(device), credentials: former.get(jidOf(device)) })),
  };
}

/** @param former what was made for it, and not taken */
async function credentialsFor(
  { localpart, label, password: given, tags }: ListedDevice,
  former: DeviceCredentials | undefined,
  { authority, directory, domain, validDays }: EnrolmentOptions,
): Promise<{ readonly device: NewDevice; readonly credentials: DeviceCredentials }> {
  const jid = `${localpart}@${domain}`;
  const claim = formatIoTDisco(withKey(tags, former && keyOf(former.claim)));
  if (!authority) {
    const password = given ?? former?.password ?? randomBytes(PASSWORD_BYTES).toString('base64url');
    return { device: { localpart, label, password }, credentials: { jid, label, password, claim } };
  }
  const { certificate, key, fingerprint, expiresAt } = await authority.certify(jid, validDays);
  const files = { certificate: fileOf(localpart, 'crt'), key: fileOf(localpart, 'key') };
  mkdirSync(join(directory, 'certificates'), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, files.key), key, { mode: 0o600 });
  writeFileSync(join(directory, files.certificate), certificate);
  return {
    device: { localpart, label, password: given, certificate: { fingerprint, expiresAt } },
    credentials: { jid, label, password: given, ...files, certificateExpires: expiresAt.toISOString(), claim },
  };
}

const fileOf = (localpart: string, ending: string) => join('certificates', `${fileNameOf(localpart)}.${ending}`);

function keyOf(claim: string): string | undefined {
  const key = parseIoTDisco(claim).find(({ name }) => name === KEY_TAG)?.value;
  return key === undefined ? undefined : String(key);
}
