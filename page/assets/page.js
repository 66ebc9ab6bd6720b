// The page: what the visitor can do, and what is told about the connection.

import { Connection, address } from "./connection.js";
import { publishSample } from "./sample.js";
import { element, set } from "./render.js";
import { View } from "./view.js";

const at = (id) => document.getElementById(id);
const owner = at("owner");
const view = new View();
const count = { events: 0, repeated: 0, losses: 0 };
let reached = -1n; // the sequence number of the last event

const connection = new Connection({
  reset() {
    count.events = count.repeated = count.losses = 0;
    reached = -1n;
    at("notices").replaceChildren();
    view.reset(connection.user === "");
    tell();
  },

  event(record) {
    const seq = sequence(record.id);
    if (seq <= reached) count.repeated++;
    else reached = seq;
    count.events++;
    view.read(record);
    tell();
  },

  lost({ after, oldest, reason }) {
    count.losses++;
    reached = -1n; // another log counts anew
    const why = reason === "foreign"
      ? "The position belongs to another log: this one was replaced, or the server began anew without keeping events."
      : "They were kept no longer than their retention allows.";
    notice("warning", "Events may be missing.", `${why} Asked for what follows ${after}, it continues after ${oldest}.`);
    tell();
  },

  older(number) {
    notice("info", `These are the newest ${number.toLocaleString("en")} events.`, "There may be older ones: press From the start.");
  },

  state(name, detail) {
    const state = at("state");
    state.dataset.state = name;
    state.textContent = detail ? `${name}: ${detail}` : name;
    state.title = detail;
    const closed = name === "disconnected" || name === "failed";
    at("toggle").textContent = closed ? "Reconnect" : "Disconnect";
    tell();
    if (name === "failed") notice("warning", "The server refused.", detail);
  },
});

// sequence returns the part of a position that orders.
function sequence(id) {
  return BigInt(id.slice(id.lastIndexOf("-") + 1));
}

// tell shows the figures with the next frame.
let telling = 0;
function tell() {
  telling ||= requestAnimationFrame(() => {
    telling = 0;
    for (const [name, n] of Object.entries(count)) set(at(name), n.toLocaleString("en"));
    set(at("position"), connection.position || "none yet");
    const names = view.owners();
    for (const option of at("owners").children) names.delete(option.value);
    for (const name of names) suggest(name);
  });
}

// notice tells something until it is dismissed. The same is told once.
function notice(tone, title, content) {
  const message = `${title} ${content}`;
  for (const other of at("notices").children) if (other.firstChild.textContent === message) return;
  const box = element("div", "notice"), text = element("p"), close = element("button", "", "Dismiss");
  box.dataset.tone = tone;
  text.append(element("strong", "", title), ` ${content}`);
  close.type = "button";
  close.addEventListener("click", () => box.remove());
  box.append(text, close);
  at("notices").append(box);
}

// suggest offers an owner to choose.
function suggest(name) {
  if (name === "") return;
  const option = element("option");
  option.value = name;
  at("owners").append(option);
}

// watch shows an owner, and keeps that in the address.
function watch(user) {
  owner.value = user;
  const url = new URL(location.href);
  url.search = "";
  if (user) url.searchParams.set("user", user);
  history.replaceState(null, "", url);
  document.title = user ? `${user} · Tidings` : "Tidings";
  at("curl").textContent = example(user || "demo");
  connection.watch(user);
}

// example is a command that publishes something. The address has no quotation
// marks, whatever the owner: they are escaped in a query.
function example(user) {
  return `curl '${address("v1/publish/system", { user, session: "hello" })}' \\
  -H 'Content-Type: application/json' \\
  -d '{"type":"greeting","text":"Hello"}'`;
}

at("owner-form").addEventListener("submit", (event) => {
  event.preventDefault();
  watch(owner.value.trim());
});

at("toggle").addEventListener("click", () => {
  if (connection.state !== "disconnected" && connection.state !== "failed") return connection.disconnect();
  if (connection.position) return connection.reconnect();
  return connection.watch(connection.user);
});

at("start").addEventListener("click", () => connection.fromStart());

at("sample").addEventListener("click", async () => {
  const button = at("sample"), label = button.textContent;
  const user = connection.user || "demo";
  const session = `lisbon-${new Date().toISOString().slice(11, 19).replaceAll(":", "")}`;
  button.disabled = true;
  view.followNew();
  try {
    await publishSample(user, session, (done, all) => {
      button.textContent = `Publishing ${done} of ${all}`;
    });
  } catch (error) {
    notice("warning", "The sample run was not published.", error.message);
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
});

// Owners with recent events, for those who may know them.
fetch(address("v1/feed", { limit: 200 }), { cache: "no-store" })
  .then((answer) => (answer.ok ? answer.json() : { events: [] }))
  .then(({ events }) => new Set(events.map((e) => e.user)).forEach(suggest))
  .catch(() => {});

watch(new URL(location.href).searchParams.get("user") || "");
