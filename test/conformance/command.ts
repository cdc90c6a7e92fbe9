import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { givenAccounts, registeredAccounts } from './accounts.ts';
import type { Target } from './actor.ts';
import { playAll } from './company.ts';
import { knownDeviations } from './deviations.ts';
import { count, tap } from './report.ts';
import { readScenes } from './scripts.ts';

/** As many as any scene takes. */
const ACCOUNTS_PER_SCENE = 3;

const USAGE = `Usage: npm run conformance -- [options] [text that script or title must contain]

  --host NAME        where the server is (127.0.0.1)
  --port NUMBER      of its port for clients (5222)
  --domain NAME      it serves (localhost)
  --tls KIND         direct, starttls or none (starttls)
  --accounts FILE    lines "JID PASSWORD" of accounts to use; without it they are registered (XEP-0077)
  --known SERVER     take what deviations.yaml lists for this server as known
  --patience MS      how long something is waited for (5000)
  --settle MS        how long something unwanted is given to come (100)
  --at-once NUMBER   scenes played at the same time (4)

Prints TAP. Exit codes: 0 conformant, 1 not, 2 usage.`;

/** @returns the exit code */
export async function command(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  const { values, positionals } = parsed;
  const { tls } = values;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (tls !== 'direct' && tls !== 'starttls' && tls !== 'none') {
    console.error(USAGE);
    return 2;
  }
  const target: Target = {
    host: values.host,
    port: Number(values.port),
    domain: values.domain,
    tls,
    patienceMs: Number(values.patience),
    settleMs: Number(values.settle),
  };
  const atOnce = Number(values['at-once']);
  const lines = values.accounts ? readFileSync(values.accounts, 'utf8').split('\n').filter(Boolean) : undefined;
  if (lines && lines.length < ACCOUNTS_PER_SCENE * atOnce) {
    console.error(`${atOnce} scenes at once need ${ACCOUNTS_PER_SCENE * atOnce} accounts; there are ${lines.length}`);
    return 2;
  }
  const accounts = lines ? givenAccounts(target, lines) : registeredAccounts(target);
  const known = knownDeviations(values.known);
  const results = await playAll(readScenes(positionals.join(' ')), target, accounts, atOnce);
  console.log(tap(results, known));
  return count(results, known).failed === 0 ? 0 : 1;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '5222' },
      domain: { type: 'string', default: 'localhost' },
      tls: { type: 'string', default: 'starttls' },
      accounts: { type: 'string' },
      known: { type: 'string', default: '' },
      patience: { type: 'string', default: '5000' },
      settle: { type: 'string', default: '100' },
      'at-once': { type: 'string', default: '4' },
      help: { type: 'boolean', default: false },
    },
  });
}
