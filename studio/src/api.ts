export interface Card {
  id: string;
  name: string;
  kinds: string[];
  words: string;
  picture: string;
  wave: number[];
  seconds: number;
  group: string;
  reason: string;
  level?: string;
}
export interface Asked extends Card {
  why: string;
  guess: string;
  share: number;
}
export interface Group {
  name: string;
  count: number;
}
export interface Job {
  name: string;
  stage: string;
  done: number;
  total: number | null;
  seconds: number;
  expected_s: number;
  state: "running" | "done" | "failed";
  waiting: string;
  what: string;
  hint: string;
}
export interface State {
  name: string;
  handful: string;
  job: Job | null;
  version: number;
  items: number;
  usable: number;
  kinds: Record<string, number>;
  aside: number;
  topics: Record<string, Group[]>;
}

/** Something that a person can act on: what happened, and what to do. */
export class Told extends Error {
  constructor(
    readonly what: string,
    readonly hint: string,
  ) {
    super(what);
  }
}

async function answer<T>(asked: Promise<Response>): Promise<T> {
  let response: Response;
  try {
    response = await asked;
  } catch {
    throw new Told("The studio is not answering.", "start it again with “handful studio”");
  }
  const said = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Told(said.what ?? "Something went wrong.", said.hint ?? "try again, or reload the page");
  return said as T;
}

export const read = <T>(what: string, given: Record<string, string | number> = {}) => {
  const query = new URLSearchParams(Object.entries(given).map(([k, v]) => [k, String(v)]));
  return answer<T>(fetch(`/api/${what}?${query}`));
};

export const act = <T>(what: string, given: object = {}) =>
  answer<T>(fetch(`/api/${what}`, { method: "POST", body: JSON.stringify(given) }));

export const find = <T>(words: string, file: File | null) =>
  answer<T>(
    fetch(`/api/find?${new URLSearchParams({ words, name: file?.name ?? "" })}`, {
      method: "POST",
      body: file ?? "",
    }),
  );
