// What the tests of the page share: a browser, recorded runs, publishing, and
// a proxy that can cut connections.

import { readFile } from "node:fs/promises";
import net from "node:net";
import { chromium } from "playwright-core";

export const server = process.env.TIDINGS_URL;
export const other = process.env.TIDINGS_OTHER_URL;

export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.TIDINGS_TEST_CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", ...more],
  });
}

// recorded returns the events of a recorded run, without what the recorder
// added.
export async function recorded(name) {
  const lines = await readFile(new URL(`../../testdata/runs/agui/${name}.jsonl`, import.meta.url), "utf8");
  return lines.split("\n").filter(Boolean).map((line) => {
    const event = JSON.parse(line);
    for (const key of Object.keys(event)) if (key.startsWith("_")) delete event[key];
    return event;
  });
}

// publish publishes events in one request.
export async function publish(user, session, events, channel = "agui", to = server) {
  const query = new URLSearchParams({ user, session });
  for (let i = 0; i < events.length; i += 1000) {
    const answer = await fetch(`${to}/v1/publish/${channel}?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: events.slice(i, i + 1000).map((e) => JSON.stringify(e)).join("\n"),
    });
    const said = await answer.text(); // else the connection stays open
    if (!answer.ok) throw new Error(`${answer.status} ${said}`);
  }
}

// texts returns the messages of a run as they should be read.
export function texts(events) {
  const messages = new Map();
  for (const e of events) {
    if (!["TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK"].includes(e.type)) continue;
    const id = e.messageId ?? e.message_id;
    messages.set(id, (messages.get(id) ?? "") + e.delta);
  }
  return [...messages.values()].filter(Boolean);
}

// A Proxy passes bytes on to a server, until they are cut. If cutBefore is set,
// the next connection on which the server says that ends right before, once
// mayCut is settled: a browser forgets what it has not handed over by then.
export class Proxy {
  #sockets = new Set();
  cutBefore = "";
  mayCut = () => Promise.resolve();

  constructor(target) {
    this.target = target;
    this.server = net.createServer((client) => {
      const { hostname, port } = new URL(this.target);
      const upstream = net.connect(Number(port), hostname);
      for (const [from, to] of [[client, upstream], [upstream, client]]) {
        this.#sockets.add(from);
        from.on("error", () => {});
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroySoon();
        });
        from.on("data", (bytes) => {
          const at = from === upstream && this.cutBefore ? bytes.indexOf(this.cutBefore) : -1;
          if (at < 0) return to.write(bytes);
          this.cutBefore = "";
          from.pause();
          to.write(bytes.subarray(0, at));
          this.mayCut().finally(() => from.destroy()); // which ends the other
        });
      }
    });
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  // close refuses connections until open.
  async close() {
    const closed = new Promise((done) => this.server.close(done));
    this.cut();
    await closed;
  }

  open() {
    return new Promise((done) => this.server.listen(this.port, "127.0.0.1", done));
  }
}
