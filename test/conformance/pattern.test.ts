import { parseElement } from '@thingward/xml';
import { NS } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { match, parsePatterns } from './pattern.ts';

const element = (text: string) => parseElement(text, { '': NS.client, stream: NS.stream });
const captured = (actual: string, pattern: string) => {
  const found = match(element(actual), parsePatterns(pattern)[0] as ReturnType<typeof element>);
  return found && Object.fromEntries(found);
};

describe('a pattern', () => {
  it.each([
    [
      "<message id='1' to='a'><body>x</body><thread>t</thread></message>",
      "<message id='1'><thread>t</thread></message>",
    ],
    ["<p:a xmlns:p='urn:a' xmlns:q='urn:q' q:c='1'/>", "<a xmlns='urn:a' xmlns:z='urn:q' z:c='1'/>"],
    ['<a><b/><b/></a>', '<a><b/><b/></a>'],
    ["<a b='1'/>", "<a b='{any}' c='{none}'/>"],
    ["<a b='1'/>", "<a b='{either 2|1}' c='{either none|x}'/>"],
    ["<a b='1'/>", "<a b='{not 2}' c='{not 2}'/>"],
    ["<a b='12'/>", "<a b='{like \\d+|x}'/>"],
    ['<a><b/></a>', '<a><is:either><c/><b/></is:either><is:absent><c/></is:absent></a>'],
    ["<a b='1'><c/></a>", "<a is:only='all' b='1'><c/></a>"],
    ['<a>text</a>', '<a>{any}</a>'],
  ])('%s is like %s', (actual, pattern) => expect(captured(actual, pattern)).toEqual({}));

  it.each([
    ['<message/>', '<presence/>'],
    ["<a xmlns='urn:a'/>", '<a/>'],
    ["<a b='1'/>", "<a b='2'/>"],
    ['<a/>', "<a b='{any}'/>"],
    ["<a b='1'/>", "<a b='{none}'/>"],
    ["<a b='1'/>", "<a b='{not 1}'/>"],
    ["<a b='3'/>", "<a b='{either 1|2}'/>"],
    ["<a b='1.'/>", "<a b='{like \\d+|x}' c='{like .*}'/>"],
    ['<a><b/></a>', '<a><b/><b/></a>'],
    ['<a><b/></a>', '<a><is:absent><b/></is:absent></a>'],
    ['<a><b/></a>', '<a><is:either><c/><d/></is:either></a>'],
    ['<a><b/><c/></a>', "<a is:only='children'><b/></a>"],
    ["<a b='1' c='2'/>", "<a is:only='attributes' b='1'/>"],
    ['<a>one</a>', '<a>two</a>'],
    ['<a/>', '<a>{any}</a>'],
  ])('%s is not like %s', (actual, pattern) => expect(captured(actual, pattern)).toBeUndefined());

  it('remembers values, and only where all is as it should be', () => {
    expect(captured("<a id='7'><b>t</b></a>", "<a id='{new id}'><b>{new text}</b></a>")).toEqual({
      id: '7',
      text: 't',
    });
    const second = "<a><b id='1'/><b id='2' x='y'/></a>";
    expect(captured(second, "<a><b id='{new id}' x='y'/></a>")).toEqual({ id: '2' });
  });
});
