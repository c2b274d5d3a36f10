import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import { messageOf } from './message-of.ts';
import { keysAt } from './policy-schema.ts';
import { pathOf, Policy } from './policy.ts';
import { isAboutNothing, sayRule, sayUnknown, sayYaml } from './problem-words.ts';

/** The policy in a text, or everything that is wrong with it, line by line, as "policy.yaml:14 pools[0].windows[1].cron: rule". */
export type PolicyReading =
  | { readonly kind: 'policy'; readonly policy: Policy }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

const refused = (problems: readonly string[]): PolicyReading => ({ kind: 'refused', problems });

/** Reads a policy; `name` is what the problems call its file. */
export function readPolicy(text: string, name: string): PolicyReading {
  const written = new WrittenPolicy(text, name);
  if (written.problems.length > 0) return refused(written.problems);
  const parsed = Policy.safeParse(written.value);
  if (parsed.success) return { kind: 'policy', policy: parsed.data };
  const said = parsed.error.issues.flatMap((issue) => written.say(issue));
  return refused(said.toSorted((one, other) => one.line - other.line).map(({ text }) => text));
}

interface Said {
  readonly line: number;
  readonly text: string;
}

/** What is not YAML at all is not told of for pages. */
const MOST_SYNTAX = 10;

/** A policy file as it is written: its value, and where everything in it stands. */
export class WrittenPolicy {
  readonly value: unknown;
  /** Why it is no YAML. */
  readonly problems: readonly string[];
  private readonly name: string;
  private readonly document: Document;
  private readonly lines = new LineCounter();

  constructor(text: string, name: string) {
    this.name = name;
    this.document = parseDocument(text, { lineCounter: this.lines });
    const problems = this.syntaxProblems();
    try {
      this.value = problems.length > 0 ? undefined : this.document.toJS();
    } catch (error) {
      // Too many aliases, which would be a whole tree of them.
      problems.push(`${name}:1 ${sayYaml(messageOf(error))}`);
    }
    this.problems = problems;
  }

  /** The first of each line: one slip makes many errors. */
  private syntaxProblems(): string[] {
    const { errors, warnings } = this.document;
    const first = new Map<number, string>();
    const tell = (offset: number, problem: string): void => {
      const { line } = this.lines.linePos(offset);
      if (!first.has(line)) first.set(line, `${this.name}:${line} ${problem}`);
    };
    for (const { pos, message } of [...errors, ...warnings]) tell(pos[0], sayYaml(message));
    visit(this.document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.document)) return;
        tell(
          startOf(alias),
          `there is no anchor &${alias.source} before the alias *${alias.source}`,
        );
      },
    });
    const said = [...first.values()];
    const more = said.length - MOST_SYNTAX;
    return more > 0
      ? [...said.slice(0, MOST_SYNTAX), `${this.name} and ${more} more lines that are not YAML`]
      : said;
  }

  /** A problem with its file, line, path, rule, and what is written there. Each key that is not known is one of its own. */
  say(issue: z.core.$ZodIssue): Said[] {
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(issue.path);
      return issue.keys.map((key) => this.line([...issue.path, key], sayUnknown(key, known)));
    }
    if (issue.code === 'invalid_type' && issue.path.length === 0) {
      return [this.line([], 'write keys with their values, at least pools')];
    }
    if (isAboutNothing(issue) && !this.walk(issue.path).whole) {
      return [this.line(issue.path, `it is missing: ${sayRule(issue)}`)];
    }
    // What was to say where a secret is may be the secret; a key has been named by its path.
    const isSaid = issue.message.includes('${') || issue.code === 'invalid_key';
    const found = isSaid ? '' : this.found(issue.path);
    return [this.line(issue.path, `${sayRule(issue)}${found}`)];
  }

  private line(path: readonly PropertyKey[], rule: string): Said {
    const line = this.lineOf(path);
    return { line, text: `${this.name}:${line} ${pathOf(path) || '(whole file)'}: ${rule}` };
  }

  /** The line on which the value at this path stands, or the nearest thing around it. */
  lineOf(path: readonly PropertyKey[]): number {
    const { offset } = this.walk(path);
    return this.lines.linePos(offset).line || 1;
  }

  private found(path: readonly PropertyKey[]): string {
    const { node, whole } = this.walk(path);
    if (!whole || !isScalar(node)) return '';
    const text = JSON.stringify(node.value) ?? '';
    // What looks like an address may hold a secret.
    return /:\/\//.test(text) || text.length > 80 ? '' : ` (found ${text})`;
  }

  private walk(path: readonly PropertyKey[]): Found {
    let at: Found = { node: this.document.contents, offset: 0, whole: true };
    for (const key of path) {
      const inner = this.step(at.node, key);
      if (!inner) return { ...at, whole: false };
      at = { ...inner, whole: true };
    }
    return at;
  }

  private step(node: Node | null, key: PropertyKey): Omit<Found, 'whole'> | undefined {
    const real = isAlias(node) ? node.resolve(this.document) : node;
    if (isSeq(real) && typeof key === 'number') {
      const item = real.items[key];
      return isNode(item) ? { node: item, offset: startOf(item) } : undefined;
    }
    if (!isMap(real)) return undefined;
    const pair = real.items.find(({ key: own }) => isScalar(own) && own.value === key);
    return pair && { node: isNode(pair.value) ? pair.value : null, offset: startOf(pair.key) };
  }
}

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

interface Found {
  readonly node: Node | null;
  /** Where it, or its key, begins in the text. */
  readonly offset: number;
  /** Whether the whole path is there. */
  readonly whole: boolean;
}
