import { Told, act, read, type State } from "./api";

export const PAGES = ["library", "teach", "check", "find", "trust"] as const;
export type Page = (typeof PAGES)[number];

/** What the whole page knows: the newest state of the server, the page shown, a message. */
class Studio {
  state = $state<State | null>(null);
  page = $state<Page>("library");
  topic = $state("");
  told = $state<{ what: string; hint: string } | null>(null);
  lost = $state(false);

  get topics(): string[] {
    return Object.keys(this.state?.topics ?? {});
  }
  get groups() {
    return this.state?.topics[this.topic] ?? [];
  }
  get busy(): boolean {
    return this.state?.job?.state === "running";
  }

  follow(): void {
    this.turn();
    addEventListener("hashchange", () => this.turn());
    const events = new EventSource("/api/events");
    events.onmessage = (event) => {
      this.lost = false;
      this.take(JSON.parse(event.data));
    };
    events.onerror = () => (this.lost = true);
    this.try(async () => this.take(await read<State>("state")));
  }

  /** Do something; what goes wrong is said in words. */
  async try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      this.told = null;
      return await work();
    } catch (error) {
      const told = error instanceof Told ? error : new Told(String(error), "reload the page");
      this.told = { what: told.what, hint: told.hint };
    }
  }

  act = (what: string, given: object = {}) => this.try(() => act(what, given));

  private take(state: State): void {
    this.state = state;
    if (!this.topic) this.topic = localStorage.getItem("topic") || this.topics[0] || "";
    if (this.topic && !this.topics.includes(this.topic) && this.topics.length && !this.fresh)
      this.topic = this.topics[0] ?? "";
  }

  /** A topic that has a name and no group yet. */
  fresh = false;

  choose(topic: string, fresh = false): void {
    this.topic = topic;
    this.fresh = fresh;
    localStorage.setItem("topic", topic);
  }

  private turn(): void {
    const wanted = location.hash.slice(1) as Page;
    this.page = PAGES.includes(wanted) ? wanted : "library";
    this.told = null;
  }
}

export const studio = new Studio();
