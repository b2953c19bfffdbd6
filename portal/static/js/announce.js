// What htmx puts into the page is said aloud and keeps the keyboard's place.
// A swapped piece may carry data-announce (words for the live region) and data-focus (what gets the
// keyboard when the element that had it is gone).
const live = document.getElementById("live");

function say(words) {
  if (!live || !words) return;
  live.textContent = "";
  setTimeout(() => (live.textContent = words), 50);
}

let heldId = null;
document.addEventListener("htmx:before:request", () => (heldId = document.activeElement?.id || null));

document.addEventListener("htmx:after:swap", (event) => {
  const target = event.detail?.ctx?.target ?? event.target;
  const place = target?.isConnected ? target : document.getElementById(target?.id ?? "") ?? document;
  say(place.dataset?.announce ?? place.querySelector?.("[data-announce]")?.dataset.announce);
  if (document.activeElement && document.activeElement !== document.body) return;
  const next = (heldId && document.getElementById(heldId)) || place.querySelector?.("[data-focus]");
  if (next) {
    if (!next.matches("a, button, input, select, textarea, summary, [tabindex]")) next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }
});

export { say };
