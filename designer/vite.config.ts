/// <reference types="vitest/config" />
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The API that `npm run dev` speaks to. */
const API = process.env.ALIR_API ?? "http://127.0.0.1:8000";

/**
 * Sonner writes its styles into the page by script, which our policy for content forbids.
 * The same styles come as a file (app/styles/index.css imports them).
 */
function withoutInjectedStyles(): Plugin {
  return {
    name: "without-injected-styles",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("/sonner/dist/")) return null;
      const call = /__insertCSS\("[\s\S]*?"\);\n/;
      if (!call.test(code)) this.error("sonner changed how it brings its styles");
      return { code: code.replace(call, ""), map: null };
    },
  };
}

export default defineConfig({
  plugins: [withoutInjectedStyles(), react(), tailwindcss()],
  html: { cspNonce: "__CSP_NONCE__" },
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "dist",
    target: "es2024",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 1000,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": API, "/socket.io": { target: API, ws: true } },
  },
  test: {
    environment: "happy-dom",
    setupFiles: ["src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    css: false,
  },
});
