// What every page loads: htmx for the parts of a page, times in the reader's own words, and the
// live list of events. Nothing here makes markup of what came from outside: text only.
import htmx from "htmx.org";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;

const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf;
});

function tell(words, bad = false) {
  const place = document.getElementById("told");
  if (!place) return;
  place.textContent = words;
  place.className = bad ? "told bad" : "told";
}

document.addEventListener("htmx:responseError", (event) => {
  let words = `It did not work (${event.detail.xhr.status}).`;
  try {
    const answer = JSON.parse(event.detail.xhr.responseText);
    words = answer.error?.message ?? answer.error ?? words;
  } catch {
    // no JSON: the status has to do
  }
  tell(words, true);
});
document.addEventListener("htmx:sendError", () => tell("The bridge does not answer.", true));

const near = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function ago(seconds) {
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size || unit === "second") return near.format(-Math.round(seconds / size), unit);
  }
}

function showTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const then = new Date(time.dateTime);
    time.title = then.toLocaleString();
    if (time.dataset.form !== "full") time.textContent = ago((Date.now() - then) / 1000);
    else time.textContent = then.toLocaleString();
  }
}
showTimes();
setInterval(showTimes, 15000);
document.addEventListener("htmx:afterSwap", (event) => showTimes(event.target));

// A question before what cannot be taken back.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});

// One box ticks all of a table.
document.addEventListener("change", (event) => {
  if (!event.target.matches("input[data-all]")) return;
  for (const box of document.querySelectorAll(`input[name="${event.target.dataset.all}"]`)) {
    box.checked = event.target.checked;
  }
});

// The live list: new lines on top, states as they change.
const list = document.querySelector("tbody[data-live]");
const live = document.getElementById("live");
let stream = null;

function cell(label, text, className = "") {
  const made = document.createElement("td");
  made.dataset.label = label;
  if (className) made.className = className;
  if (!text) return made;
  const cut = document.createElement("span");
  cut.className = "cut";
  cut.title = text;
  cut.textContent = text;
  made.append(cut);
  return made;
}

function row(event) {
  const line = document.createElement("tr");
  line.id = event.id;
  const when = document.createElement("td");
  const time = document.createElement("time");
  time.dateTime = event.received_at;
  when.dataset.label = "Received";
  when.append(time);
  const what = document.createElement("td");
  const link = document.createElement("a");
  link.href = `/events/${event.id}`;
  link.textContent = event.type;
  what.dataset.label = "Type";
  what.append(link);
  const state = document.createElement("td");
  const badge = document.createElement("span");
  badge.className = `state ${event.state}`;
  badge.textContent = event.state;
  state.dataset.label = "State";
  state.append(badge);
  line.append(when, what, cell("Subject", event.subject), cell("Source", event.source), state, cell("Reason", event.reason.replace(/^the bridge wrote this itself: /, ""), "soft"));
  return line;
}

function follow() {
  const { source, type, after } = list.dataset;
  const query = new URLSearchParams({ source, type, after });
  stream = new EventSource(`/api/v1/stream?${query}`);
  stream.addEventListener("event", (message) => {
    const event = JSON.parse(message.data);
    const old = document.getElementById(event.id);
    const { state, subject } = list.dataset;
    if ((state && state !== event.state) || (subject && subject !== event.subject)) {
      old?.remove();
      return;
    }
    const line = row(event);
    if (old) old.replaceWith(line);
    else list.prepend(line);
    document.getElementById("nothing")?.remove();
    list.closest("[hidden]")?.removeAttribute("hidden");
    showTimes(line);
    while (list.rows.length > 200) list.lastElementChild.remove();
  });
  let lost = false;
  stream.addEventListener("open", () => {
    if (lost) tell("Following again.");
    lost = false;
  });
  stream.addEventListener("error", () => {
    lost = true;
    if (stream.readyState === EventSource.CLOSED) {
      live.setAttribute("aria-pressed", "false");
      tell("Following has ended. Load the page again.", true);
    } else {
      tell("The bridge does not answer. Following goes on when it does.", true);
    }
  });
}

if (list && live) {
  live.addEventListener("click", () => {
    const on = live.getAttribute("aria-pressed") !== "true";
    live.setAttribute("aria-pressed", String(on));
    tell("");
    if (on) follow();
    else stream?.close();
  });
}

// Copies what a button points at.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  navigator.clipboard.writeText(text).then(() => tell("Copied."), () => tell("It could not be copied.", true));
});

window.addEventListener("beforeunload", () => stream?.close());
document.documentElement.dataset.ready = "true";
