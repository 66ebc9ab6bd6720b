// Every recorded run becomes items that say what the run said, without a
// browser.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import test from "node:test";
import { Session } from "../../page/assets/session.js";
import { recorded, texts } from "./browser.js";

const runs = (await readdir(new URL("../../testdata/runs/agui/", import.meta.url)))
  .filter((name) => name.endsWith(".jsonl")).map((name) => name.replace(/\.jsonl$/, ""));

function sessionOf(events, channel = "agui") {
  const session = new Session("u", "s");
  for (const data of events) session.read({ channel, type: data?.type, time: "2026-01-01T00:00:00Z", data });
  return session;
}

const of = (session, kind) => session.items.filter((item) => item.kind === kind);

test("texts are joined, tool calls whole and every event accounted for", async () => {
  assert.ok(runs.length > 200);
  for (const name of runs) {
    const events = await recorded(name);
    const session = sessionOf(events);
    assert.equal(session.events, events.length, name);
    assert.deepEqual(of(session, "message").map((m) => m.text).filter(Boolean), texts(events), name);
    assert.ok(of(session, "message").every((m) => !m.open), name);
    const calls = new Set(events.filter((e) => e.type.startsWith("TOOL_CALL")).map((e) => e.toolCallId ?? e.tool_call_id));
    assert.equal(of(session, "tool").length, calls.size, name);
    const results = events.filter((e) => e.type === "TOOL_CALL_RESULT").length;
    assert.equal(of(session, "tool").filter((t) => t.state === "done").length, results, name);
    const raw = events.filter((e) => e.type === "RAW").length;
    assert.equal(of(session, "fold").filter((f) => f.title === "RAW").reduce((n, f) => n + f.count, 0), raw, name);
    const failed = events.some((e) => e.type === "RUN_ERROR");
    assert.equal(session.status, failed ? "failed" : events.some((e) => e.type === "RUN_FINISHED") ? "finished" : "running", name);
  }
});

test("chunks of a message and of a tool call are joined, also without an id", () => {
  const session = sessionOf([
    { type: "RUN_STARTED", threadId: "s", runId: "r" },
    { type: "TEXT_MESSAGE_CHUNK", messageId: "m", role: "assistant", delta: "One " },
    { type: "TEXT_MESSAGE_CHUNK", delta: "sentence." },
    { type: "TOOL_CALL_CHUNK", toolCallId: "t", toolCallName: "look", delta: '{"a"' },
    { type: "TOOL_CALL_CHUNK", delta: ":1}" },
    { type: "REASONING_MESSAGE_CHUNK", messageId: "q", delta: "Hm" },
    { type: "REASONING_MESSAGE_CHUNK", delta: "m." },
    { type: "RUN_FINISHED", threadId: "s", runId: "r" },
  ]);
  assert.deepEqual(session.items.map((i) => [i.kind, i.text ?? i.args ?? i.state]),
    [["run", "finished"], ["message", "One sentence."], ["tool", '{"a":1}'], ["reasoning", "Hmm."], ["end", "finished"]]);
});

test("how a run ended is told", () => {
  const start = { type: "RUN_STARTED", threadId: "s", runId: "r" };
  const end = (...events) => {
    const session = sessionOf([start, ...events]);
    return [session.status, of(session, "end").map((e) => e.detail)];
  };
  const finished = (outcome) => ({ type: "RUN_FINISHED", threadId: "s", runId: "r", outcome });
  assert.deepEqual(end(), ["running", []]);
  assert.deepEqual(end(finished({ type: "success" })), ["finished", [""]]);
  assert.deepEqual(end(finished({ type: "cancelled" })), ["cancelled", [""]]);
  assert.deepEqual(end(finished({ type: "interrupt", interrupts: [{ id: "i", reason: "approval", message: "Send it?" }] })), ["waiting", ["Send it?"]]);
  assert.deepEqual(end({ type: "RUN_ERROR", message: "broken", code: "E1" }, finished()), ["failed", ["broken (E1)"]]);
});

test("A2A of both versions", () => {
  const one = sessionOf([
    { task: { id: "t", contextId: "s", status: { state: "TASK_STATE_SUBMITTED" } } },
    { statusUpdate: { taskId: "t", contextId: "s", status: { state: "TASK_STATE_WORKING" } } },
    { artifactUpdate: { taskId: "t", contextId: "s", artifact: { artifactId: "a", name: "report", parts: [{ text: "One " }] } } },
    { artifactUpdate: { taskId: "t", contextId: "s", append: true, lastChunk: true, artifact: { artifactId: "a", parts: [{ text: "report." }] } } },
    { statusUpdate: { taskId: "t", contextId: "s", status: { state: "TASK_STATE_COMPLETED", message: { role: "ROLE_AGENT", parts: [{ text: "Done." }] } } } },
  ], "a2a");
  assert.deepEqual(of(one, "message").map((m) => [m.role, m.text]), [["artifact", "One report."], ["agent", "Done."]]);
  assert.equal(one.status, "finished");
  const old = sessionOf([
    { kind: "status-update", taskId: "t", contextId: "s", final: false, status: { state: "working" } },
    { kind: "message", role: "user", parts: [{ kind: "text", text: "Hello" }] },
    { kind: "status-update", taskId: "t", contextId: "s", final: true, status: { state: "input-required" } },
  ], "a2a");
  assert.deepEqual(of(old, "message").map((m) => [m.role, m.text]), [["user", "Hello"]]);
  assert.equal(old.status, "waiting");
});

test("a session is called what its context is", () => {
  const named = (type, name, contextId = "s") => ({ type, contextId, name });
  assert.equal(sessionOf([named("CONTEXT_CREATED", "Trip")], "system").title, "Trip");
  assert.equal(sessionOf([named("CONTEXT_CREATED", "Trip"), named("CONTEXT_UPDATED", " Lisbon\n trip ")], "system").title, "Lisbon trip");
  assert.equal(sessionOf([named("CONTEXT_CREATED", "Trip"), named("CONTEXT_UPDATED"), named("CONTEXT_UPDATED", "")], "system").title, "Trip");
  for (const event of [named("CONTEXT_CREATED", "Trip", "other"), named("CONTEXT_DELETED", "Trip"), named("CONTEXT_CREATED", { a: 1 }), null, "s"]) {
    assert.equal(sessionOf([event], "system").title, "");
  }
  assert.equal(sessionOf([named("CONTEXT_CREATED", "Trip")], "agui").title, "");
});

test("nothing that can be published breaks it, and what is unknown is kept", () => {
  const values = [null, true, 7, "text", [], {}, [1], { a: null }, "__proto__"];
  const types = ["RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
    "TEXT_MESSAGE_CHUNK", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_CHUNK", "TOOL_CALL_RESULT", "STEP_STARTED",
    "STEP_FINISHED", "STATE_SNAPSHOT", "STATE_DELTA", "MESSAGES_SNAPSHOT", "ACTIVITY_SNAPSHOT", "ACTIVITY_DELTA", "RAW", "CUSTOM",
    "REASONING_MESSAGE_CONTENT", "REASONING_ENCRYPTED_VALUE", "SUBAGENT_STARTED", "constructor", "toString", "__proto__"];
  const fields = ["messageId", "toolCallId", "toolCallName", "delta", "content", "input", "outcome", "usage", "messages", "patch",
    "snapshot", "event", "message", "stepName", "status", "task", "statusUpdate", "artifactUpdate", "artifact", "parts", "kind"];
  const session = new Session("u", "s");
  const read = (channel, type, data) => session.read({ channel, type, time: "2026-01-01T00:00:00Z", data });
  for (const type of types) {
    for (const value of values) {
      read("agui", type, value);
      for (const field of fields) {
        read("agui", type, { type, [field]: value });
        read("system", "CONTEXT_CREATED", { contextId: "s", [field]: value, name: value });
        read("a2a", "x", { [field]: value });
        read("a2a", "x", { [field]: { [field]: value, status: value, artifact: value, parts: value } });
      }
    }
  }
  assert.ok(session.items.length <= 500);
  const strange = sessionOf([{ type: "WHAT_IS_THIS", a: 1 }, { type: "WHAT_IS_THIS", a: 2 }]);
  assert.deepEqual(strange.items.map((i) => [i.kind, i.title, i.count, i.hint]), [["fold", "WHAT_IS_THIS", 2, "a 2"]]);
});

test("items and texts are bounded", () => {
  const session = new Session("u", "s");
  const read = (data) => session.read({ channel: "agui", type: data.type, time: "2026-01-01T00:00:00Z", data });
  for (let i = 0; i < 2000; i++) read({ type: "STEP_STARTED", stepName: `step ${i}` });
  assert.equal(session.items.length, 500);
  assert.equal(session.gone, 1500);
  assert.equal(session.changed.size, 500);
  for (let i = 0; i < 5; i++) read({ type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: "x".repeat(100_000) });
  const item = session.items.at(-1);
  assert.equal(item.text.length, 200_000);
  assert.equal(item.cut, 300_000);
});
