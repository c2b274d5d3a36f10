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

/** One suite in six parts, cheapest first; each on one thread, because time skipping and the cluster are shared. */
export default {
  maxWorkers: 1,
  testTimeout: 120_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{domain,activities,worker,agent,cli,lab,deploy,docs,workflows}/**/*.test.ts',
        '<rootDir>/test/*.test.ts',
      ],
    },
    {
      ...shared,
      displayName: 'simulation',
      testMatch: ['<rootDir>/test/simulation/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'workflows',
      testMatch: ['<rootDir>/test/workflows/**/*.test.ts'],
      globalSetup: '<rootDir>/test/workflows/setup.ts',
      globalTeardown: '<rootDir>/test/workflows/teardown.ts',
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
      globalSetup: '<rootDir>/test/integration/setup.ts',
      globalTeardown: '<rootDir>/test/integration/teardown.ts',
    },
    {
      ...shared,
      displayName: 'labs',
      testMatch: ['<rootDir>/test/labs/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'faults',
      testMatch: ['<rootDir>/test/faults/**/*.test.ts'],
    },
  ],
};
