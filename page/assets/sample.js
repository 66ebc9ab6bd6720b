// publishSample publishes a run as an agent would that plans a journey: one
// event after the other, each with a request of its own, so that one sees it
// arrive. It stops at the first error, which it throws.

import { address } from "./connection.js";

export async function publishSample(user, session, progress) {
  const events = run(session);
  for (const [i, event] of events.entries()) {
    const answer = await fetch(address("v1/publish/agui", { user, session }), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...event, timestamp: Date.now() }),
    });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      throw new Error(problem.detail || `the server answered ${answer.status}`);
    }
    progress(i + 1, events.length);
    await new Promise((done) => setTimeout(done, pause(event.type)));
  }
}

// pause is about as long as models need.
function pause(type) {
  if (type === "TOOL_CALL_END") return 350;
  return type.endsWith("CONTENT") || type === "TOOL_CALL_ARGS" ? 35 : 90;
}

// run returns the events.
function run(threadId) {
  const runId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const id = (thing) => `${thing}-${runId.slice(0, 8)}`;
  return [
    {
      type: "RUN_STARTED", threadId, runId, protocolVersion: "1.0",
      input: {
        threadId, runId, tools: [], context: [],
        messages: [{ id: id("question"), role: "user", content: "I have one day in Lisbon tomorrow. What should I do?" }],
      },
    },
    { type: "STATE_SNAPSHOT", snapshot: { city: "Lisbon", plan: [], done: false } },
    { type: "STEP_STARTED", stepName: "research" },
    { type: "REASONING_START", messageId: id("thought") },
    { type: "REASONING_MESSAGE_START", messageId: id("thought"), role: "reasoning" },
    ...words("REASONING_MESSAGE_CONTENT", id("thought"),
      "One day only, so distances matter. The weather decides between the riverside and the museums. I ask for both the forecast and the opening hours."),
    { type: "REASONING_MESSAGE_END", messageId: id("thought") },
    { type: "REASONING_END", messageId: id("thought") },
    ...call(id("weather"), "get_weather", { city: "Lisbon", day: "tomorrow" },
      { morning: "sunny, 19 °C", afternoon: "showers, 17 °C", wind: "light, west" }),
    ...call(id("hours"), "opening_hours", { places: ["Castelo de São Jorge", "Museu do Azulejo"] },
      [{ place: "Castelo de São Jorge", open: "09:00–18:00" }, { place: "Museu do Azulejo", open: "10:00–18:00" }]),
    { type: "STEP_FINISHED", stepName: "research" },
    { type: "STATE_DELTA", delta: [{ op: "add", path: "/plan/-", value: "Alfama and the castle" }] },
    { type: "STATE_DELTA", delta: [{ op: "add", path: "/plan/-", value: "Museu do Azulejo" }] },
    { type: "STEP_STARTED", stepName: "answer" },
    { type: "TEXT_MESSAGE_START", messageId: id("answer"), role: "assistant" },
    ...words("TEXT_MESSAGE_CONTENT", id("answer"),
      "Tomorrow starts sunny and turns wet, so be outside early.\n\nMorning: walk up through Alfama and reach the Castelo de São Jorge when it opens at nine. The view is at its best before the clouds come.\n\nAfternoon: while it rains, the Museu do Azulejo has five centuries of tiles and a quiet café. It closes at six."),
    { type: "TEXT_MESSAGE_END", messageId: id("answer") },
    { type: "STEP_FINISHED", stepName: "answer" },
    { type: "STATE_DELTA", delta: [{ op: "replace", path: "/done", value: true }] },
    {
      type: "RUN_FINISHED", threadId, runId, outcome: { type: "success" },
      usage: [{ model: "sample", inputTokens: 412, outputTokens: 186, totalTokens: 598 }],
    },
  ];
}

// words returns a text in pieces, as models write it.
function words(type, messageId, text) {
  return text.match(/\s*\S+\s?/g).map((delta) => ({ type, messageId, delta }));
}

// call returns a tool call with its result.
function call(toolCallId, toolCallName, args, result) {
  return [
    { type: "TOOL_CALL_START", toolCallId, toolCallName },
    ...JSON.stringify(args).match(/.{1,12}/gu).map((delta) => ({ type: "TOOL_CALL_ARGS", toolCallId, delta })),
    { type: "TOOL_CALL_END", toolCallId },
    { type: "TOOL_CALL_RESULT", messageId: `${toolCallId}-result`, toolCallId, content: JSON.stringify(result), role: "tool" },
  ];
}
