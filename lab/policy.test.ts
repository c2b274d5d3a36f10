import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Policy, poolOf } from '../domain/policy.ts';
import { nodeManifest } from './fleet/nodes.ts';
import { policyText } from './policy.ts';

describe('the policy of a lab', () => {
  test('is a good one, and every node of the lab is in its pool', () => {
    const policy = Policy.parse(parse(policyText(5_000)));
    const choice = poolOf(policy, nodeManifest(7, 'boot').metadata.labels);
    expect(choice).toMatchObject({ kind: 'pool', pool: { name: 'workers' } });
  });

  test('gives a machine more time than it is away for', () => {
    const { pools } = Policy.parse(parse(policyText(90_500)));
    expect(pools[0]?.reboot.returnWithin).toBeGreaterThan(90_500);
  });
});
