import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Where `thingward demo` keeps everything, below the working directory. */
export const DEMO_DIRECTORY = join('data', 'demo');

/** The built web console. */
export function consoleDirectory(): string {
  return join(dirname(require.resolve('@thingward/console/package.json')), 'dist');
}

/** Where a file given to --config or --profile is looked for when it is not given. */
export const CANDIDATES = {
  config: [process.env.THINGWARD_CONFIG, 'thingward.yaml', join(DEMO_DIRECTORY, 'thingward.yaml')],
  service: [process.env.THINGWARD_SERVICE, 'service.yaml'],
  adapter: [process.env.THINGWARD_ADAPTER, 'adapter.yaml'],
  gateway: [process.env.THINGWARD_GATEWAY, 'gateway.yaml', join(DEMO_DIRECTORY, 'gateway.yaml')],
  profile: [process.env.THINGWARD_PROFILE, 'thingward-profile.yaml', join(DEMO_DIRECTORY, 'profile.yaml')],
};
