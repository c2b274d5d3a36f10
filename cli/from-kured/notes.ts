/** Something the person has to know who asked for the conversion. A loud one is said on stderr as well. */
export interface Note {
  readonly about: string;
  readonly text: string;
  readonly loud: boolean;
}

export function quiet(about: string, text: string): Note {
  return { about, text, loud: false };
}

export function loud(about: string, text: string): Note {
  return { about, text, loud: true };
}
