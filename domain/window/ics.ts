import ICAL from 'ical.js';

/** iCalendar text as nested lists (jCal, RFC 7265), with the few questions that are asked of them. */

/** Name, parameters, type, then one value or several. */
type JProperty = readonly [string, Readonly<Record<string, unknown>>, string, ...unknown[]];
type JComponent = readonly [string, readonly JProperty[], readonly JComponent[]];

export interface Property {
  /** The TZID of its times, where it has one. */
  readonly tzid?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly type: string;
  readonly values: readonly unknown[];
}

export class Component {
  private readonly json: JComponent;

  constructor(json: JComponent) {
    this.json = json;
  }

  get name(): string {
    return this.json[0];
  }

  components(name: string): Component[] {
    return this.json[2].filter(([own]) => own === name).map((json) => new Component(json));
  }

  all(name: string): Property[] {
    return this.json[1]
      .filter(([own]) => own === name)
      .map(([, parameters, type, ...values]) => ({
        ...(typeof parameters['tzid'] === 'string' && { tzid: parameters['tzid'] }),
        parameters,
        type,
        values,
      }));
  }

  first(name: string): Property | undefined {
    return this.all(name)[0];
  }

  text(name: string): string | undefined {
    const value = this.first(name)?.values[0];
    return typeof value === 'string' ? value : undefined;
  }
}

/** Every VCALENDAR of a text, or why it is none. */
export function readIcs(text: string): Component[] | { readonly problem: string } {
  let json: unknown;
  try {
    json = ICAL.parse(text);
  } catch (error) {
    const [because = ''] = (error instanceof Error ? error.message : '').split('\n');
    return { problem: `it is not iCalendar: ${because.slice(0, 200)}` };
  }
  // One calendar comes alone, several in a list.
  const all = (isComponent(json) ? [json] : Array.isArray(json) ? json : []) as JComponent[];
  const calendars = all.filter(([name]) => name === 'vcalendar').map((one) => new Component(one));
  return calendars.length > 0 ? calendars : { problem: 'it is not iCalendar: no VCALENDAR in it' };
}

const isComponent = (json: unknown): json is JComponent =>
  Array.isArray(json) && typeof json[0] === 'string';

/** The recurrence rule in a property, as iCalendar writes it. */
export const ruleText = (value: unknown): string =>
  ICAL.Recur.fromData(value as Parameters<typeof ICAL.Recur.fromData>[0]).toString();
