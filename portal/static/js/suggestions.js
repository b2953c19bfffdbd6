// Suggestions under a search box while somebody types (the combobox pattern of the ARIA practices).
// Arrows move, Enter opens what is chosen or else searches, Escape closes. Without script the box is
// a plain form.
import { say } from "./announce.js";

const PAUSE_MS = 120;

for (const form of document.querySelectorAll("[data-find]")) {
  const input = form.querySelector("[data-suggest]");
  const list = form.querySelector(".suggestions");
  if (!input || !list) continue;
  let chosen = -1;
  let timer = null;
  let asking = null;

  const options = () => [...list.querySelectorAll("a[href]")];
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  const choose = (place) => {
    const all = options();
    chosen = place < 0 || !all.length ? -1 : place % all.length;
    all.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
    if (chosen >= 0) {
      input.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    list.replaceChildren();
    list.removeAttribute("role");
    choose(-1);
    input.setAttribute("aria-expanded", "false");
  };

  const show = (piece) => {
    list.replaceChildren(...new DOMParser().parseFromString(piece, "text/html").body.childNodes);
    const all = options();
    all.forEach((option, i) => {
      option.id = `${list.id}-${i}`;
      option.tabIndex = -1;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
    });
    if (!all.length) {
      close();
      return;
    }
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", "true");
    say(list.querySelector("[data-said]")?.dataset.said);
  };

  const ask = async () => {
    const typed = input.value.trim();
    if (!typed) return close();
    asking?.abort();
    asking = new AbortController();
    try {
      const address = `${input.dataset.suggest}?q=${encodeURIComponent(typed)}`;
      const answer = await fetch(address, { signal: asking.signal, credentials: "same-origin" });
      if (answer.ok && document.activeElement === input) show(await answer.text());
    } catch (problem) {
      // A newer letter took over, or the line broke: the form still searches.
      if (problem.name !== "AbortError") close();
    }
  };

  input.addEventListener("input", (event) => {
    if (event.isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  // Pinyin that is being composed is not yet what is meant.
  input.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    if (event.key === "ArrowDown" && all.length) choose(chosen + 1);
    else if (event.key === "ArrowDown" && input.value.trim()) ask();
    else if (event.key === "ArrowUp" && all.length) choose(chosen < 0 ? all.length - 1 : chosen - 1);
    else if (event.key === "Escape" && all.length) close();
    else if (event.key === "Enter" && chosen >= 0) all[chosen].click();
    else return;
    event.preventDefault();
  });

  form.addEventListener("submit", close);
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) setTimeout(close, 150);
  });
}
