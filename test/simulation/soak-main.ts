#!/usr/bin/env node
import { parseSoakArgs } from './args.ts';
import { soak } from './soak.ts';

const parsed = parseSoakArgs(process.argv.slice(2), process.env);
switch (parsed.kind) {
  case 'help':
    process.stdout.write(parsed.text);
    break;
  case 'wrong':
    process.stderr.write(`${parsed.problem}\nSee npm run soak -- --help\n`);
    process.exitCode = 2;
    break;
  case 'run':
    process.exitCode = await soak(parsed.args);
    break;
  default:
    parsed satisfies never;
}
