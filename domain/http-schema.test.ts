import { describe, expect, test } from '@jest/globals';
import { headers as schema, secretInHeader } from './http-headers-schema.ts';
import { isPlainAddress } from './http-schema.ts';
import { Policy, problemsOf } from './policy.ts';

test.each([
  ['http://prometheus.monitoring:9090', true],
  ['https://[fd00::1]:9090/prefix/', true],
  ['ftp://prometheus', false],
  ['http://ann:pw@prometheus', false],
  ['http://ann@prometheus', false],
  ['http://prometheus?token=a', false],
  ['http://prometheus#a', false],
  ['http://prometheus\r\nHost: else', false],
  ['http://prometheus/a\r\nb', false],
  ['http://prometheus/a b', false],
  ['http://prometheus\\@else', false],
  ['http://prometheus:99999', false],
])('%j is an address to ask: %s', (text, isOne) => {
  expect(isPlainAddress(text)).toBe(isOne);
});

test('an address is not endless', () => {
  expect(isPlainAddress(`http://prometheus/${'a'.repeat(2_048)}`)).toBe(false);
});

const problem = (headers: object) => schema.safeParse(headers).error?.issues[0]?.message;

describe('a header', () => {
  test.each([
    ['X-Scope-OrgID', 'team-${TEAM}', undefined],
    ['X Scope', 'a', 'write the name of an HTTP header'],
    ['X-Scope\r\nHost', 'a', 'write the name of an HTTP header'],
    ['X-Scope', 'a\r\nHost: else', 'write one line of plain characters, and secrets as ${NAME}'],
    ['X-Scope', 'grün', 'write one line of plain characters, and secrets as ${NAME}'],
    ['X-Scope', '${}', 'write references to environment variables like ${NAME}'],
  ])('%j of %j', (name, value, rule) => {
    expect(problem({ [name]: value })).toBe(rule);
  });

  test.each(['Host', 'host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade'])(
    '%s is not written by hand',
    (name) => {
      const gates = { alerts: { prometheus: 'http://a', headers: { [name]: 'a' } } };
      const { error } = Policy.safeParse({ pools: [{ name: 'a', nodes: 'a=b', gates }] });
      expect(error && problemsOf(error)).toEqual([
        `pools[0].gates.alerts.headers.${name}: write another header: this one is of the connection`,
      ]);
    },
  );

  test('is one of at most fifty, and of a length', () => {
    expect(problem({ 'X-A': 'a'.repeat(4_097) })).toMatch(/^write at most 4096 characters/);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`X-${index}`, 'a']));
    expect(problem(many)).toBe('write at most 50 headers');
  });

  test.each([
    ['Authorization', 'Bearer abc', true],
    ['Authorization', 'Bearer ${TOKEN}', false],
    ['Authorization', 'Bearer glsa_0123456789abcdefghij ${A}', true],
    ['Cookie', 'session=${SESSION}; lang=en', false],
    ['DD-APPLICATION-KEY', 'abc', true],
    ['X-Grafana-Session', 'abc', true],
    ['X-Vault', 'abc', true],
    ['X-Tenant-Key', 'abc', true],
    ['X-Whatever', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x', true],
    ['X-Whatever', 'a few words of 2026, and nothing else', false],
    ['X-Scope-OrgID', '0f8fad5b-d9cb-469f-a165-70867728950e', false],
    ['Accept', 'application/json;q=0.9,text/html0123456789', false],
  ])('%s: %s holds a secret that is written out: %s', (name, value, isSecret) => {
    expect(secretInHeader(name, value)).toBe(isSecret);
  });
});
