// A Connection follows one owner's events, or everyone's: first a snapshot of
// the newest, then the stream from exactly where the snapshot ends. What it
// tells its listener:
//
//   reset()                  everything that follows is told anew
//   event(record)            the next event, as GET /v1/feed describes it
//   lost({after, oldest, reason})   events after a position may be gone
//   older(count)             there are older events than those in the snapshot
//   state(name, detail)      connecting, live, reconnecting, disconnected or failed
//
// The browser's EventSource resumes by itself after a cut and presents the last
// id it saw. Where it gives up, because the answer was an error, this class
// asks for the reason and tries again if that may help.

const NEWEST = 1000; // events in the first snapshot

export class Connection {
  #listener;
  #source = null;   // the EventSource, while there is one
  #abort = null;    // ends what runs for the present watch
  #timer = 0;
  #failures = 0;
  user = "";
  position = "";    // of the last event, or the snapshot's cursor
  state = "disconnected";

  constructor(listener) {
    this.#listener = listener;
  }

  // watch begins with the newest events of an owner; empty is everyone.
  async watch(user) {
    const signal = this.#begin(user);
    try {
      const answer = await fetch(address("v1/feed", { user, limit: NEWEST }), { signal, cache: "no-store" });
      if (!answer.ok) return this.#refused(answer, signal, () => this.watch(user));
      const snapshot = await answer.json();
      if (signal.aborted) return;
      if (snapshot.events.length >= NEWEST) this.#listener.older(snapshot.events.length);
      for (const record of snapshot.events) this.#listener.event(record);
      this.position = snapshot.cursor;
      this.#open();
    } catch (error) {
      this.#unreachable(error, signal, () => this.watch(user));
    }
  }

  // fromStart begins with the oldest event that is kept.
  fromStart() {
    this.#begin(this.user);
    this.#open();
  }

  // disconnect closes the stream and keeps the position.
  disconnect() {
    this.#stop();
    this.#tell("disconnected");
  }

  // reconnect continues from the position.
  reconnect() {
    this.#stop();
    this.#abort = new AbortController();
    this.#open();
  }

  #begin(user) {
    this.#stop();
    this.#abort = new AbortController();
    this.user = user;
    this.position = "";
    this.#failures = 0;
    this.#listener.reset();
    this.#tell("connecting");
    return this.#abort.signal;
  }

  #stop() {
    this.#abort?.abort();
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timer);
  }

  #open() {
    this.#tell(this.#failures ? "reconnecting" : "connecting");
    const url = address("v1/stream/feed", {
      user: this.user,
      after: this.position,
      from: this.position ? "" : "start",
    });
    const source = this.#source = new EventSource(url);
    source.onopen = () => {
      this.#failures = 0;
      this.#tell("live");
    };
    source.onmessage = (message) => {
      this.position = message.lastEventId;
      const event = JSON.parse(message.data);
      if (event.id) this.#listener.event(event); // else figures, which are in no log
    };
    source.addEventListener("tidings.lost", (message) => {
      this.position = message.lastEventId;
      this.#listener.lost(JSON.parse(message.data));
    });
    source.onerror = () => {
      if (source.readyState === EventSource.CONNECTING) return this.#tell("reconnecting");
      source.close();
      if (source === this.#source) this.#ask(url);
    };
  }

  // ask finds out why the stream was refused, which EventSource does not tell.
  async #ask(url) {
    const signal = this.#abort.signal;
    const again = () => this.#open();
    this.#tell("reconnecting");
    const asking = new AbortController();
    try {
      const answer = await fetch(url, {
        signal: AbortSignal.any([signal, asking.signal]),
        cache: "no-store",
        headers: { Accept: "text/event-stream" },
      });
      if (!answer.ok) return await this.#refused(answer, signal, again);
      this.#later(this.#pause(), again); // by now it is served
    } catch (error) {
      this.#unreachable(error, signal, again);
    } finally {
      asking.abort();
    }
  }

  async #refused(answer, signal, again) {
    const problem = await answer.json().catch(() => ({}));
    if (signal.aborted) return;
    const detail = problem.detail || `the server answered ${answer.status}`;
    if (answer.status !== 429 && answer.status < 500) return this.#tell("failed", detail);
    const asked = Number(answer.headers.get("Retry-After"));
    this.#tell("reconnecting", detail);
    this.#later(asked > 0 ? asked * 1000 : this.#pause(), again);
  }

  #unreachable(error, signal, again) {
    if (signal.aborted) return;
    this.#tell("reconnecting", "the server cannot be reached");
    this.#later(this.#pause(), again);
  }

  #later(pause, again) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(again, pause);
  }

  // pause is longer after each failure, and never the same for all.
  #pause() {
    this.#failures++;
    return Math.min(30, 2 ** Math.min(this.#failures, 5)) * 500 * (1 + Math.random());
  }

  #tell(state, detail = "") {
    this.state = state;
    this.#listener.state(state, detail);
  }
}

// address returns a path below the page with the parameters that have a value.
export function address(path, parameters = {}) {
  const url = new URL(path, document.baseURI);
  url.search = "";
  url.hash = "";
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== "" && value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}
