// Arrow keys in the suggestions under a search box (the combobox pattern of the ARIA practices).
for (const form of document.querySelectorAll("[data-find]")) {
  const input = form.querySelector("[data-search]");
  const list = form.querySelector(".suggestions");
  if (!input || !list || !window.htmx) continue;
  let chosen = -1;

  const options = () => [...list.querySelectorAll("a[href]")];
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  const close = () => {
    list.replaceChildren();
    choose(-1);
    input.setAttribute("aria-expanded", "false");
  };

  const choose = (place) => {
    const all = options();
    chosen = all.length ? ((place % all.length) + all.length) % all.length : -1;
    if (place < 0 && chosen === all.length - 1 && place !== -2) chosen = -1;
    all.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
    if (chosen >= 0) {
      input.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  new MutationObserver(() => {
    options().forEach((option, i) => {
      option.id = `${list.id}-${i}`;
      option.tabIndex = -1;
      option.setAttribute("role", "option");
    });
    if (options().length) list.setAttribute("role", "listbox");
    else list.removeAttribute("role");
    list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
    chosen = -1;
    input.setAttribute("aria-expanded", String(options().length > 0));
  }).observe(list, { childList: true });

  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen <= 0 ? -2 : chosen - 1);
    else if (event.key === "Escape" && options().length) close();
    else if (event.key === "Enter" && chosen >= 0) options()[chosen].click();
    else return;
    event.preventDefault();
  });

  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) setTimeout(close, 150);
  });
}
