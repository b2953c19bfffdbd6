// Drag to look around a large graph, and buttons for its size. Without script (or without a mouse)
// the box scrolls by itself.
for (const box of document.querySelectorAll("[data-lineage]")) {
  const svg = box.querySelector("svg");
  const width = svg.width.baseVal.value;
  const height = svg.height.baseVal.value;
  let size = 1;

  const resize = (next) => {
    size = Math.min(Math.max(next, 0.3), 2.5);
    svg.setAttribute("width", Math.round(width * size));
    svg.setAttribute("height", Math.round(height * size));
  };

  for (const button of document.querySelectorAll(`[data-zoom="${box.id}"]`)) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const by = button.dataset.by;
      resize(by === "fit" ? Math.min(1, (box.clientWidth - 16) / width) : size * Number(by));
    });
  }

  // A graph that is only a little too wide is made to fit; a large one keeps its size and scrolls.
  const fit = (box.clientWidth - 16) / width;
  if (fit < 1 && fit > 0.7) resize(fit);
  // What is looked at stands in the middle; only the box moves, never the page.
  const node = box.querySelector('[aria-current="true"]')?.getBoundingClientRect();
  if (node) {
    const room = box.getBoundingClientRect();
    box.scrollLeft += node.left + node.width / 2 - (room.left + room.width / 2);
    box.scrollTop += node.top + node.height / 2 - (room.top + room.height / 2);
  }

  let from = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0 || event.target.closest("a")) return;
    from = { x: event.clientX + box.scrollLeft, y: event.clientY + box.scrollTop };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!from) return;
    box.scrollLeft = from.x - event.clientX;
    box.scrollTop = from.y - event.clientY;
  });
  box.addEventListener("pointerup", () => (from = null));
  box.addEventListener("pointercancel", () => (from = null));
}
