// The page in a browser: what arrives is shown, once, in order, as text.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, other, Proxy, publish, recorded, server, texts } from "./browser.js";

let browser, page, problems;

before(async () => { browser = await launch(); });
after(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  page = null;
  assert.deepEqual(problems, []);
});

// visit opens the page for an owner and waits until it is live.
async function visit(user, { url = server, ignore = /^$/, ...options } = {}) {
  problems = [];
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !ignore.test(message.text())) problems.push(message.text());
  });
  await page.goto(`${url}/${user ? `?user=${encodeURIComponent(user)}` : ""}`);
  await state("live");
}

const state = (name) => page.waitForSelector(`#state[data-state="${name}"]`);
const events = (n) => page.waitForFunction((n) => document.getElementById("events").textContent === n, n.toLocaleString("en"));
const fact = (id) => page.textContent(`#${id}`);
const shown = (selector) => page.$$eval(selector, (all) => all.filter((e) => e.checkVisibility()).map((e) => e.textContent));
const messages = () => shown(".message.assistant .text");
const session = (name) => page.click(`nav button:has(.title:text-is("${name}"))`);

test("a recorded run becomes sentences and folded tool calls", async () => {
  await visit("reader");
  const run = await recorded("agno-openai.multi_tool");
  await publish("reader", "one", run);
  await events(run.length);
  assert.deepEqual(await messages(), texts(run));
  assert.deepEqual(await shown("nav .title"), ["one"]);
  assert.deepEqual(await shown("nav .badge"), ["finished"]);
  const calls = run.filter((e) => e.type === "TOOL_CALL_START");
  assert.deepEqual(await shown(".tool summary .name"), calls.map((c) => c.toolCallName));
  assert.deepEqual(await shown(".tool pre"), [], "tool calls are folded");
  const second = page.locator(".tool details").nth(1);
  await second.locator("summary").focus();
  await page.keyboard.press("Enter");
  await second.locator("pre").nth(1).waitFor();
  const args = run.filter((e) => e.type === "TOOL_CALL_ARGS" && e.toolCallId === calls[1].toolCallId).map((e) => e.delta).join("");
  const result = run.find((e) => e.type === "TOOL_CALL_RESULT" && e.toolCallId === calls[1].toolCallId).content;
  assert.deepEqual(await second.locator("pre").allTextContents(), [JSON.stringify(JSON.parse(args), null, 2), result]);
});

test("the position is that of the last event", async () => {
  await visit("position");
  assert.match(await fact("position"), /^\d+-\d+$/, "the snapshot's cursor");
  await publish("position", "one", await recorded("ag2.simple"));
  const feed = await (await fetch(`${server}/v1/feed?user=position`)).json();
  await events(feed.events.length);
  assert.equal(await fact("position"), feed.events.at(-1).id);
});

test("what was there before is shown, and not again", async () => {
  const run = await recorded("langgraph-openai.tool_calc");
  await publish("earlier", "one", run);
  await visit("earlier");
  await events(run.length);
  assert.deepEqual(await messages(), texts(run));
  await publish("earlier", "two", await recorded("ag2.simple"));
  await events(run.length + (await recorded("ag2.simple")).length);
  await page.click("#start");
  await state("live");
  await events(run.length + (await recorded("ag2.simple")).length);
  assert.equal(await fact("repeated"), "0");
});

test("interleaved sessions are kept apart", async () => {
  await visit("both");
  const a = await recorded("agno-anthropic.thinking"), b = await recorded("pydantic-openai.thinking");
  for (let i = 0; i < Math.max(a.length, b.length); i += 7) {
    for (const [name, run] of [["a", a], ["b", b]]) {
      if (i < run.length) await publish("both", name, run.slice(i, i + 7));
    }
  }
  await events(a.length + b.length);
  await session("a");
  await page.waitForSelector('nav button[aria-current="true"]:has-text("a")');
  await page.waitForFunction(() => document.querySelector(".end"));
  assert.deepEqual(await messages(), texts(a));
  await session("b");
  await page.waitForFunction((want) => document.querySelector(".message.assistant .text")?.textContent === want, texts(b)[0]);
  assert.deepEqual(await messages(), texts(b));
});

test("disconnect and reconnect lose and repeat nothing", async () => {
  await visit("pause");
  const run = await recorded("vercel-anthropic.thinking");
  const half = Math.floor(run.length / 2);
  await publish("pause", "one", run.slice(0, half));
  await events(half);
  const position = await fact("position");
  await page.click("#toggle");
  await state("disconnected");
  await publish("pause", "one", run.slice(half));
  assert.equal(await fact("position"), position, "kept while disconnected");
  const resumed = page.waitForRequest((r) => r.url().includes("/v1/stream/feed"));
  await page.click("#toggle");
  assert.equal(new URL((await resumed).url()).searchParams.get("after"), position);
  await events(run.length);
  assert.deepEqual(await messages(), texts(run));
  assert.equal(await fact("repeated"), "0");
});

test("cut connections lose and repeat nothing", async () => {
  const proxy = await new Proxy(server).listen();
  try {
    await visit("cut", { url: proxy.url, ignore: /Failed to load resource|ERR_/ });
    const run = await recorded("agno-gemini.artifact");
    const step = Math.ceil(run.length / 8);
    for (let i = 0; i < run.length; i += step) {
      await publish("cut", "one", run.slice(i, i + step));
      proxy.cut(); // perhaps in the middle of an event
    }
    await events(run.length);
    assert.deepEqual(await messages(), texts(run));
    assert.equal(await fact("repeated"), "0");
    assert.equal(await fact("losses"), "0");
  } finally {
    await page.context().close();
    await proxy.close();
  }
});

test("a server that is away is waited for", async () => {
  const proxy = await new Proxy(server).listen();
  try {
    await visit("away", { url: proxy.url, ignore: /Failed to load resource|ERR_/ });
    await proxy.close();
    await state("reconnecting");
    const run = await recorded("ag2.simple");
    await publish("away", "one", run);
    await proxy.open();
    await state("live");
    await events(run.length);
    assert.deepEqual(await messages(), texts(run));
  } finally {
    await page.context().close();
    await proxy.close();
  }
});

test("a log that was replaced is told", async () => {
  const proxy = await new Proxy(server).listen();
  try {
    await visit("replaced", { url: proxy.url, ignore: /Failed to load resource|ERR_/ });
    await publish("replaced", "one", await recorded("ag2.simple"));
    await events((await recorded("ag2.simple")).length);
    proxy.target = other;
    proxy.cut();
    await page.waitForSelector('.notice:has-text("Events may be missing")');
    assert.equal(await fact("losses"), "1");
    await publish("replaced", "two", [{ type: "greeting" }], "system", other);
    await events((await recorded("ag2.simple")).length + 1);
    await page.click(".notice button");
    assert.deepEqual(await shown(".notice"), []);
  } finally {
    await page.context().close();
    await proxy.close();
  }
});

test("markup in events stays text", async () => {
  const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
  await visit("evil");
  const events_ = [
    { type: "RUN_STARTED", threadId: evil, runId: evil, input: { messages: [{ role: "user", content: evil }] } },
    { type: "TEXT_MESSAGE_START", messageId: "m", role: evil, name: evil },
    { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: evil },
    { type: "TOOL_CALL_START", toolCallId: "t", toolCallName: evil, subagentRunId: evil },
    { type: "TOOL_CALL_ARGS", toolCallId: "t", delta: JSON.stringify({ evil }) },
    { type: "TOOL_CALL_RESULT", messageId: "r", toolCallId: "t", content: evil },
    { type: "REASONING_MESSAGE_CONTENT", messageId: "q", delta: evil },
    { type: "STEP_STARTED", stepName: evil },
    { type: "STATE_SNAPSHOT", snapshot: { [evil]: evil } },
    { type: "CUSTOM", name: evil, value: evil },
    { type: "RAW", event: evil },
    { type: evil, evil },
    { type: "RUN_ERROR", message: evil },
  ];
  await publish("evil", evil, events_);
  await publish("evil", "a2a", [{ message: { messageId: "m", contextId: evil, role: evil, parts: [{ text: evil }] } }], "a2a");
  await publish("evil", evil, [{ type: evil, evil }], "system");
  await events(events_.length + 2);
  for (const name of ["a2a", evil]) {
    await page.locator("nav button").filter({ has: page.locator(".title", { hasText: name }) }).first().click();
    await page.waitForFunction(() => document.querySelector(".item"));
    await page.$$eval("details", (all) => all.forEach((d) => { d.open = true; }));
    await page.waitForTimeout(100);
    const main = await page.textContent("#timeline");
    assert.ok(main.includes(evil));
    assert.equal(await page.$$eval("#timeline img, #timeline script, nav img", (all) => all.length), 0);
  }
  assert.equal(await page.evaluate(() => window.hit), undefined);
});

test("the sample run streams, and the page says how far it is", async () => {
  await visit("sample");
  await publish("sample", "before", [{ type: "greeting" }], "system");
  await session("before");
  await page.click("#sample");
  await page.waitForSelector("#sample:disabled");
  await page.waitForSelector(".message.assistant.open:not([hidden])");
  const early = (await messages()).join("");
  await page.waitForSelector(".end", { timeout: 30_000 });
  const late = (await messages()).join("");
  assert.ok(late.startsWith(early) && late.length > early.length, `${early} | ${late}`);
  assert.deepEqual(await shown(".tool summary .name"), ["get_weather", "opening_hours"]);
  assert.equal((await shown(".reasoning .text")).length, 1);
  await page.waitForSelector("#sample:enabled");
  assert.equal(await fact("repeated"), "0");
});

test("a session is called what its context is, and found by its own name", async () => {
  await visit("named");
  await publish("named", "t1", [{ type: "CONTEXT_CREATED", contextId: "t1", name: "<b>Trip</b>" }], "system");
  await page.waitForSelector('nav button[title="t1"] .title:text-is("<b>Trip</b>")');
  await publish("named", "t1", [{ type: "CONTEXT_UPDATED", contextId: "t1", name: "Lisbon" }], "system");
  await publish("named", "t2", [{ type: "greeting" }], "system");
  await events(3);
  assert.deepEqual(await shown("nav .title"), ["t2", "Lisbon"]);
  assert.equal(await page.getAttribute('nav button:has(.title:text-is("t2"))', "title"), "");
});

test("a refusal says why", async () => {
  const long = "x".repeat(300);
  problems = [];
  const context = await browser.newContext();
  page = await context.newPage();
  await page.goto(`${server}/?user=${long}`);
  await page.waitForSelector('.notice:has-text("The server refused")');
  await state("failed");
  await page.fill("#owner", "fine");
  await page.keyboard.press("Enter");
  await state("live");
  assert.match(page.url(), /\?user=fine$/);
});

test("an owner's name is not mistaken for something else", async () => {
  const name = `o'neil & "sons"; é #1 ?x=%41`;
  await visit(name);
  assert.equal(await page.inputValue("#owner"), name);
  const command = await page.textContent("#curl");
  assert.match(command, /^curl '[^']*' /, "the address cannot end the quotation");
  const address = new URL(command.split("'")[1]);
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"type":"greeting"}' });
  assert.equal(answer.status, 200, await answer.text());
  await events(1);
  assert.deepEqual(await shown("nav .title"), ["hello"]);
});

test("everyone's sessions are told apart by their owners", async () => {
  await publish("ann", "same", [{ type: "greeting", text: "from Ann" }], "system");
  await publish("bob", "same", [{ type: "greeting", text: "from Bob" }], "system");
  await visit("");
  await page.waitForFunction(() => document.querySelectorAll("nav button").length >= 2);
  const facts = await shown("nav .facts");
  assert.ok(facts.some((f) => f.startsWith("ann ")) && facts.some((f) => f.startsWith("bob ")), facts.join());
  await page.waitForFunction(() => [...document.querySelectorAll("#owners option")].some((o) => o.value === "ann"));
});

test("ten thousand events do not freeze it", async () => {
  await visit("many");
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ type: "longtask" });
  });
  const words = Array.from({ length: 1500 }, (_, i) => ({ type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: `word ${i} ` }));
  const steps = Array.from({ length: 8500 }, (_, i) => ({ type: `kind-${i % 7}`, i }));
  const run = [{ type: "RUN_STARTED", threadId: "one", runId: "r" }, ...steps, ...words];
  await publish("many", "one", run);
  await events(run.length);
  assert.deepEqual(await messages(), texts(run));
  assert.ok(await page.$$eval(".item", (all) => all.length) <= 500);
  assert.match(await page.textContent(".note"), /8,0\d\d earlier items are not shown/);
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest < 1000, `blocked for ${longest} ms`);
  console.log(`longest task ${longest} ms`);
});

test("it fits a phone, in light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await visit("reader", { viewport: { width: 360, height: 740 }, colorScheme });
    await page.waitForSelector(".item");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the screen");
    assert.deepEqual(await faint(), []);
    assert.deepEqual(problems, []);
    await page.context().close();
  }
});

// faint returns texts whose contrast with what is behind them is below 4.5
// (WCAG 2.2, 1.4.3).
function faint() {
  return page.evaluate(() => {
    const parse = (c) => c.match(/[\d.]+/g).map(Number);
    const luminance = (c) => {
      const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (e) => {
      for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const bad = [];
    for (const e of document.querySelectorAll("body *")) {
      const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
      if (!own || !e.checkVisibility()) continue;
      const [a, b] = [luminance(parse(getComputedStyle(e).color).slice(0, 3)), luminance(behind(e))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < 4.5) bad.push(`${contrast.toFixed(2)} ${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}`);
    }
    return bad;
  });
}
