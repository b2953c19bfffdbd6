// Light or dark without loading the page again. Without script the same links ask the server.
const MEDIA = { system: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
const SCHEME = { system: "light dark", light: "light", dark: "dark" };
const YEAR_S = 365 * 24 * 3600;

const choices = [...document.querySelectorAll("[data-theme-choice]")];
for (const choice of choices) {
  choice.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const theme = choice.dataset.themeChoice;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `weir_theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
    document.documentElement.dataset.theme = theme;
    document.getElementById("dark").media = MEDIA[theme];
    document.querySelector('meta[name="color-scheme"]').content = SCHEME[theme];
    for (const other of choices) other.setAttribute("aria-current", String(other === choice));
  });
}
