import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Gateway, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { claimThing, parseIoTDisco } from '@thingward/things';
import { Jid, SILENT_LOGGER } from '@thingward/xmpp';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { McapAgent } from '../../packages/gateway/src/ncap/mcap-agent.ts';
import { Plant, REGISTRY } from '../plant.ts';
import { BoilerNcap, SIMULATOR } from './boiler-ncap.ts';

const CHROMIUM = process.env.THINGWARD_CHROMIUM || '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const GATEWAY = '6e636170-0000-4000-8000-0000000000a1';
const GUEST = 'stranger';

/** The console's view of the network in a real browser: real server, MCAP, gateway, NCAP, and a TIM in a process of its own. */
describe.skipIf(!existsSync(CHROMIUM))('the network in Chromium (skipped unless Chromium is there)', () => {
  let plant: Plant;
  let boiler: BoilerNcap;
  let ncap: McapAgent;
  let tims: Awaited<ReturnType<typeof startGateway>> | undefined;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    plant = await Plant.start();
    const owner = await plant.signIn('owner');
    await plant.claim(owner, 'plc');
    await plant.server.accounts.add('ncap', 'secret-ncap');
    boiler = new BoilerNcap();
    ncap = await startNcap(plant, boiler);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    page = await open('owner');
  });
  afterAll(async () => {
    await browser?.close();
    await boiler?.unplug();
    await ncap?.stop();
    await tims?.stop();
    await plant?.stop();
  });

  async function open(user: string): Promise<Page> {
    const opened = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    opened.setDefaultTimeout(10_000);
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await opened.goto(`http://127.0.0.1:${plant.ports.http}/#/network`);
    await opened.getByLabel('Address (JID)').fill(`${user}@localhost`);
    await opened.getByLabel('Password').fill(`secret-${user}`);
    await opened.getByRole('button', { name: 'Sign in' }).click();
    return opened;
  }

  const row = (name: string) => page.getByRole('treeitem', { name });
  const events = () => page.getByTestId('network-events');
  const value = () => page.getByTestId('channel-value');
  const number = async (of: Locator) => Number(await of.textContent());

  it('the owner sees the gateway’s Things by their type of service', async () => {
    await row('Legacy adapters').first().waitFor();
    await row('Legacy adapters').first().click();
    await row('modbus').first().waitFor();
  });

  it('a TIM that is plugged in appears by itself, and is told of', async () => {
    expect(await row('Boiler TIM').count()).toBe(0);
    await boiler.plug();
    await row('Boiler TIM').waitFor({ timeout: 10_000 });
    await events().getByText('Boiler joined').waitFor();
  });

  it('keys walk the tree', async () => {
    await row('Boiler TIM').focus();
    await page.keyboard.press('ArrowRight');
    await row('Water temperature').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await vi.waitFor(async () => expect(await row('Water temperature').getAttribute('aria-selected')).toBe('true'));
  });

  it('a channel is read live, in its unit, with its plot and its TEDS', async () => {
    await value().waitFor();
    const first = await number(value());
    expect(first).toBeGreaterThan(273);
    expect(await page.getByTestId('channel').textContent()).toContain('K');
    await vi.waitFor(async () => expect(await number(value())).not.toBe(first), { timeout: 8000 });
    await page.locator('figure canvas').first().waitFor();
    const units = page.getByTestId('teds-field-physicalUnits');
    expect(await units.textContent()).toMatch(/kelvin.*thermodynamic temperature/);
    const sheet = page.getByTestId('teds-TransducerChannel TEDS');
    await sheet.getByRole('button', { name: /^Show \d+ octets$/ }).click();
    expect(await sheet.locator('table.octets').textContent()).toMatch(/0000/);
  });

  it('an actuator is really set', async () => {
    await row('Gas valve').click();
    const control = page.getByTestId('control-Gas valve');
    await control.getByRole('textbox').fill('0.75');
    await control.getByRole('button', { name: 'Set' }).click();
    await vi.waitFor(async () => expect((await boiler.read('', 3)).samples).toEqual([0.75]), { timeout: 5000 });
    await vi.waitFor(async () => expect(await number(value())).toBe(0.75), { timeout: 5000 });
    // Outside of what its TEDS allows.
    await control.getByRole('textbox').fill('3');
    await control.getByText('Enter 0 to 1').waitFor();
  });

  it('a TIM that is lost is away, with its last value, and its loss is an event; it comes back', async () => {
    await boiler.unplug();
    await page.getByTestId('tim-away').waitFor({ timeout: 10_000 });
    await events().getByText('Boiler left').waitFor();
    expect(await number(value())).toBe(0.75);
    await boiler.plug();
    await page.getByTestId('tim-away').waitFor({ state: 'detached', timeout: 10_000 });
    await vi.waitFor(async () => expect(await number(value())).toBe(0.25), { timeout: 10_000 });
  });

  it('who may only read sees why the valve can’t be set, and nothing of others', async () => {
    const guest = await open(GUEST);
    await guest.getByRole('treeitem', { name: 'Boiler TIM' }).click();
    await guest.getByRole('treeitem', { name: 'Boiler TIM' }).press('ArrowRight');
    await guest.getByRole('treeitem', { name: 'Gas valve' }).click();
    await guest.getByTestId('channel-value').waitFor();
    expect(await guest.getByTestId('refusal').textContent()).toMatch(/may not set this actuator/);
    expect(await guest.getByTestId('control-Gas valve').count()).toBe(0);
    expect(await guest.getByRole('treeitem', { name: 'Legacy adapters' }).count()).toBe(0);
    await guest.close();
  });

  it('an NCAP that departs is said to be away, and a filter finds it', async () => {
    await ncap.stop();
    await page.getByTestId('ncap-away').waitFor({ timeout: 10_000 });
    await page.getByPlaceholder('Filter by name, kind or protocol').fill('valve');
    await vi.waitFor(async () => expect(await page.getByRole('treeitem').count()).toBe(3));
  });

  it('the NCAP of a gateway and its TIM are seen by their owner, and their loss', async () => {
    await page.getByPlaceholder('Filter by name, kind or protocol').fill('');
    tims = await startGateway(plant);
    const owner = await plant.signIn('owner');
    const [label] = gatewayLabels(tims.config);
    await vi.waitFor(() => claimThing(owner.client, REGISTRY, parseIoTDisco(label?.uri ?? ''), {}), {
      timeout: 10_000,
    });
    tims.plug();
    const tim = page.getByTestId('network-events').getByText(/Boiler joined.*Kettle house/);
    await tim.waitFor({ timeout: 20_000 });
    await row('Kettle house').click();
    await page.getByText('1 of 1 present').waitFor();
    await row('Boiler TIM').last().click();
    await page.getByRole('link', { name: 'Water temperature' }).click();
    await vi.waitFor(async () => expect(await number(value())).toBeGreaterThan(273), { timeout: 10_000 });
    tims.unplug();
    await page.getByTestId('tim-away').waitFor({ timeout: 20_000 });
    await events()
      .getByText(/Boiler left.*Kettle house/)
      .first()
      .waitFor();
  });

  it('the browser had nothing to complain about', () => {
    expect(complaints).toEqual([]);
  });
});

/** A gateway whose only Thing is an NCAP, and a TIM for it. */
async function startGateway(plant: Plant) {
  await plant.server.accounts.add('tims', 'secret-tims');
  const { fingerprint } = plant.server.tls;
  const config = gatewayConfigSchema.parse({
    server: { domain: 'localhost', host: '127.0.0.1', port: plant.ports.c2s, fingerprint },
    dataDir: join(plant.directory, 'tims'),
    things: [
      {
        driver: 'ieee1451',
        account: { jid: 'tims@localhost', password: 'secret-tims' },
        name: 'Kettle house',
        ieee1451: { listen: { tcp: '127.0.0.1:0' }, admit: 'any', silenceMs: 1000 },
      },
    ],
  });
  const gateway = new Gateway(config, { log: SILENT_LOGGER });
  await gateway.start();
  await gateway.ready(AbortSignal.timeout(20_000));
  let tim: ChildProcess | undefined;
  const unplug = () => tim?.kill('SIGKILL');
  return {
    config,
    plug() {
      const { ports } = gateway.ncaps[0] as unknown as { ports: { tcp: number } };
      tim = spawn(process.execPath, [SIMULATOR, '--connect', `127.0.0.1:${ports.tcp}`], { timeout: 60_000 });
    },
    unplug,
    async stop() {
      unplug();
      await gateway.stop();
    },
  };
}

/** An NCAP of its own account: its owner may do everything, a guest may read. */
async function startNcap(plant: Plant, boiler: BoilerNcap): Promise<McapAgent> {
  const { client } = await plant.signIn('ncap');
  const isOwner = (jid: Jid) => jid.local === 'owner';
  const mayRead = (jid: Jid) => isOwner(jid) || jid.local === GUEST;
  const agent = new McapAgent({
    peer: client,
    mcap: Jid.parse('mcap.localhost'),
    ncap: { id: GATEWAY, name: 'Gateway' },
    transducers: [boiler],
    things: [],
    access: {
      readers: async () => ['owner@localhost', `${GUEST}@localhost`].map((jid) => Jid.parse(jid)),
      mayRead: async (requester) => mayRead(requester),
      mayControl: async (requester) => isOwner(requester),
      mayWrite: async () => true,
      onChange: () => () => undefined,
    },
    history: undefined,
    log: SILENT_LOGGER,
  });
  agent.start();
  return agent;
}
