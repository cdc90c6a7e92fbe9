import type { ServerModule } from '../module.ts';
import { disco } from './disco.ts';
import { ping } from './ping.ts';
import { presence } from './presence.ts';
import { roster } from './roster.ts';

/** What the server can do beyond moving stanzas. */
export const modules: readonly ServerModule[] = [disco, ping, presence, roster];
