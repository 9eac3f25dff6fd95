import { defineConfig } from "@hey-api/openapi-ts";

/** The client is made by `make client`, which also says where the description lies. */
export default defineConfig({
  input: process.env.ALIR_OPENAPI ?? "openapi.json",
  output: { path: process.env.ALIR_CLIENT ?? "src/api/generated", clean: true },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
});
