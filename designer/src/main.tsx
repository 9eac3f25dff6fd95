import "./app/styles/index.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { allowStyles } from "./app/csp";
import { applyTheme, preferences } from "./app/preferences";
import { startLanguage } from "./i18n";

/** After an update the files of an open tab are gone: the page is loaded again, once. */
window.addEventListener("vite:preloadError", (event) => {
  event.preventDefault();
  window.location.reload();
});

allowStyles();
applyTheme();
await startLanguage(preferences.getState().language);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
