// The page that finds datasets: filters stand open where there is room, their values are looked
// through while somebody types, and going back works from the first state on. The links themselves
// change the page through htmx; without script they load it.
const wide = matchMedia("(width >= 56rem)");

function settle() {
  const filters = document.querySelector("[data-filters]");
  if (filters) filters.open = wide.matches || filters.dataset.wasOpen === "yes";
}

let wasOpen = false;
let closed = new Set();
let opened = new Set();

const nameOf = (facet) => facet.querySelector("summary").textContent;

// What was folded stays folded when the list is changed in place.
document.addEventListener("htmx:before:request", () => {
  wasOpen = document.querySelector("[data-filters]")?.open ?? false;
  const facets = [...document.querySelectorAll(".facet")];
  closed = new Set(facets.filter((facet) => !facet.open).map(nameOf));
  opened = new Set(facets.filter((facet) => facet.open).map(nameOf));
});

document.addEventListener("htmx:after:swap", () => {
  const filters = document.querySelector("[data-filters]");
  if (!filters) return;
  filters.open = wide.matches || wasOpen;
  for (const facet of filters.querySelectorAll(".facet")) {
    if (closed.has(nameOf(facet))) facet.open = Boolean(facet.querySelector("[data-holding]:focus"));
    else if (opened.has(nameOf(facet))) facet.open = true;
  }
});

let timer = null;
document.addEventListener("input", (event) => {
  const box = event.target;
  if (!box.matches?.("[data-holding]") || event.isComposing) return;
  clearTimeout(timer);
  timer = setTimeout(() => box.form?.requestSubmit(), 250);
});

// The caret stays where it was in a box that was put in anew.
let caret = null;
document.addEventListener("htmx:before:request", () => {
  const box = document.activeElement;
  caret = box?.matches("[data-holding]") ? [box.value, box.selectionStart] : null;
});
document.addEventListener("htmx:after:swap", () => {
  const box = document.activeElement;
  if (!caret || !box?.matches("[data-holding]")) return;
  const [typed, place] = caret;
  if (box.value !== typed && typed.startsWith(box.value)) box.value = typed;
  box.setSelectionRange(place, place);
});

// htmx goes back only to states that it knows of; the first one was loaded without it.
if (!history.state?.htmx) history.replaceState({ htmx: true }, "");
wide.addEventListener("change", settle);
settle();
