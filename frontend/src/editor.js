// The rule editor: CodeMirror over a textarea, checked by the server as one types. Ctrl-S saves
// where that is allowed.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { classHighlighter } from "@lezer/highlight";
import { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";

const area = document.getElementById("text");
const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("the bridge does not answer");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error?.message ?? told.error ?? `the answer was ${answer.status}`);
  return told;
}

const said = (one) => (one.hint ? `${one.message} (${one.hint})` : one.message);

function counted(problems) {
  const warnings = problems.filter((one) => one.warning).length;
  const mistakes = problems.length - warnings;
  const parts = [];
  if (mistakes) parts.push(`${mistakes} to mend`);
  if (warnings) parts.push(warnings === 1 ? "1 warning" : `${warnings} warnings`);
  return parts.join(", ") || "No mistake found.";
}

// The mistakes once more in words, for whoever has no pointer to hold over the marks. Those of the
// other files stand here alone: their lines are not these.
function list(view, problems, file) {
  const lines = problems.map((one) => {
    const line = document.createElement("li");
    const here = one.file === file;
    const place = document.createElement(here ? "button" : "b");
    place.textContent = here ? `line ${one.line}` : `${one.file}, line ${one.line}`;
    if (here) {
      place.type = "button";
      place.className = "quiet small";
      place.addEventListener("click", () => {
        view.dispatch({ selection: { anchor: start(view, one) }, scrollIntoView: true });
        view.focus();
      });
    }
    line.append(place, ` ${said(one)}`);
    return line;
  });
  document.getElementById("mistakes").replaceChildren(...lines);
}

function lineOf(view, one) {
  return view.state.doc.line(Math.min(Math.max(one.line, 1), view.state.doc.lines));
}

function start(view, one) {
  const line = lineOf(view, one);
  return Math.min(line.from + Math.max(one.column - 1, 0), line.to);
}

async function check(view) {
  const file = document.getElementById("file").value;
  const { doc } = view.state;
  const count = document.getElementById("problems");
  let told;
  try {
    told = await ask("/api/v1/rules/check", { files: { [file]: doc.toString() } });
  } catch (error) {
    count.textContent = `Not checked: ${error.message}.`;
    list(view, [], file);
    return [];
  }
  if (view.state.doc !== doc) return []; // an answer to what is no longer there
  count.textContent = counted(told.problems);
  list(view, told.problems, file);
  return told.problems
    .filter((one) => one.file === file)
    .map((one) => ({
      from: start(view, one),
      to: lineOf(view, one).to,
      severity: one.warning ? "warning" : "error",
      message: said(one),
    }));
}

let words = null;
async function complete(context) {
  const word = context.matchBefore(/[\w.-]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  if (words === null) {
    const answer = await fetch("/api/v1/rules/words");
    words = answer.ok ? (await answer.json()).words : [];
  }
  return { from: word.from, options: words.map((one) => ({ label: one.label, detail: one.detail, type: "keyword" })) };
}

function save() {
  const button = document.querySelector("button[formaction='/rules/save']");
  button?.click();
  return true;
}

// What is typed and not saved is not lost by following a link, or when the session is over.
function guard() {
  let kept = area.value;
  let sent = kept;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.pathInfo.requestPath === "/rules/save") sent = area.value;
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.id === "base") kept = sent; // only what was saved gets a new one
  });
  window.addEventListener("beforeunload", (event) => {
    if (area.value !== kept) event.preventDefault();
  });
}

// Enter does what stands beside the field; the form itself has nothing that Enter could press.
function pressOwnButton() {
  for (const tool of document.querySelectorAll(".tool")) {
    tool.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      tool.querySelector("button").click();
    });
  }
}

if (area) {
  const nonce = document.querySelector("meta[name=nonce]")?.content ?? "";
  const view = new EditorView({
    parent: document.getElementById("editor"),
    state: EditorState.create({
      doc: area.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorView.contentAttributes.of({ "aria-label": "Rule file" }),
        EditorView.lineWrapping,
        lineNumbers(),
        history(),
        bracketMatching(),
        highlightActiveLine(),
        lintGutter(),
        yaml(),
        syntaxHighlighting(classHighlighter),
        linter(check, { delay: 400 }),
        autocompletion({ override: [complete] }),
        keymap.of([{ key: "Mod-s", preventDefault: true, run: save }, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) area.value = update.state.doc.toString();
        }),
      ],
    }),
  });
  area.hidden = true;
  document.getElementById("keys").hidden = false;
  window.editor = view;
  guard();
  pressOwnButton();
  // Another name may be one that no rule file can have, or that of another file.
  document.getElementById("file").addEventListener("change", () => forceLinting(view));
}
