// Pages of several sites and one hub, in a browser: who is listed follows and
// publishes, whoever is not does nothing with the visitor's cookie.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch } from "./browser.js";

const { TIDINGS_HUB_PORT: hubPort, TIDINGS_PAGES_PORT: port, TIDINGS_TOKEN: token } = process.env;
const hub = `https://hub.test:${hubPort}`;
const sameSite = `https://app.hub.test:${port}`, partner = `https://partner.example:${port}`; // are listed
const sibling = `https://blog.hub.test:${port}`, evil = `https://evil.example:${port}`; // are not

let browser, context;

before(async () => { browser = await launch(["--host-resolver-rules=MAP * 127.0.0.1"]); });
after(() => browser?.close());
afterEach(async () => {
  await context?.close();
  context = null;
});

async function visit(origin) {
  context ??= await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`${origin}/`);
  return page;
}

// ask makes a request from a page with the visitor's cookies, and returns what the
// page may know of the answer.
const ask = (page, path, options = {}) => page.evaluate(async ([url, options]) => {
  try {
    const answer = await fetch(url, { credentials: "include", ...options });
    return { status: answer.status, type: answer.type, body: await answer.text(), retry: answer.headers.get("Retry-After"), challenge: answer.headers.get("WWW-Authenticate") };
  } catch (error) {
    return String(error);
  }
}, [hub + path, options]);

const bearer = { Authorization: `Bearer ${token}` };
const json = { "Content-Type": "application/json" };
const event = (n) => JSON.stringify({ channel: "system", type: "N", data: { n } });

const cookie = async (page, method = "POST", headers = bearer) => assert.equal((await ask(page, "/v1/cookie", { method, headers })).status, 204);

// follow opens an EventSource, which gathers what it sees.
const follow = (page, path) => page.evaluate((url) => {
  window.seen = [];
  window.opened = 0;
  window.source = new EventSource(url, { withCredentials: true });
  window.source.onopen = () => window.opened++;
  window.source.onmessage = (e) => window.seen.push(JSON.parse(e.data).n);
}, hub + path);

const figures = (page) => page.evaluate((url) => fetch(url).then((a) => a.json()), `${new URL(page.url()).origin}/figures`);

for (const [name, origin] of [["the same site", sameSite], ["another site", partner]]) {
  test(`a listed page of ${name} follows with a cookie, goes on by itself, and publishes`, async () => {
    const page = await visit(origin);
    assert.equal((await ask(page, "/v1/stream/system?user=alice")).status, 401, "without a cookie");
    await cookie(page);
    const { cursor } = JSON.parse((await ask(page, "/v1/feed")).body);
    await follow(page, `/v1/stream/contexts?names=type&after=${cursor}`);
    await page.evaluate(() => window.source.addEventListener("N", (e) => window.seen.push(JSON.parse(e.data).event.n)));
    for (let n = 1; n <= 40; n++) {
      const answer = await ask(page, "/v1/events", { method: "POST", headers: json, body: event(n) });
      assert.equal(answer.status, 200, JSON.stringify(answer));
      await page.waitForTimeout(100);
    }
    await page.waitForFunction(() => window.seen.length >= 40 && window.opened > 1);
    assert.deepEqual(await page.evaluate(() => window.seen), Array.from({ length: 40 }, (_, i) => i + 1), "each once and in order");
    await page.evaluate(() => window.source.close());
    await cookie(page, "DELETE", {});
    assert.equal((await ask(page, "/v1/feed")).status, 401, "the cookie is gone");
  });
}

test("a listed page reads why it was refused", async () => {
  const page = await visit(partner);
  const refused = await ask(page, "/v1/feed", { headers: { Authorization: "Bearer other" } });
  assert.equal(refused.status, 401);
  assert.match(refused.body, /want alice's token/);
  assert.equal(refused.challenge, "Bearer");
});

test("no script reads the cookie", async () => {
  const page = await visit(sameSite);
  await cookie(page);
  const own = await visit(hub);
  assert.equal(await own.evaluate(() => document.cookie), "");
  assert.deepEqual((await context.cookies(hub)).map((c) => [c.name, c.httpOnly, c.secure, c.sameSite]), [["__Host-tidings", true, true, "Strict"]]);
});

// With requests of the same site the browser sends the cookie, with those of others
// it does not.
for (const [name, origin, forbidden, unauthorized] of [["the same site", sibling, 11, 0], ["another site", evil, 7, 4]]) {
  test(`a page of ${name} that is not listed can do nothing with the visitor's cookie`, async () => {
    const listed = await visit(sameSite);
    await cookie(listed);
    assert.equal((await ask(listed, "/v1/feed")).status, 200, "there is a cookie");
    const page = await visit(origin);
    const was = await figures(page);
    for (const [path, options] of [
      ["/v1/feed"], ["/v1/feed", { headers: bearer }], ["/v1/stream/agui"], ["/v1/stats"],
      ["/v1/events", { method: "POST", headers: json, body: event(0) }],
      ["/v1/events", { method: "POST", headers: { "Content-Type": "text/plain" }, body: event(0) }],
      ["/v1/cookie", { method: "DELETE" }], ["/v1/cookie", { method: "POST", headers: bearer }],
    ]) {
      assert.equal(await ask(page, path, options), "TypeError: Failed to fetch", `${path} ${JSON.stringify(options)}`);
    }
    const opaque = await ask(page, "/v1/events", { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: event(0) });
    assert.deepEqual([opaque.type, opaque.status, opaque.body], ["opaque", 0, ""]);
    await page.evaluate((action) => new Promise((sent) => {
      document.body.innerHTML = `<iframe name="f"></iframe><form method="post" enctype="text/plain" target="f" action="${action}"><input name="x" value="y"></form>`;
      document.querySelector("iframe").onload = sent;
      document.forms[0].submit();
    }), `${hub}/v1/publish/system`);
    await follow(page, "/v1/stream/agui");
    await page.waitForFunction(() => window.source.readyState === EventSource.CLOSED);
    assert.equal(await page.evaluate(() => window.opened), 0);
    const want = { ...was, forbidden: was.forbidden + forbidden, unauthorized: was.unauthorized + unauthorized };
    let is = {};
    for (let tries = 0; tries < 200 && is.forbidden + is.unauthorized !== want.forbidden + want.unauthorized; tries++) {
      await page.waitForTimeout(20);
      is = await figures(page);
    }
    assert.deepEqual(is, want);
    assert.equal((await ask(listed, "/v1/feed")).status, 200, "the cookie is as it was");
  });
}
