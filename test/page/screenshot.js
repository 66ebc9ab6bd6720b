// Takes the picture of the page that the documentation shows: a recorded run
// with tool calls, paced as it was recorded, beside others.

import { launch, publish, recorded, server } from "./browser.js";

// Runs by session, in order; of the one that is still under way a part.
const runs = [
  ["approve-refund", "langgraph-openai.hitl_approval"],
  ["weekly-report", "gemini-raw.multi_tool"],
  ["deploy-notes", "vercel-anthropic.thinking", 60],
  ["time-and-sums", "pydantic-anthropic.tool_time"],
  ["time-and-sums", "pydantic-anthropic.multi_tool"],
];

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1200, height: 840 }, colorScheme: process.argv[3] || "light" });
await page.goto(`${server}/?user=alice`);
await page.waitForSelector('#state[data-state="live"]');
for (const [session, name, most] of runs) {
  for (const event of (await recorded(name)).slice(0, most)) {
    await publish("alice", session, [{ ...event, threadId: event.threadId && session }]);
    await new Promise((done) => setTimeout(done, 40));
  }
}
await page.waitForTimeout(300);
await page.locator(".tool details").last().locator("summary").click();
await page.locator("h1").hover();
await page.$eval("#main", (main) => { main.scrollTop = 0; });
await page.waitForTimeout(200);
await page.screenshot({ path: process.argv[2] });
await browser.close();
