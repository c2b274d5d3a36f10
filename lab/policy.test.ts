import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Policy, poolOf } from '../domain/policy.ts';
import { nodeManifest } from './fleet/nodes.ts';
import { policyText, SLACK_VARIABLE } from './policy.ts';

describe('the policy of a lab', () => {
  test('is a good one, and every node of the lab is in its pool', () => {
    const policy = Policy.parse(parse(policyText(5_000)));
    const choice = poolOf(policy, nodeManifest(7, 'boot').metadata.labels);
    expect(choice).toMatchObject({ kind: 'pool', pool: { name: 'workers' } });
  });

  test('tells the Slack of the lab, when there is one', () => {
    const told = Policy.parse(parse(policyText(5_000, 'slack'))).notifications;
    expect(told).toMatchObject([{ target: { address: { variable: SLACK_VARIABLE } } }]);
    expect(Policy.parse(parse(policyText(5_000))).notifications).toEqual([]);
  });

  test('gives a machine more time than it is away for', () => {
    const { pools } = Policy.parse(parse(policyText(90_500)));
    expect(pools[0]?.reboot.returnWithin).toBeGreaterThan(90_500);
  });
});
