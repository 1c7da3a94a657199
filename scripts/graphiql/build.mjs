// Builds the page for trying queries out from the packages that the lock names: `node build.mjs FOLDER`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
const { metafile } = await build({
  entryPoints: { graphiql: "page.jsx" },
  outdir: folder,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  alias: { "react-style-singleton": "./no-style.js" },
  metafile: true,
});

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/g) ?? []),
);
const licences = [...packages].sort().map((place) => {
  const { name, version, license } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  const file = readdirSync(place).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? readFileSync(join(place, file), "utf8").replaceAll("\r\n", "\n").trim() : "";
  return `${name} ${version}: ${license}\n\n${text}\n`;
});
writeFileSync(join(folder, "LICENCES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));
