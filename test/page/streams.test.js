// A browser's own EventSource on streams that tell a state: snapshots, which
// have the id that they are of, and notices and figures without one.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, other, Proxy, publish, server } from "./browser.js";

let browser, page, proxy;

before(async () => { browser = await launch(); });
after(() => browser?.close());
beforeEach(async () => { proxy = await new Proxy(server).listen(); });
afterEach(async () => {
  await page?.context().close();
  await proxy.close();
});

// follow opens the page, and from its origin a stream of the owner.
async function follow(user, stream, query = "") {
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`${proxy.url}/?user=${user}`);
  await page.waitForSelector('#state[data-state="live"]');
  await page.evaluate((path) => {
    window.seen = [];
    const source = new EventSource(path);
    source.onopen = () => window.seen.push({ kind: "open" });
    source.onerror = () => window.seen.push({ kind: source.readyState === EventSource.CLOSED ? "over" : "error" });
    for (const kind of ["message", "tidings.lost"]) {
      source.addEventListener(kind, (e) => window.seen.push({ kind, id: e.lastEventId, data: JSON.parse(e.data) }));
    }
  }, `/v1/stream/${stream}?user=${user}${query}`);
}

// sees waits until what was seen is what is wanted, ids by the letters of
// names.
async function sees(want, names = {}) {
  let got = [];
  for (const end = Date.now() + 10_000; Date.now() < end; await page.waitForTimeout(10)) {
    got = (await page.evaluate(() => window.seen)).map((s) => told(s, names));
    if (got.length >= want.length) break;
  }
  await page.waitForTimeout(50); // nothing more comes
  got = (await page.evaluate(() => window.seen)).map((s) => told(s, names));
  assert.deepEqual(got, want);
}

function told({ kind, id, data }, names) {
  if (!data) return kind;
  const event = data.event ?? data;
  const what = event.contexts ? `snapshot of ${event.contexts.map((c) => c.name)}` : event.name ?? event.type ?? `${kind} ${data.reason}`;
  return `${names[id] ?? (id ? "position" : "none")}: ${what}`;
}

const context = (name) => ({ type: "CONTEXT_CREATED", contextId: name, name });

// newest returns the id of the owner's last event.
async function newest(user) {
  return (await (await fetch(`${server}/v1/feed?user=${user}&limit=1`)).json()).events[0].id;
}

test("a snapshot, and after cuts and an absence what follows it", async () => {
  await publish("state", "a", [context("a")], "system");
  const a = await newest("state");
  await follow("state", "contexts");
  await sees(["open", "a: snapshot of a"], { [a]: "a" });
  proxy.cut();
  await publish("state", "b", [context("b")], "system");
  const b = await newest("state"), names = { [a]: "a", [b]: "b" };
  const seen = ["open", "a: snapshot of a", "error", "open", "b: b"];
  await sees(seen, names);
  await proxy.close();
  await publish("state", "c", [context("c")], "system");
  await proxy.open();
  names[await newest("state")] = "c";
  await page.waitForFunction(() => window.seen.at(-1).data?.event.name === "c"); // not b: the cut may come later
  const got = (await page.evaluate(() => window.seen)).map((s) => told(s, names));
  assert.deepEqual(got.filter((s, i) => s !== "error" || got[i - 1] !== s), [...seen, "error", "open", "c: c"]);
});

test("a cut inside the snapshot brings a new one", async () => {
  await publish("inside", "a", [context("a")], "system");
  proxy.cutBefore = '"contexts":[';
  await follow("inside", "contexts");
  await sees(["open", "error", "open", "position: snapshot of a"]);
});

test("of another log there is a notice, and then its snapshot, also if it is cut in between", async () => {
  await publish("moved", "a", [context("a")], "system");
  await publish("moved", "b", [context("b")], "system", other);
  const a = await newest("moved");
  await follow("moved", "contexts");
  await sees(["open", "a: snapshot of a"], { [a]: "a" });
  proxy.cutBefore = 'data: {"protocol":"system","event":{"type":"CONTEXTS_SNAPSHOT"';
  proxy.mayCut = () => page.waitForFunction(() => window.seen.at(-1).kind === "tidings.lost");
  proxy.target = other;
  proxy.cut();
  const again = ["error", "open", "a: tidings.lost foreign"]; // the id is still the old one
  await sees(["open", "a: snapshot of a", ...again, ...again, "position: snapshot of b"], { [a]: "a" });
});

test("figures move no position", async () => {
  await follow("figures", "analytics");
  await sees(["open", "position: REAL_TIME_STATS"]);
  await publish("figures", "s", [{ type: "PAGE_VIEW", session_id: "s" }], "analytics");
  const a = await newest("figures"), names = { [a]: "a" };
  const seen = ["open", "position: REAL_TIME_STATS", "a: PAGE_VIEW"];
  await sees(seen, names);
  proxy.cut();
  await sees([...seen, "error", "open", "a: REAL_TIME_STATS"], names);
  proxy.cut();
  await sees([...seen, "error", "open", "a: REAL_TIME_STATS", "error", "open", "a: REAL_TIME_STATS"], names);
});
