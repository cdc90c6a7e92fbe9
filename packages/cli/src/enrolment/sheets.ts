import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ThingLabel } from '@thingward/gateway';
import { parseIoTDisco } from '@thingward/things';
import { thingText } from '../output.ts';
import type { DeviceCredentials } from './credentials-file.ts';
import { type Label, type LabelGrid, labelSheets, sheetIndex } from './label-sheet.ts';

/** Tags that are printed beside a code, where a device has them; never its KEY. */
const PRINTED_TAGS = ['SN', 'MODEL', 'MAN'];

/** The label that goes onto a Thing, for its owner to claim it with. @see XEP-0347 §3.9 */
export function claimLabel({ name, jid, node, uri }: ThingLabel): Label {
  const tags = parseIoTDisco(uri);
  const printed = PRINTED_TAGS.flatMap((printedName) => {
    const tag = tags.find((each) => each.name === printedName);
    return tag ? [`${printedName} ${tag.value}`] : [];
  });
  const address = thingText(jid, node);
  return { code: uri, lines: [name, ...(name === address ? [] : [address]), ...printed] };
}

/** What whoever installs a device scans into it, and nobody else is to see: with what it signs in, and whom it may trust. */
export function setUpLabel({ jid, label, password }: DeviceCredentials, fingerprint: string): Label {
  return { code: JSON.stringify({ jid, password, fingerprint }), lines: [label, jid, 'SECRET: set-up code'] };
}

/** Writes sheets, in the place of those that are there. @param kind begins their names @returns how many pages there are */
export function writeSheets(directory: string, kind: string, labels: readonly Label[], grid: LabelGrid): number {
  const folder = join(directory, kind);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let page = 0;
  for (const sheet of labelSheets(labels, grid)) {
    page++;
    writeFileSync(join(folder, `${kind}-${String(page).padStart(4, '0')}.svg`), sheet, { mode: 0o600 });
  }
  writeFileSync(join(folder, 'index.html'), sheetIndex(kind, readdirSync(folder).sort()), { mode: 0o600 });
  return page;
}
