// Single keys: / search, ? the list of keys, J and K along a list, Enter opens, and the letters that
// buttons name in data-key. They can be turned off (WCAG 2.1.4) and never work while typing.
const OFF = "weir.shortcuts.off";
const dialog = document.getElementById("shortcuts");
const off = dialog?.querySelector("[data-shortcuts-off]");

const isOff = () => {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
};

if (off) {
  off.checked = isOff();
  off.addEventListener("change", () => {
    try {
      if (off.checked) localStorage.setItem(OFF, "1");
      else localStorage.removeItem(OFF);
    } catch {
      // a browser that keeps nothing: the keys stay on
    }
  });
}

for (const link of document.querySelectorAll("[data-open]")) {
  link.hidden = false;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById(link.dataset.open).showModal();
  });
}

const isTyping = (target) =>
  target instanceof Element && target.closest("input, textarea, select, [contenteditable], dialog[open]");

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(now + step, 0), all.length - 1)];
  (next.querySelector("a[href]") ?? next).focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isOff() || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "/") {
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (key === "?") {
    event.preventDefault();
    dialog?.showModal();
  } else if (key === "j" || key === "k") {
    event.preventDefault();
    move(key === "j" ? 1 : -1);
  } else if (/^[a-z]$/.test(key)) {
    const button = document.querySelector(`[data-key="${key}"]`);
    if (button) {
      event.preventDefault();
      button.click();
      button.focus();
    }
  }
});
