// What the page does by itself. Runs once, in a component that the server can send commands to
// (`props.command`) and that tells the server what was clicked (`trigger`).

const narrow = () => window.matchMedia("(max-width: 900px)").matches;
const show = (open) => document.querySelector("#main")?.classList.toggle("sources-open", open);

function copy(text) {
  const fallback = () => {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.appendChild(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).catch(fallback);
  else fallback();
}

// The file is made here and never exists on the server. What is no text comes in base64.
function save({ name, text, base64, type }) {
  const bytes = base64 && Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes || text], { type }));
  link.download = name;
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// What was asked for may be drawn a moment after the command comes.
function reveal(tries) {
  const panel = document.querySelector("#sources");
  const target = panel && (panel.querySelector("mark.asked") || panel.querySelector(".focused"));
  if (target) {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  } else if (tries > 0) {
    setTimeout(() => reveal(tries - 1), 50);
  }
}

// As if the reader had typed it: the page's own way of sending a question does the rest.
function tryOut(question) {
  const box = document.querySelector("#question textarea");
  if (!box) return;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, question);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  setTimeout(() => document.querySelector("#ask")?.click(), 50);
}

function theme() {
  const dark = document.body.classList.toggle("dark");
  try { localStorage.setItem("rag-theme", dark ? "dark" : "light"); } catch { /* not kept */ }
}

try {
  const kept = localStorage.getItem("rag-theme");
  if (kept) document.body.classList.toggle("dark", kept === "dark");
} catch { /* the system's choice holds */ }

document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest('a[href^="#rag/"]');
  if (!link) return;
  event.preventDefault();
  const path = link.getAttribute("href").slice(5).split("/").map(decodeURIComponent);
  if (path[0] === "theme") return theme();
  if (path[0] === "close") return show(false);
  if (path[0] === "try") return tryOut(path[1]);
  document.querySelectorAll("a.cite.current").forEach((one) => one.classList.remove("current"));
  if (path[0] === "cite") link.classList.add("current");
  trigger("click", { path });
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") show(false);
});

// A point of the map is a paper. And Gradio reads a whole answer out as the label of a box, tags
// and all: the words in the box are label enough.
new MutationObserver(() => {
  for (const box of document.querySelectorAll("#chat [data-testid='bot'][aria-label]")) {
    box.removeAttribute("aria-label");
  }
  for (const plot of document.querySelectorAll("#map .js-plotly-plot")) {
    if (plot.dataset.ragWired || !plot.on) continue;
    plot.dataset.ragWired = "yes";
    plot.on("plotly_click", (event) => {
      const id = event.points && event.points[0] && event.points[0].customdata;
      if (id) trigger("click", { path: ["open", String(id)] });
    });
  }
}).observe(document.body, { childList: true, subtree: true });

watch("command", () => {
  const command = props.command || {};
  if (command.do === "reveal") { show(true); reveal(20); }
  else if (command.do === "copy") copy(command.text);
  else if (command.do === "save") save(command);
  else if (command.do === "ask") {
    show(false);
    const box = document.querySelector("#question textarea");
    if (box) box.focus();
  }
  const line = document.querySelector("#said");
  if (line) line.textContent = command.said || "";
});
