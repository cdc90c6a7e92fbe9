import { dirname, join, resolve } from 'node:path';
import { adapterConfigSchema, BASELINE_FILE } from '@thingward/gateway';
import { Baseline, type BaselineExplanation, BaselineFile } from '@thingward/guard';
import { Jid } from '@thingward/xmpp';
import { findFile, loadConfigFile } from './config-file.ts';
import { UsageError } from './errors.ts';
import { loadGatewayConfig } from './gateway-config.ts';
import { CANDIDATES } from './paths.ts';

/** Whose baseline: that of a gateway or an adapter, by its configuration. */
export interface KeptBaselinePlace {
  readonly gateway?: string;
  readonly adapter?: string;
}

/**
 * What a gateway or an adapter has learned of somebody at a Thing, as it was written last; undefined where neither is meant.
 * @throws ConfigFileError, UsageError, BaselineError
 */
export function keptExplanation(place: KeptBaselinePlace, jid: string, thing: string): BaselineExplanation | undefined {
  const { gateway, adapter } = place;
  if (gateway !== undefined && adapter !== undefined)
    throw new UsageError('--gateway and --adapter exclude each other');
  if (gateway === undefined && adapter === undefined) return undefined;
  const { file, config } = gateway === undefined ? loadAdapter(adapter) : loadGatewayConfig(gateway);
  if (!config.baseline.enabled) throw new UsageError(`${file} does not want it to be learned: baseline.enabled: true`);
  const baseline = new Baseline(config.baseline);
  const stored = new BaselineFile(join(resolve(dirname(file), config.dataDir), BASELINE_FILE)).load();
  if (stored) baseline.restore(stored);
  return baseline.explain(bare(jid), bare(thing), Date.now());
}

function loadAdapter(given: string | undefined) {
  const file = findFile('config', given, CANDIDATES.adapter);
  return { file, config: loadConfigFile(file, adapterConfigSchema) };
}

function bare(text: string): string {
  const jid = Jid.tryParse(text);
  if (!jid) throw new UsageError(`expected an address such as ana@example.org, got "${text}"`);
  return jid.bare.toString();
}
