import { z } from 'zod';
import { Policy } from './policy.ts';

/** The policy as JSON Schema: for editors, for the chart, for the documentation and for what is said of unknown keys. */

/** As much of a JSON Schema as the policy's has. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
}

/** Names the schema; nothing is fetched from there. */
const ID = 'https://lockkeeper.io/policy.schema.json';

let made: Schema | undefined;

/** What may be written into a policy file, before any default is filled in. */
export function policySchema(): Schema {
  made ??= makeSchema();
  return made;
}

function makeSchema(): Schema {
  const { $schema, ...rest } = z.toJSONSchema(Policy, { io: 'input' });
  const about = {
    title: 'Policy of Lockkeeper',
    description:
      'When, how and in which order the nodes of a cluster are rebooted, and who is told',
  };
  return { $schema, $id: ID, ...about, ...rest } as Schema;
}

/** The keys that are known at this place of a policy. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  let places: readonly Schema[] = [policySchema()];
  for (const key of path) places = places.flatMap(forms).flatMap((schema) => step(schema, key));
  const keys = places
    .flatMap(forms)
    .flatMap(({ properties, propertyNames }) =>
      properties ? Object.keys(properties) : (propertyNames?.enum ?? []).map(String),
    );
  return [...new Set(keys)];
}

/** A place may be written in several forms, such as one thing or a list of them. */
const forms = (schema: Schema): readonly Schema[] => schema.anyOf?.flatMap(forms) ?? [schema];

function step({ items, properties, additionalProperties }: Schema, key: PropertyKey): Schema[] {
  const next =
    typeof key === 'number' ? items : (properties?.[String(key)] ?? additionalProperties);
  return typeof next === 'object' ? [next] : [];
}
