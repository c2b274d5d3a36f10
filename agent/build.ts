import { build } from 'esbuild';

/** One file without dependencies: what the agent's image holds besides Node. */
await build({
  entryPoints: ['agent/main.ts'],
  outfile: 'dist/agent.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  // The running process keeps its source text in memory.
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: '/* Lockkeeper agent. Copyright The Lockkeeper Authors. Apache-2.0 */' },
  logLevel: 'warning',
});
