import { existsSync } from 'node:fs';
import { encodeReadQuestion } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Plant } from '../plant.ts';

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

/** The console in a real browser, against a real server, gateway and PLC. */
describe.skipIf(!existsSync(CHROMIUM))('the console in Chromium (skipped unless Chromium is there)', () => {
  let plant: Plant;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    plant = await Plant.start();
    const owner = await plant.signIn('owner');
    await plant.claim(owner, 'plc');
    await vi.waitFor(() => expect(owner.roster.contacts.get('plc@localhost')?.subscription).toBe('both'));
    await owner.client.stop();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${plant.ports.http}/`);
  });
  afterAll(async () => {
    await browser?.close();
    await plant?.stop();
  });

  const value = (field: string) => page.getByTestId(`field-${field}`).first();

  async function signIn(password: string): Promise<void> {
    await page.getByLabel('Address (JID)').fill('owner@localhost');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  it('a wrong password is said to be wrong', async () => {
    await signIn('wrong');
    await expect(page.getByTestId('sign-in-problem').textContent()).resolves.toMatch(/password/i);
  });

  it('the owner sees Things live, with units', async () => {
    await signIn('secret-owner');
    await page.getByTestId('thing-plc@localhost').waitFor();
    await page.goto(`http://127.0.0.1:${plant.ports.http}/#/things/plc%40localhost`);
    await value('Level').waitFor();
    const level = () => value('Level').getByTestId('value').textContent();
    const first = await level();
    expect(first).toMatch(/^\d+\.\d/);
    await expect(value('Level').textContent()).resolves.toContain('%');
    await vi.waitFor(async () => expect(await level()).not.toBe(first), { timeout: 8000 });
  });

  it('fields are plotted', async () => {
    await page.locator('figure canvas').first().waitFor();
    expect(await page.locator('figure canvas').count()).toBeGreaterThan(2);
  });

  it('a switch really writes a coil, and a number a register', async () => {
    const inlet = page.getByTestId('control-Inlet Valve').getByRole('switch');
    await vi.waitFor(async () => expect(await inlet.getAttribute('aria-checked')).toBe('true'));
    await inlet.click();
    await vi.waitFor(() => expect(plant.process.inputs.inletValveOpen).toBe(false), { timeout: 5000 });
    await vi.waitFor(async () => expect(await inlet.getAttribute('aria-checked')).toBe('false'), { timeout: 5000 });
    const opening = page.getByTestId('control-Valve Opening');
    await opening.getByRole('textbox').fill('37.5');
    await opening.getByRole('button', { name: 'Set' }).click();
    await vi.waitFor(() => expect(plant.process.inputs.valveOpening).toBe(37.5), { timeout: 5000 });
  });

  it('a Thing is shown by its interfaces: what it measures, large, and a lamp with its switch and slider', async () => {
    const temperature = page.getByTestId('interface-XMPP.IoT.Sensor.Temperature');
    await vi.waitFor(async () => expect(await temperature.textContent()).toMatch(/-?\d+\.\d\s*°C/));
    // Not among the other fields, too.
    expect(await page.getByTestId('field-Temperature').count()).toBe(1);
    const owner = await plant.signIn('owner');
    await plant.claim(owner, 'lamp');
    await vi.waitFor(() => expect(owner.roster.contacts.get('lamp@localhost')?.subscription).toBe('both'));
    await owner.client.stop();
    await page.goto(`http://127.0.0.1:${plant.ports.http}/#/things/lamp%40localhost`);
    const lamp = page.getByTestId('interface-XMPP.IoT.Actuator.Lamp');
    const lit = lamp.getByTestId('control-Lamp').getByRole('switch');
    await vi.waitFor(async () => expect(await lit.getAttribute('aria-checked')).toBe('false'), { timeout: 10_000 });
    await lit.click();
    await vi.waitFor(() => expect(plant.lamp.isOn).toBe(true), { timeout: 5000 });
    await lamp.getByRole('slider').fill('25');
    await lamp.getByRole('button', { name: 'Set' }).click();
    await vi.waitFor(() => expect(plant.lamp.dimmer).toBe(25), { timeout: 5000 });
    await page.goto(`http://127.0.0.1:${plant.ports.http}/#/things/plc%40localhost`);
    await value('Level').waitFor();
  });

  it('an unplugged PLC is shown as such, with the last values, and comes back', async () => {
    await plant.unplugPlc();
    await page
      .getByText(/connection refused|closed the connection/)
      .first()
      .waitFor();
    expect(await value('Level').getByTestId('value').textContent()).toMatch(/^\d+\.\d/);
    await plant.plugPlc();
    await page
      .getByText(/connection refused|closed the connection/)
      .first()
      .waitFor({ state: 'hidden', timeout: 20_000 });
  });

  it('a Thing is claimed by the text of its label', async () => {
    await page.goto(`http://127.0.0.1:${plant.ports.http}/#/claim`);
    await page.getByRole('textbox').fill(await plant.label('meter'));
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(
      page
        .getByText(/secret/)
        .first()
        .textContent(),
    ).resolves.toContain('••••');
    await page.getByRole('button', { name: 'Claim', exact: true }).click();
    await value('Voltage').waitFor({ timeout: 15_000 });
    await expect(value('Voltage').textContent()).resolves.toMatch(/2[23]\d\.\d\s*V/);
  });

  it('the owner is shown who waits for a decision, answers, and takes it back', async () => {
    const plc = await plant.signIn('plc');
    const ask = async () => {
      const question = encodeReadQuestion({ jid: Jid.parse('grid@localhost'), nodes: [], names: ['Level'], types: [] });
      const answer = await plc.client.request('get', Jid.parse('provisioning.localhost'), question);
      return answer?.attribute('result');
    };
    await page.goto(`http://127.0.0.1:${plant.ports.http}/#/access`);
    await page.getByText('Nobody waits for your decision.').waitFor();
    expect(await ask()).toBe('false');
    // Nobody has to reload anything.
    const question = page.getByTestId(/^question-/);
    await question.waitFor();
    expect(await question.textContent()).toMatch(/grid@localhost\s+wants to read\s+plc@localhost/);
    await question.getByRole('button', { name: 'More choices' }).click();
    await question.getByLabel('Level (asked for)').check();
    await question.getByRole('button', { name: 'Save' }).click();
    const rule = page.getByTestId(/^rule-/);
    await rule.waitFor();
    expect(await rule.textContent()).toContain('Level');
    expect(await ask()).toBe('true');
    await rule.getByRole('button', { name: 'Withdraw' }).click();
    await rule.waitFor({ state: 'detached' });
    expect(await ask()).toBe('false');
    await plc.client.stop();
    await page.goto(`http://127.0.0.1:${plant.ports.http}/#/things/meter%40localhost`);
    await value('Voltage').waitFor();
  });

  it('a server that restarts is found again', async () => {
    await plant.server.stop();
    await page.getByTestId('connection-banner').waitFor();
    await plant.startServer();
    await page.getByTestId('connection-banner').waitFor({ state: 'hidden', timeout: 30_000 });
    await value('Voltage').waitFor();
  });

  it('the browser had nothing to complain about', () => {
    expect(complaints).toEqual([]);
  });
});
