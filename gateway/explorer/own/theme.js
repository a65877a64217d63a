// Runs before the first paint, so that the page never flashes in the other theme.
(() => {
  const KEY = "retailgraph.theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => window.localStorage.getItem(KEY);
  const show = () => {
    document.documentElement.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
  };
  show();
  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      window.localStorage.setItem(KEY, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
      show();
    });
  });
})();
