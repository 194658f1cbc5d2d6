import en from "./words/en.json";

const catalogue: Record<string, string> = en;

/** A sentence of the catalogue, with its blanks filled. */
export function say(key: keyof typeof en | (string & {}), blanks: Record<string, string | number> = {}): string {
  const sentence = catalogue[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) =>
    typeof blanks[name] === "number" ? blanks[name].toLocaleString("en") : String(blanks[name] ?? ""),
  );
}
