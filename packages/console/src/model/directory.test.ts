import { Jid } from '@thingward/xmpp';
import { describe, expect, it, vi } from 'vitest';
import { TestConnection } from './connection.fixture.ts';
import { Directory } from './directory.ts';

describe('Directory', () => {
  it('lists contacts by name, with what they are and whether they are there', async () => {
    const connection = new TestConnection();
    const directory = new Directory(connection);
    expect(directory.entries.value).toBeUndefined();
    connection.addContact('tank@localhost', true, { name: 'Water tank' });
    connection.addContact('meter@localhost', false);
    connection.addContact('new@localhost', false, { subscription: 'none', ask: true });
    connection.addContact('gone@localhost', false, { subscription: 'none' });
    await vi.waitFor(() => expect(directory.entryOf('tank@localhost')?.kind).toBe('thing'));
    expect(directory.entries.value?.map(({ name, availability, kind }) => [name, availability, kind])).toEqual([
      ['meter', 'offline', 'unknown'],
      ['new', 'asked', 'unknown'],
      ['Water tank', 'online', 'thing'],
    ]);
  });

  it('tells people from Things', async () => {
    const connection = new TestConnection();
    connection.featureList = ['urn:xmpp:ping'];
    const directory = new Directory(connection);
    connection.addContact('romeo@localhost', true);
    await vi.waitFor(() => expect(directory.entryOf('romeo@localhost')?.kind).toBe('other'));
  });

  it('lets those know us whom we asked ourselves, and asks about all others', () => {
    const connection = new TestConnection();
    const directory = new Directory(connection);
    connection.addContact('meter@localhost', false, { subscription: 'none', ask: true });
    connection.requestFriendship('meter@localhost');
    connection.requestFriendship('romeo@localhost');
    expect(connection.sent).toEqual(['accept meter@localhost']);
    expect([...directory.requests.value.keys()]).toEqual(['romeo@localhost']);
    directory.answer(Jid.parse('romeo@localhost'), true);
    expect(connection.sent).toEqual(['accept meter@localhost', 'accept romeo@localhost', 'befriend romeo@localhost']);
    expect(directory.requests.value.size).toBe(0);
  });

  it('declines', () => {
    const connection = new TestConnection();
    const directory = new Directory(connection);
    connection.requestFriendship('romeo@localhost');
    directory.answer(Jid.parse('romeo@localhost'), false);
    expect(connection.sent).toEqual(['decline romeo@localhost']);
  });
});
