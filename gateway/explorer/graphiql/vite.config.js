import { defineConfig } from "vite";

export default defineConfig({
  // The gateway serves the build under this path.
  base: "/explorer/",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    // A data: address would need a wider content security policy than files do.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The licences of what is bundled travel with it.
    license: { fileName: "license.md" },
    rolldownOptions: {
      // "use client" means something to servers that render React; here everything runs in the browser.
      onwarn: (warning, tell) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && tell(warning),
    },
    // The editor is one large piece, loaded once and kept by the browser.
    chunkSizeWarningLimit: 8000,
  },
  worker: { format: "es" },
});
