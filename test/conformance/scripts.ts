import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseScript, type Scene } from './script.ts';

const FOLDER = fileURLToPath(new URL('./scripts', import.meta.url));

/** All scenes whose script or title contains the text. @throws ScriptError */
export function readScenes(filter = ''): readonly Scene[] {
  return readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.xmpp'))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort()
    .flatMap((file) => parseScript(relative(FOLDER, file), readFileSync(file, 'utf8')))
    .filter(({ script, title }) => `${script}: ${title}`.includes(filter));
}
