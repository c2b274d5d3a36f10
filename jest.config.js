const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'es6' },
      },
    ],
  },
};

/** A cluster each: the labs of `npm test`; all others belong to the long suite. */
const QUICK_LABS = ['rollout', 'people', 'notifications'].map(
  (name) => `<rootDir>/test/labs/${name}.test.ts`,
);
/** What waits minutes for certificates, connections and retries to run out, for the long suite too. */
const SLOW_INTEGRATION = ['temporal', 'drain-refused'].map(
  (name) => `<rootDir>/test/integration/${name}.test.ts`,
);

const without = (paths) => ({
  testPathIgnorePatterns: paths.map((path) => path.replace('<rootDir>', '')),
});

const project = (displayName, testMatch, more = {}) => ({
  ...shared,
  displayName,
  testMatch,
  ...more,
});

const withSetUp = (dir) => ({
  globalSetup: `<rootDir>/${dir}/setup.ts`,
  globalTeardown: `<rootDir>/${dir}/teardown.ts`,
});

/** Each part on one thread, because time skipping and the cluster are shared. test/run-main.ts says which run together. */
export default {
  maxWorkers: 1,
  testTimeout: 120_000,
  projects: [
    project('unit', [
      '<rootDir>/{domain,activities,worker,agent,cli,lab,deploy,docs,workflows}/**/*.test.ts',
      '<rootDir>/test/*.test.ts',
    ]),
    project('workflows', ['<rootDir>/test/workflows/**/*.test.ts'], withSetUp('test/workflows')),
    project('simulation', ['<rootDir>/test/simulation/**/*.test.ts'], {
      testPathIgnorePatterns: ['/long[.]test[.]ts$'],
    }),
    project('integration', ['<rootDir>/test/integration/**/*.test.ts'], {
      ...withSetUp('test/integration'),
      ...without(SLOW_INTEGRATION),
    }),
    project('slow-integration', SLOW_INTEGRATION, withSetUp('test/integration')),
    project('labs', QUICK_LABS),
    project('other-labs', ['<rootDir>/test/labs/**/*.test.ts'], without(QUICK_LABS)),
    project('faults', ['<rootDir>/test/faults/**/*.test.ts']),
    project('long-simulation', ['<rootDir>/test/simulation/long.test.ts']),
    project('images', ['<rootDir>/test/images/**/*.test.ts']),
    project('one-machine', ['<rootDir>/test/vm/alone.test.ts']),
    project('machines', ['<rootDir>/test/vm/**/*.test.ts'], {
      testPathIgnorePatterns: ['/alone[.]test[.]ts$'],
    }),
  ],
};
