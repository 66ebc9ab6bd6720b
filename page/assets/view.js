// A View shows sessions and the items of one of them. Sessions note what
// changed; the view shows it with the browser's next frame, so that many
// events cost one change of the document.

import { element, set, render, clock } from "./render.js";
import { Session } from "./session.js";

const MOST_SESSIONS = 200; // the one that was quiet the longest goes

export class View {
  #list = document.getElementById("sessions");
  #count = document.getElementById("session-count");
  #main = document.getElementById("main");
  #timeline = document.getElementById("timeline");
  #empty = document.getElementById("empty");
  #newest = document.getElementById("newest");
  #sessions = new Map();   // by owner and name
  #rows = new Map();       // of the list, by session
  #shown = new Map();      // items of the selected session to {node, update}
  #selected = null;
  #picked = false;         // by the visitor: it stays
  #dirty = new Set();      // sessions
  #frame = 0;
  #forgotten = 0;          // sessions that went
  #time = "";              // the last one that is shown
  #follow = true;          // the end stays in sight
  everyone = false;        // owners differ and are named

  constructor() {
    this.#main.addEventListener("scroll", () => {
      this.#follow = this.#main.scrollHeight - this.#main.scrollTop - this.#main.clientHeight < 60;
      this.#newest.hidden = this.#follow;
    }, { passive: true });
    this.#newest.addEventListener("click", () => this.#toEnd());
  }

  // reset forgets everything that is shown.
  reset(everyone) {
    this.everyone = everyone;
    this.#sessions.clear();
    this.#rows.clear();
    this.#dirty.clear();
    this.#list.replaceChildren();
    this.#selected = null;
    this.#picked = false;
    this.#forgotten = 0;
    this.#clear();
    this.#show();
  }

  // read takes an event to its session. A new session is shown, unless the
  // visitor picked one.
  read(record) {
    const session = this.#session(record.user, record.session || "");
    session.read(record);
    this.#dirty.add(session);
    if (!this.#picked && this.#selected !== session && session.events === 1) this.#select(session);
    this.#request();
  }

  // followNew lets the next new session be shown, whatever was picked.
  followNew() {
    this.#picked = false;
  }

  // owners returns those who were seen.
  owners() {
    return new Set(Array.from(this.#sessions.values(), (s) => s.user));
  }

  #session(user, name) {
    const key = JSON.stringify([user, name]);
    let session = this.#sessions.get(key);
    if (!session) {
      session = new Session(user, name);
      this.#sessions.set(key, session);
      this.#row(session);
      this.#forget();
    }
    return session;
  }

  // forget lets a session go if there are too many.
  #forget() {
    if (this.#sessions.size <= MOST_SESSIONS) return;
    let quiet = null;
    for (const [key, s] of this.#sessions) {
      if (s !== this.#selected && s.last && (!quiet || s.last < quiet.last)) quiet = Object.assign(s, { key });
    }
    this.#sessions.delete(quiet.key);
    this.#rows.get(quiet).item.remove();
    this.#rows.delete(quiet);
    this.#dirty.delete(quiet);
    this.#forgotten++;
  }

  // row adds a session to the list, the newest first.
  #row(session) {
    const item = element("li"), button = element("button"), facts = element("span", "facts");
    const row = { item, button, title: element("span", "title"), state: element("span", "badge"), facts };
    button.type = "button";
    button.append(row.title, row.state, facts);
    button.addEventListener("click", () => {
      this.#picked = true;
      this.#select(session);
      this.#request();
    });
    item.append(button);
    this.#list.prepend(item);
    this.#rows.set(session, row);
    this.#dirty.add(session);
  }

  #select(session) {
    if (this.#selected === session) return;
    for (const s of [this.#selected, session]) if (s) this.#dirty.add(s);
    this.#selected = session;
    this.#clear();
    session.items.forEach((item) => session.changed.add(item));
    this.#follow = true;
  }

  #clear() {
    this.#shown.clear();
    this.#time = "";
    this.#timeline.replaceChildren();
  }

  #request() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
  }

  // show brings the document up to date.
  #show() {
    for (const session of this.#dirty) this.#showRow(session);
    set(this.#count, String(this.#sessions.size + this.#forgotten));
    const s = this.#selected;
    this.#empty.hidden = s !== null;
    this.#timeline.hidden = s === null;
    if (s && this.#dirty.has(s)) this.#showItems(s);
    for (const session of this.#dirty) session.changed.clear();
    this.#dirty.clear();
    this.#newest.hidden = this.#follow;
  }

  #showRow(session) {
    const { button, title, state, facts } = this.#rows.get(session);
    set(title, session.title || session.name || "no session");
    button.title = session.title && session.name; // what it is called is not what it is
    button.setAttribute("aria-current", String(session === this.#selected));
    state.dataset.state = session.status;
    set(state, session.status);
    const parts = [`${session.events.toLocaleString("en")} event${session.events === 1 ? "" : "s"}`, [...session.channels].join(" ")];
    if (session.last) parts.push(clock(session.last));
    if (this.everyone) parts.unshift(session.user);
    set(facts, parts.filter(Boolean).join(" · "));
  }

  #showItems(session) {
    for (const [item, { node }] of this.#shown) {
      if (!item.gone) break; // the oldest come first
      node.remove();
      this.#shown.delete(item);
    }
    this.#note(session);
    const fresh = document.createDocumentFragment();
    for (const item of Array.from(session.changed).sort((a, b) => a.number - b.number)) {
      const shown = this.#shown.get(item);
      if (shown) {
        shown.update();
        continue;
      }
      const made = render(item);
      made.node.classList.toggle("again", clock(item.at) === this.#time);
      if (!made.node.hidden) this.#time = clock(item.at);
      this.#shown.set(item, made);
      fresh.append(made.node);
    }
    this.#timeline.append(fresh);
    if (this.#follow) this.#toEnd();
  }

  // note says what is not shown.
  #note(session) {
    let note = this.#timeline.querySelector(":scope > .note");
    if (!session.gone) return note?.remove();
    if (!note) this.#timeline.prepend(note = element("p", "note"));
    set(note, `${session.gone.toLocaleString("en")} earlier items are not shown, to keep the page quick.`);
  }

  #toEnd() {
    this.#main.scrollTop = this.#main.scrollHeight;
    this.#follow = true;
    this.#newest.hidden = true;
  }
}
