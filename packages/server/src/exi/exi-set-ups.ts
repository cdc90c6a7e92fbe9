import { buildGrammars, ExiError, type GrammarLimits, SchemaError, type SchemaLimits } from '@thingward/exi';
import { parseElement, XmlError } from '@thingward/xml';
import { type Logger, StreamError } from '@thingward/xmpp';
import {
  AgreedSetUp,
  bindingSetUp,
  configurationText,
  DEFAULT_STREAM_OPTIONS,
  decodeExiSetup,
  MissingSchemaError,
  SchemaCatalogue,
  type SchemaFile,
  type SchemaIdentity,
  type StreamConfiguration,
  type StreamOptions,
} from '@thingward/xmpp/exi';
import { Rate } from '../rate.ts';
import { type ExiSettings, MAX_BLOCK_SIZE, MAX_VALUE_LENGTH, MAX_VALUE_PARTITION_CAPACITY } from './exi-settings.ts';
import { type KnownConfigurations, readConfigurationFile } from './known-configurations.ts';
import type { SchemaRepository } from './schema-repository.ts';

/** What compiling the schemas of a set-up may cost: more than all that ship, and well below a second. */
const SCHEMA_LIMITS: Partial<SchemaLimits> = {
  maxBytes: 1_048_576,
  maxDocuments: 200,
  maxComponents: 20_000,
  maxParticles: 5_000,
  maxSteps: 2_000_000,
};
const GRAMMAR_LIMITS: GrammarLimits = { maxProductions: 100_000 };
/** Set-ups with compiled grammars that are kept while no stream has them. */
const MAX_COMPILED = 16;
/** Compilations a second that those may cause who have not authenticated, and that may come at once; and the same for each who has. */
const STRANGERS = { perSecond: 0.5, seconds: 8 };
/** The name of the configuration with all schemas of this product and no special options. @see XEP-0322 §3.11 */
const DEFAULT_LOCATION = 'default';

/** What becomes of a proposal. @see XEP-0322 §2.2.2 */
export interface Consideration {
  /** What of it can be had. */
  readonly accepted: StreamConfiguration;
  readonly missing: readonly SchemaIdentity[];
  /** All of it, as it was proposed? */
  readonly isAgreed: boolean;
}

/** The set-ups EXI streams of this server can have: considered, compiled, remembered. @see XEP-0322 §2.2, §3.10, §3.11 */
export class ExiSetUps {
  readonly settings: ExiSettings;
  readonly schemas: SchemaRepository;
  readonly configurations: KnownConfigurations;
  readonly #log: Logger;
  /** By the text of their configurations, in the order of their last use. */
  readonly #compiled = new Map<string, AgreedSetUp>();
  readonly #strangers = new Rate(STRANGERS.perSecond, STRANGERS.seconds, performance.now());
  #binding: AgreedSetUp | undefined;

  constructor(
    settings: ExiSettings,
    { schemas, configurations, log }: Pick<ExiSetUps, 'schemas' | 'configurations'> & { readonly log: Logger },
  ) {
    this.settings = settings;
    this.schemas = schemas;
    this.configurations = configurations;
    this.#log = log;
  }

  /** Reads what was kept before. */
  async load(): Promise<void> {
    await this.schemas.load();
    await this.configurations.load();
  }

  /** What streams on a dedicated port begin with. @see XEP-0322 §2.4.3, §3.14 */
  get binding(): AgreedSetUp {
    this.#binding ??= bindingSetUp(this.schemas.shipped);
    return this.#binding;
  }

  /** @param account localpart of who proposes; undefined while nobody has authenticated */
  consider(proposed: StreamConfiguration, account: string | undefined): Consideration {
    const missing = proposed.schemas.filter((schema) => !this.schemas.find(schema, account));
    const accepted = {
      ...proposed,
      options: lowered(proposed.options),
      schemas: proposed.schemas.filter((schema) => !missing.includes(schema)),
    };
    return { accepted, missing, isAgreed: missing.length === 0 && isSame(accepted.options, proposed.options) };
  }

  /**
   * What codes stanzas by a configuration.
   * @param account localpart of who asks; undefined while nobody has authenticated
   * @returns undefined when its schemas can't be compiled, or strangers have had enough compiled
   */
  setUp(configuration: StreamConfiguration, account: string | undefined): AgreedSetUp | undefined {
    const owner = this.ownerOf(configuration, account);
    const key = `${owner} ${configurationText(configuration)}`;
    const known = this.#compiled.get(key);
    if (known) {
      this.#keep(key, known);
      return known;
    }
    if (account === undefined && this.#strangers.take(performance.now()) > 0) return undefined;
    try {
      const made = this.#compile(configuration, account);
      this.#keep(key, made);
      return made;
    } catch (error) {
      const isTheirs = error instanceof SchemaError || error instanceof ExiError || error instanceof MissingSchemaError;
      if (!isTheirs) throw error;
      this.#log.info({ account, reason: error.message }, 'schemas that were proposed for EXI can’t be used');
      return undefined;
    }
  }

  /** Localpart of the account whose own schemas are part of a configuration; '' where there are none. */
  ownerOf({ schemas }: StreamConfiguration, account: string | undefined): string {
    return schemas.some((schema) => this.schemas.isPrivate(schema)) ? (account ?? '') : '';
  }

  /** A configuration of the operator's. @see XEP-0322 §3.11 */
  located(location: string): StreamConfiguration | undefined {
    const directory = this.settings.configurations;
    const text = directory === undefined ? undefined : readConfigurationFile(directory, location);
    if (text !== undefined) return this.#parsed(location, text);
    if (location !== DEFAULT_LOCATION) return undefined;
    return {
      options: DEFAULT_STREAM_OPTIONS,
      schemas: this.schemas.shipped.map(identityOf),
      datatypeRepresentationMap: [],
    };
  }

  #parsed(location: string, text: string): StreamConfiguration | undefined {
    try {
      const setup = decodeExiSetup(parseElement(text));
      if (setup.kind === 'proposal') return setup.configuration;
      this.#log.error({ location }, 'a configuration of EXI names another');
    } catch (error) {
      if (!(error instanceof XmlError || error instanceof StreamError)) throw error;
      this.#log.error({ location, reason: error.message }, 'a configuration of EXI can’t be read');
    }
    return undefined;
  }

  #compile(configuration: StreamConfiguration, account: string | undefined): AgreedSetUp {
    const files = configuration.schemas.flatMap((schema) => this.schemas.find(schema, account) ?? []);
    const startedAt = performance.now();
    const components = new SchemaCatalogue(files).compile(configuration.schemas, SCHEMA_LIMITS);
    const made = new AgreedSetUp(configuration, buildGrammars(components, GRAMMAR_LIMITS));
    const milliseconds = Math.round(performance.now() - startedAt);
    this.#log.debug({ schemas: files.length, milliseconds }, 'schemas were compiled for EXI');
    this.schemas.use(files);
    return made;
  }

  #keep(key: string, setUp: AgreedSetUp): void {
    this.#compiled.delete(key);
    this.#compiled.set(key, setUp);
    if (this.#compiled.size > MAX_COMPILED) this.#compiled.delete(this.#compiled.keys().next().value as string);
  }
}

function identityOf({ ns, bytes, md5Hash }: SchemaFile): SchemaIdentity {
  return { ns, bytes, md5Hash };
}

/** Options as this server takes them: what they cost is bounded, and what XMPP does not allow is left out. @see XEP-0322 §2.2.2 */
function lowered(options: StreamOptions): StreamOptions {
  const { sessionWideBuffers, strict, valueMaxLength, valuePartitionCapacity } = options;
  // A stanza that a strict schema has no place for leaves both sides with different tables.
  const keepsStrings = sessionWideBuffers && !strict;
  return {
    ...options,
    version: 1,
    preserveComments: false,
    preservePIs: false,
    preserveDTD: false,
    blockSize: Math.min(options.blockSize, MAX_BLOCK_SIZE),
    sessionWideBuffers: keepsStrings,
    valueMaxLength: keepsStrings ? Math.min(valueMaxLength ?? MAX_VALUE_LENGTH, MAX_VALUE_LENGTH) : valueMaxLength,
    valuePartitionCapacity: keepsStrings
      ? Math.min(valuePartitionCapacity ?? MAX_VALUE_PARTITION_CAPACITY, MAX_VALUE_PARTITION_CAPACITY)
      : valuePartitionCapacity,
  };
}

function isSame(a: StreamOptions, b: StreamOptions): boolean {
  return Object.keys(a).every((name) => a[name as keyof StreamOptions] === b[name as keyof StreamOptions]);
}
