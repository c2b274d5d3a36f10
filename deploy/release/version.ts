import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The version that a tag releases; throws unless package and chart have it as well. */
export function versionOf(tag: string): string {
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (version === undefined) throw new Error(`${tag} is no tag of a release, such as v0.2.0`);
  for (const [where, is] of Object.entries(versionsHere())) {
    if (is !== version) throw new Error(`${where} says ${is}, the tag ${version}`);
  }
  return version;
}

function versionsHere(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    version: string;
  };
  const chart = parse(readFileSync(`${ROOT}deploy/chart/Chart.yaml`, 'utf8')) as {
    version: string;
    appVersion: string;
  };
  return {
    'package.json': version,
    'Chart.yaml (version)': chart.version,
    'Chart.yaml (appVersion)': chart.appVersion,
  };
}
