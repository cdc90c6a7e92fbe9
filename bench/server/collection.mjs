// Has a server collect its garbage. Each does so in its own way when a file appears in its directory, which it takes away when it has.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;
const PATIENCE_MS = 30_000;
/** For pages to go back to the system. */
const SETTLE_MS = 2000;

/** Where the file is to appear. */
export const collectionFile = (directory) => join(directory, 'collect');

/** Waits until the server has. */
export async function collect(file) {
  writeFileSync(file, '');
  for (const until = Date.now() + PATIENCE_MS; existsSync(file); await delay(POLL_MS)) {
    if (Date.now() > until) throw new Error('the server did not collect its garbage');
  }
  await delay(SETTLE_MS);
}

/**
 * This process does, as when memory runs low: what `gc()` does leaves the space for young objects as large as it had become, or not,
 * which is up to 32 MB of the process and says nothing of its sessions.
 */
export function collectOnDemand(file) {
  const session = new Session();
  session.connect();
  setInterval(() => {
    if (!existsSync(file)) return;
    session.post('HeapProfiler.collectGarbage');
    rmSync(file);
  }, POLL_MS).unref();
}

/** An expression of Erlang: a process that has all processes do. */
export function erlangCollector(file) {
  const collect = '[erlang:garbage_collect(P) || P <- processes()]';
  return `spawn(fun L() -> timer:sleep(${POLL_MS}), case filelib:is_file("${file}") of true -> ${collect}, file:delete("${file}"); false -> ok end, L() end).`;
}

/** A module of Prosody. */
export function prosodyCollector(file) {
  return `module:add_timer(1, function ()
  local found = io.open("${file}");
  if found then
    found:close();
    collectgarbage();
    collectgarbage();
    os.remove("${file}");
  end
  return 1;
end);
`;
}
