// The rule editor: CodeMirror over a textarea, checked by the server as one types. Ctrl-S saves
// where that is allowed.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { classHighlighter } from "@lezer/highlight";
import { linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";

const area = document.getElementById("text");
const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
  return answer.ok ? answer.json() : null;
}

async function check(view) {
  const told = await ask("/api/v1/rules/check", { files: { [document.getElementById("file").value]: view.state.doc.toString() } });
  const count = document.getElementById("problems");
  if (!told) return [];
  const lines = view.state.doc.lines;
  if (count) count.textContent = told.problems.length ? `${told.problems.length} to mend` : "No mistake found.";
  return told.problems.map((one) => {
    const line = view.state.doc.line(Math.min(Math.max(one.line, 1), lines));
    const from = Math.min(line.from + Math.max(one.column - 1, 0), line.to);
    return {
      from,
      to: line.to,
      severity: one.warning ? "warning" : "error",
      message: one.hint ? `${one.message} (${one.hint})` : one.message,
    };
  });
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
  window.editor = view;
}
