import type { ServerModule } from '../module.ts';
import { adHocCommands } from './ad-hoc-commands.ts';
import { administration } from './administration.ts';
import { anonymous } from './anonymous.ts';
import { archive } from './archive.ts';
import { battery } from './battery.ts';
import { blocking } from './blocking.ts';
import { carbons } from './carbons.ts';
import { clientState } from './client-state.ts';
import { delays } from './delays.ts';
import { disco } from './disco.ts';
import { entityCapabilities } from './entity-capabilities.ts';
import { entityTime } from './entity-time.ts';
import { guard } from './guard.ts';
import { httpUpload } from './http-upload.ts';
import { lastActivity } from './last-activity.ts';
import { offline } from './offline.ts';
import { pep } from './pep.ts';
import { ping } from './ping.ts';
import { presence } from './presence.ts';
import { privateStorage } from './private-storage.ts';
import { registration } from './registration.ts';
import { restApi } from './rest-api.ts';
import { roster } from './roster.ts';
import { softwareVersion } from './software-version.ts';
import { stanzaIdentifiers } from './stanza-ids.ts';
import { vcardTemp } from './vcard-temp.ts';

/** What the server can do beyond moving stanzas. Filters run in this order: what is blocked is neither archived nor copied. */
export const modules: readonly ServerModule[] = [
  disco,
  adHocCommands,
  entityCapabilities,
  ping,
  presence,
  roster,
  anonymous,
  blocking,
  battery,
  stanzaIdentifiers,
  delays,
  archive,
  carbons,
  offline,
  clientState,
  lastActivity,
  softwareVersion,
  entityTime,
  privateStorage,
  vcardTemp,
  pep,
  httpUpload,
  administration,
  guard,
  registration,
  restApi,
];
