// Writes TypeScript types and typed documents: `node generate.mjs SCHEMA DOCUMENTS OUTPUT`.
import { readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import * as documents from "@graphql-codegen/typed-document-node";
import { parse } from "graphql";

const [schema, source, output] = process.argv.slice(2);
const text = await codegen({
  filename: output,
  schema: parse(readFileSync(schema, "utf8")),
  documents: [{ location: source, document: parse(readFileSync(source, "utf8")) }],
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations, documents },
  config: {
    strictScalars: true,
    useTypeImports: true,
    scalars: {
      BigInt: { input: "string", output: "number | string" },
      Decimal: "string",
      Date: "string",
      DateTime: "string",
      JSON: "unknown",
    },
  },
});
writeFileSync(output, text);
